import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpProblem } from './problem.js';

/** What a probe asks; says nothing about servers and is answered to anyone. */
const PUBLIC: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** True for a name or address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(bare);
  if (version === 0) return bare.toLowerCase() === 'localhost';
  return LOOPBACK.check(bare, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Who may ask. With a token: whoever presents it. Without: whoever is on this machine and asks for this
 * machine by name; a page in a browser that has been tricked into resolving its own name to 127.0.0.1 does not.
 */
export function guard(app: FastifyInstance, token: string | undefined): void {
  const admit = token === undefined ? admitLoopback : admitBearer(token);
  app.addHook('onRequest', async (request) => {
    if (!PUBLIC.has(request.routeOptions.url ?? '')) admit(request);
  });
}

function admitLoopback(request: FastifyRequest): void {
  if (request.headers.host === undefined || isLoopback(request.hostname)) return;
  throw new HttpProblem(
    'HOST_FORBIDDEN',
    'use localhost, 127.0.0.1 or [::1] in the address, or start the service with a token',
  );
}

function admitBearer(token: string): (request: FastifyRequest) => void {
  const expected = digest(token);
  return (request) => {
    const presented = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    // Digests have one length, so the comparison takes the same time whatever was presented.
    if (presented !== undefined && timingSafeEqual(digest(presented), expected)) return;
    throw new HttpProblem(
      'UNAUTHORIZED',
      'send the header Authorization: Bearer with the token of the service',
      {
        headers: { 'www-authenticate': 'Bearer realm="rekindle"' },
      },
    );
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
