import { Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpProblem } from '../problem.js';
import {
  ANYONE_HERE,
  callerByCertificate,
  callerByToken,
  type Access,
  type Caller,
  type Role,
} from './access.js';
import { createDeliveries, type Begun } from './deliveries.js';
import { isLoopback } from './loopback.js';
import { callerBySignature, deliveryOf, type Delivery } from './signature.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null until it is known who asks; no handler runs before. */
    caller: Caller | null;
    /** Of a signed request, until and after its body has proven who sent it. */
    delivery: { readonly claim: Delivery; body: Buffer; begun: Begun | null } | null;
  }
  interface FastifyContextConfig {
    /** What a caller must be to use the route. Left out: `viewer` to read, `operator` for all else. */
    role?: Role;
  }
}

/** What a probe asks; says nothing about servers and is answered to anyone. */
const PUBLIC: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/**
 * Lets a request pass whose caller is known and may do what it asks. A page in a browser that was tricked into
 * resolving its own name to 127.0.0.1 is not on this machine.
 *
 * @param access read anew for each request: tokens are exchanged while the service runs.
 * @param now epoch ms.
 */
export function guard(app: FastifyInstance, access: () => Access, now: () => number): void {
  const deliveries = createDeliveries();
  app.decorateRequest('caller', null);
  app.decorateRequest('delivery', null);

  app.addHook('onRequest', async (request) => {
    if (isPublic(request)) return;
    const known = identify(request, access());
    if (known !== null) admit(request, known);
  });

  /** A signature is over the body, so its caller is known only when that is there. */
  app.addHook('preParsing', async (request, _reply, payload) => {
    if (request.delivery === null) return payload;
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of payload) {
      const bytes = Buffer.from(chunk as Uint8Array);
      length += bytes.length;
      // The parser would refuse it too late: all of it has to be here before the signature can be looked at.
      if (length > request.routeOptions.bodyLimit)
        throw new HttpProblem('BODY_TOO_LARGE', 'send fewer items in one call');
      chunks.push(bytes);
    }
    const body = Buffer.concat(chunks);
    request.delivery.body = body;
    proveSignature(request, request.delivery.claim, body);
    return Readable.from([body]);
  });

  function proveSignature(request: FastifyRequest, claim: Delivery, body: Buffer): void {
    const known = access();
    const caller = known.is === 'callers' ? callerBySignature(known.callers, claim, body, now()) : null;
    if (caller === null) throw unauthorized();
    admit(request, caller);
  }

  app.addHook('preValidation', async (request, reply) => {
    if (isPublic(request)) return;
    if (request.caller === null) throw unauthorized();
    if (request.delivery === null) return;
    const { claim, body } = request.delivery;
    const begun = await deliveries.begin(claim.id, body, now());
    request.delivery.begun = begun;
    switch (begun.is) {
      case 'new':
        return;
      case 'same':
        await reply.code(200).send({ duplicate: true });
        return;
      case 'other':
        throw new HttpProblem(
          'EVENT_CONFLICT',
          'a delivery with this webhook-id and another body was accepted',
        );
    }
  });

  // Whether or not whoever sent it still listens: what was done was done.
  app.addHook('onSend', async ({ delivery }, { statusCode }) => {
    if (delivery?.begun?.is === 'new')
      delivery.begun.end({ accepted: statusCode >= 200 && statusCode <= 299 });
  });
}

function isPublic({ routeOptions: { url } }: FastifyRequest): boolean {
  return PUBLIC.has(url ?? '');
}

/**
 * The caller; null when a signature says who it is and the body has not been read.
 * @throws {HttpProblem} the same for everyone who is not known, whatever was presented.
 */
function identify(request: FastifyRequest, access: Access): Caller | null {
  if (access.is === 'loopback') {
    if (request.headers.host === undefined || isLoopback(request.hostname)) return ANYONE_HERE;
    throw new HttpProblem(
      'HOST_FORBIDDEN',
      'use localhost, 127.0.0.1 or [::1] in the address, or start the service with a token',
    );
  }
  const { callers } = access;
  const byCertificate = commonNameOf(request);
  const certified = byCertificate === null ? null : callerByCertificate(callers, byCertificate);
  if (certified !== null) return certified;
  const token = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  const bearer = token === undefined ? null : callerByToken(callers, token);
  if (bearer !== null) return bearer;
  const claim = deliveryOf(request.headers);
  if (claim === null || request.method !== 'POST') throw unauthorized();
  request.delivery = { claim, body: Buffer.alloc(0), begun: null };
  return null;
}

/** Of a certificate that the client CA has signed; the TLS layer has checked that. */
function commonNameOf({ raw: { socket } }: FastifyRequest): string | null {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return null;
  const name: unknown = socket.getPeerCertificate().subject.CN;
  return typeof name === 'string' && name !== '' ? name : null;
}

function admit(request: FastifyRequest, caller: Caller): void {
  const needed = roleFor(request);
  if (needed !== null && !caller.roles.has(needed)) {
    throw new HttpProblem(
      'ROLE_MISSING',
      `${caller.name} has no role ${needed}; the access file gives roles`,
    );
  }
  request.caller = caller;
}

/** Null for an address that does not exist: whoever is known may hear that. */
function roleFor({ is404, method, routeOptions: { config } }: FastifyRequest): Role | null {
  if (is404) return null;
  return config.role ?? (method === 'GET' || method === 'HEAD' ? 'viewer' : 'operator');
}

function unauthorized(): HttpProblem {
  return new HttpProblem(
    'UNAUTHORIZED',
    'send the header Authorization: Bearer with the token of the service, or sign the delivery',
    { headers: { 'www-authenticate': 'Bearer realm="rekindle"' } },
  );
}

/** How the caller stands in what is recorded: what a person says of themself, and whose credential they used. */
export function actor(request: FastifyRequest, by: string): string {
  const { caller } = request;
  return caller === null || caller === ANYONE_HERE ? by : `${by} (${caller.name})`;
}
