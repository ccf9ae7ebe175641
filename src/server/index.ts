import type { AddressInfo } from 'node:net';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Administration } from './administration.js';
import { guard, isLoopback } from './auth.js';
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
  /** What callers must present. Left out: nothing is asked for, and then only this machine may be listened to. */
  readonly token?: string;
  readonly limits?: Partial<HttpLimits>;
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
  /** Stops listening, answers the requests that are under way, and resolves when the last one is. */
  close(): Promise<void>;
}

/**
 * The HTTP side of the administration server.
 * @throws {Error} when the host is not loopback and there is no token, or the token could not be sent in a header.
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { administration, token } = options;
  const { host } = options.listen;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  refuseUnguarded(host, token);
  const app = createApp(options.logger, limits);
  const ingestOptions = { administration, limits, receptions: createReceptions() };

  answerErrors(app);
  refuseWhileClosing(app);
  guard(app, token);
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
      return { host, port, url: `http://${host.includes(':') ? `[${host}]` : host}:${port}` };
    },
    close: () => app.close(),
  };
}

function refuseUnguarded(host: string, token: string | undefined): void {
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new Error(
      'the token must be printable ASCII without spaces and not empty; look for a line break at the end of it',
    );
  }
  if (token === undefined && !isLoopback(host)) {
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

function createApp(logger: FastifyBaseLogger, limits: HttpLimits): FastifyInstance {
  const app: FastifyInstance = fastify({
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
  });
  app.setValidatorCompiler<object>(({ schema, httpPart }) =>
    httpPart === 'body' ? () => true : ajv.compile(schema),
  );
  // Answers are sent as they are: a serializer made from the schemas would drop what they do not mention.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  return app;
}

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
