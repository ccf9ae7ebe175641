import type { RequestListener } from 'node:http';
import { createServer, Server, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import rateLimit from '@fastify/rate-limit';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Administration } from './administration.js';
import { LOOPBACK_ONLY, type Access } from './access/access.js';
import { guard } from './access/guard.js';
import { isLoopback } from './access/loopback.js';
import { answerClientError, answerError, answerErrors } from './errors.js';
import { DEFAULT_LIMITS, type HttpLimits } from './limits.js';
import { jsonBodies } from './media.js';
import { refuseOtherMethods } from './methods.js';
import { describeRoutes, openapiRoute } from './openapi.js';
import { HttpProblem } from './problem.js';
import { createReceptions } from './retries.js';
import { healthRoutes } from './routes/health.js';
import { ingestRoutes } from './routes/ingest.js';
import { orderRoutes } from './routes/orders.js';
import { readRoutes } from './routes/read.js';
import { storeRoutes } from './routes/store.js';

export interface HttpServerOptions {
  readonly administration: Administration;
  readonly logger: Logger;
  /** Port 0 takes any that is free. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Who may ask; read anew for each request. Left out: whoever is on this machine, and only it may be listened to. */
  readonly access?: () => Access;
  /** Left out: plain HTTP. */
  readonly tls?: TlsFiles;
  readonly limits?: Partial<HttpLimits>;
}

/** PEM texts. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  /** Whose client certificates prove who asks; null takes none. */
  readonly clientCa: string | null;
}

export interface HttpServer {
  /** For tests: answers requests without a socket. */
  readonly app: FastifyInstance;
  /**
   * Begins to listen.
   * @returns where, with the port that was taken.
   * @throws when the address cannot be listened to, with the system's code (`EADDRINUSE`, `EACCES`).
   */
  listen(): Promise<{ readonly host: string; readonly port: number; readonly url: string }>;
  /**
   * Takes other certificates, for connections from now on.
   * @throws when they make no sense; those before stay in use.
   */
  renew(tls: TlsFiles): void;
  /** Stops listening, answers the requests that are under way, and resolves when the last one is. */
  close(): Promise<void>;
}

/**
 * The HTTP side of the administration server.
 * @throws {Error} when the host is not loopback and anyone may ask.
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { administration, access = () => LOOPBACK_ONLY, tls = null } = options;
  const { host } = options.listen;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  refuseUnguarded(host, access());
  const app = createApp(options.logger, limits, tls);
  const ingestOptions = { administration, limits, receptions: createReceptions() };

  answerErrors(app);
  refuseWhileClosing(app);
  limitRates(app, limits);
  guard(app, access, () => administration.now());
  jsonBodies(app, ['application/json']);
  describeRoutes(app);
  void app.register(async (routes) => {
    const otherMethods = refuseOtherMethods(routes);
    ingestRoutes(routes, ingestOptions);
    orderRoutes(routes, ingestOptions);
    readRoutes(routes, administration);
    storeRoutes(routes, administration);
    healthRoutes(routes, administration);
    openapiRoute(routes);
    void routes.register(async () => {
      otherMethods.register();
    });
  });

  return {
    app,
    async listen() {
      await app.listen({ host, port: options.listen.port });
      const { port } = boundAddress(app);
      return {
        host,
        port,
        url: `${tls === null ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
      };
    },
    renew(files) {
      if (app.server instanceof Server) app.server.setSecureContext(secureContextOf(files));
    },
    close: () => app.close(),
  };
}

function secureContextOf({ certificate: cert, key, clientCa }: TlsFiles): ServerOptions {
  return { cert, key, minVersion: 'TLSv1.2', ...(clientCa === null ? {} : { ca: clientCa }) };
}

function refuseUnguarded(host: string, access: Access): void {
  if (access.is === 'loopback' && !isLoopback(host)) {
    throw new Error(
      `listening on ${host} without a token would let anyone who can reach it restart servers; ` +
        'give the service a token, or listen on 127.0.0.1',
    );
  }
}

function boundAddress(app: FastifyInstance): AddressInfo {
  const address = app.server.address();
  if (address === null || typeof address === 'string')
    throw new Error('the server does not listen on a port');
  return address;
}

function createApp(logger: FastifyBaseLogger, limits: HttpLimits, tls: TlsFiles | null): FastifyInstance {
  const app = fastify({
    ...(tls === null ? {} : { serverFactory: httpsServer(tls, limits) }),
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.connectionTimeoutMs,
    http: { headersTimeout: limits.headersTimeoutMs, connectionsCheckingInterval: limits.timeoutCheckMs },
    routerOptions: { maxParamLength: 2000 },
    // A request on an open connection is answered by refuseWhileClosing, as a problem document.
    return503OnClosing: false,
    frameworkErrors: answerError,
    clientErrorHandler: answerClientError,
  });
  app.server.maxConnections = limits.connections;
  app.removeAllContentTypeParsers();

  // Bodies are checked item by item where they are read; their schemas here are for the OpenAPI document.
  const ajv = new Ajv2020({
    strict: true,
    ownProperties: true,
    coerceTypes: true,
    useDefaults: true,
    verbose: true,
    meta: false,
    validateSchema: false,
  });
  app.setValidatorCompiler<object>(({ schema, httpPart }) =>
    httpPart === 'body' ? () => true : ajv.compile(schema),
  );
  // Answers are sent as they are: a serializer made from the schemas would drop what they do not mention.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  return app;
}

/** A client without a certificate may still have a token; the guard looks at both. */
function httpsServer(tls: TlsFiles, limits: HttpLimits): (handler: RequestListener) => Server {
  return (handler) =>
    createServer(
      {
        ...secureContextOf(tls),
        ...(tls.clientCa === null ? {} : { requestCert: true, rejectUnauthorized: false }),
        requestTimeout: limits.requestTimeoutMs,
        headersTimeout: limits.headersTimeoutMs,
        connectionsCheckingInterval: limits.timeoutCheckMs,
      },
      handler,
    );
}

/**
 * Any source may ask so often and no oftener. 503, because Alertmanager sends again only after 5xx. A failure and a
 * sign of life always pass: a flood of alerts must not keep them out.
 */
function limitRates(app: FastifyInstance, { requestsPerMinute }: HttpLimits): void {
  void app.register(rateLimit, {
    max: requestsPerMinute,
    timeWindow: 60_000,
    allowList: ({ url }) => UNLIMITED.has(url.split('?', 1)[0] ?? ''),
    errorResponseBuilder: (_request, { ttl }) =>
      new HttpProblem('OVERLOAD', `more than ${requestsPerMinute} requests a minute; send it again later`, {
        headers: { 'retry-after': String(Math.ceil(ttl / 1_000)) },
      }),
    addHeaders: {
      'x-ratelimit-limit': false,
      'x-ratelimit-remaining': false,
      'x-ratelimit-reset': false,
      'retry-after': false,
    },
  });
}

const UNLIMITED: ReadonlySet<string> = new Set([
  '/v1/failures',
  '/v1/heartbeats',
  '/healthz',
  '/readyz',
  '/metrics',
]);

/** While the service drains, nothing more is taken in. 503, because Alertmanager sends again only after 5xx. */
function refuseWhileClosing(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onRequest', async () => {
    if (closing) {
      throw new HttpProblem('SHUTTING_DOWN', 'send it again later', {
        headers: { 'retry-after': '5', connection: 'close' },
      });
    }
  });
}
