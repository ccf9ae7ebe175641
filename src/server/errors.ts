import type { Socket } from 'node:net';
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Overload } from './administration.js';
import { schemaProblem } from './formats/check.js';
import { HttpProblem, type HttpProblemCode, PROBLEM_TYPE, problemDocument } from './problem.js';

/** Makes every error that a request can end with a problem document. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request) => {
    throw new HttpProblem(
      'NOT_FOUND',
      `nothing answers at ${request.url.split('?', 1)[0] ?? ''}; see /openapi.json`,
    );
  });
}

/** Also for the errors that fastify finds before it has a route. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblem(error, request.id);
  if (problem.code === 'INTERNAL') request.log.error({ err: error }, 'request failed');
  else request.log.info({ code: problem.code, detail: problem.message }, 'request refused');
  void reply
    .code(problem.status)
    .headers(problem.headers)
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(problemDocument(problem, request.id)));
}

/** Errors that their code explains: those of fastify that are the caller's doing, and those of the store. */
const KNOWN_CODES: Readonly<Record<string, readonly [HttpProblemCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['BODY_TOO_LARGE', 'send fewer items in one call'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['MEDIA_TYPE', 'send Content-Type: application/json'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['HTTP_SYNTAX', 'the body is not as long as Content-Length says'],
  FST_ERR_BAD_URL: ['HTTP_SYNTAX', 'the address is not percent-encoded UTF-8'],
  STORE_INTEGRITY: [
    'STORE_INTEGRITY',
    'nothing was accepted and nothing is done any more; what is known is still answered. See the log, then docs/safety.md',
  ],
  FST_ERR_MAX_PARAM_LENGTH: ['URI_TOO_LONG', 'no id and no name is that long'],
};

function toProblem(error: unknown, requestId: string): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof Overload) {
    const headers = { 'retry-after': String(error.retryAfterSeconds) };
    return new HttpProblem('OVERLOAD', 'nothing of this call was accepted; send it again later', {
      headers,
      cause: error,
    });
  }
  if (!(error instanceof Error)) return internal(error, requestId);
  const { code, validation, statusCode }: Partial<FastifyError> = error;
  const [invalid] = validation ?? [];
  if (invalid) {
    const found = schemaProblem(invalid);
    return new HttpProblem(found.code, found.detail, { cause: error });
  }
  const [ours, detail] = (code === undefined ? undefined : KNOWN_CODES[code]) ?? [];
  if (ours !== undefined && detail !== undefined) return new HttpProblem(ours, detail, { cause: error });
  // A connection that broke off in the middle of a body: nobody will read this.
  if (statusCode === 400) return new HttpProblem('HTTP_SYNTAX', 'the request broke off', { cause: error });
  return internal(error, requestId);
}

/** Says nothing of the cause: it may hold anything. */
function internal(cause: unknown, requestId: string): HttpProblem {
  return new HttpProblem('INTERNAL', `the log has the cause under request ${requestId}`, { cause });
}

/** Answers what is not yet a request: one that arrives too slowly, or is not HTTP. */
export function answerClientError(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = clientProblem(error.code);
  const body = JSON.stringify(problemDocument(problem));
  socket.write(
    [
      `HTTP/1.1 ${problem.status} ${problem.code}`,
      `Content-Type: ${PROBLEM_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  socket.destroySoon();
}

function clientProblem(code: string): HttpProblem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HttpProblem('REQUEST_TIMEOUT', 'send headers and body without pauses');
    case 'HPE_HEADER_OVERFLOW':
      return new HttpProblem('HEADERS_TOO_LARGE', 'headers may have 16 KiB together');
    default:
      return new HttpProblem('HTTP_SYNTAX', 'this is not a request of HTTP/1.1');
  }
}
