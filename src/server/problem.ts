/** The closed set of HTTP errors: the status and title that belong to each code. */
export const HTTP_PROBLEMS = {
  JSON_SYNTAX: { status: 400, title: 'The body is not JSON' },
  JSON_TOO_DEEP: { status: 400, title: 'The body is nested too deeply' },
  JSON_DUPLICATE_KEY: { status: 400, title: 'An object of the body has the same key twice' },
  KEY_FORBIDDEN: { status: 400, title: 'The body has a key that no body may have' },
  HTTP_SYNTAX: { status: 400, title: 'The request is not well-formed HTTP' },
  UNAUTHORIZED: { status: 401, title: 'A valid token is needed' },
  HOST_FORBIDDEN: { status: 403, title: 'Without a token only this machine is answered' },
  ROLE_MISSING: { status: 403, title: 'The caller may not do this' },
  NOT_FOUND: { status: 404, title: 'Nothing of this name exists' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'This address does not answer to this method' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request took too long to arrive' },
  EVENT_CONFLICT: { status: 409, title: 'Another event with this id was accepted before' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is too large' },
  TOO_MANY_ITEMS: { status: 413, title: 'The call carries too many items' },
  URI_TOO_LONG: { status: 414, title: 'A part of the address is too long' },
  MEDIA_TYPE: { status: 415, title: 'This content type is not understood here' },
  SCHEMA_TYPE: { status: 422, title: 'A value is of the wrong type' },
  SCHEMA_VALUE: { status: 422, title: 'A value is not one of those allowed' },
  SCHEMA_MISSING_KEY: { status: 422, title: 'A required key is missing' },
  SCHEMA_UNKNOWN_KEY: { status: 422, title: 'A key is not known' },
  TIME_RANGE: { status: 422, title: 'A time is not RFC 3339 or not plausible' },
  ITEMS_REJECTED: { status: 422, title: 'Every item was rejected, for several reasons' },
  HEADERS_TOO_LARGE: { status: 431, title: 'The headers are too large' },
  INTERNAL: { status: 500, title: 'The service failed to answer' },
  NOT_READY: { status: 503, title: 'The service is not ready to act' },
  STORE_INTEGRITY: { status: 503, title: 'The store cannot be trusted to keep anything' },
  OVERLOAD: { status: 503, title: 'Too many events wait for a decision' },
  SHUTTING_DOWN: { status: 503, title: 'The service is shutting down' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type HttpProblemCode = keyof typeof HTTP_PROBLEMS;

/** The media type of RFC 9457. */
export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

interface HttpProblemOptions {
  readonly cause?: unknown;
  /** Members beside those of RFC 9457. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that says no. Thrown by routes and parsers, answered as a problem document. */
export class HttpProblem extends Error {
  readonly code: HttpProblemCode;
  readonly status: number;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  /** @param detail what was found, what was expected, what to do. Goes to the caller: nothing internal. */
  constructor(code: HttpProblemCode, detail: string, options: HttpProblemOptions = {}) {
    super(detail, { cause: options.cause });
    this.name = 'HttpProblem';
    this.code = code;
    this.status = HTTP_PROBLEMS[code].status;
    this.extra = options.extra ?? {};
    this.headers = options.headers ?? {};
  }
}

/** The body of RFC 9457. `instance` names this one occurrence; the log knows it by the same name. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: HttpProblemCode;
  readonly detail: string;
  readonly instance?: string;
}

export function problemDocument(problem: HttpProblem, requestId?: string): ProblemDocument {
  const { code, status, message, extra } = problem;
  return {
    type: `urn:rekindle:problem:${code}`,
    title: HTTP_PROBLEMS[code].title,
    status,
    code,
    detail: message,
    ...(requestId === undefined ? {} : { instance: `urn:rekindle:request:${requestId}` }),
    ...extra,
  };
}
