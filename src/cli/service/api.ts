import type { Decision } from '../../engine/decision.js';
import type { EngineEvent } from '../../engine/event.js';
import type { ServiceStatus } from '../../server/administration.js';
import type {
  DriveRow,
  JournalHead,
  Operation,
  SnapshotRow,
  StepRecord,
  StoreCheck,
} from '../../store/store.js';
import type { ServiceOptions } from '../command.js';
import { CliError, EXIT } from '../exit.js';
import { safe } from '../print/text.js';
import type { Terminal } from '../terminal.js';
import { readToken } from './token.js';

/** Where the service listens when nothing else is said. */
const DEFAULT_URL = 'http://127.0.0.1:7411';

const TIMEOUT_MS = 15_000;

/** The most events that the service answers at once. */
const PAGE = 1_000;

/** What `GET /v1/decisions/:id` answers. */
export interface Explained {
  readonly decision: Decision;
  readonly event: EngineEvent | null;
  readonly operation: OperationWithSteps | null;
}

/** What `GET /v1/events` answers. */
export interface EventPage {
  readonly items: readonly EngineEvent[];
  /** Null with the last page. */
  readonly next: number | null;
}

export interface OperationWithSteps extends Operation {
  readonly steps: readonly StepRecord[];
}

/**
 * The running service, over HTTP.
 *
 * Each call throws a CliError: `unreachable` when nothing answers, else with what the service said. What does
 * not exist is null.
 */
export interface Api {
  readonly url: string;
  status(): Promise<ServiceStatus>;
  drives(): Promise<readonly DriveRow[]>;
  snapshots(): Promise<readonly SnapshotRow[]>;
  /** Newest first. */
  decisions(filter: {
    readonly server?: string;
    readonly outcome?: string;
    readonly limit: number;
  }): Promise<readonly Decision[]>;
  decision(id: string): Promise<Explained | null>;
  /** Recorded events in the order in which they were decided. @param after `next` of the page before, at first 0. */
  events(after: number): Promise<EventPage>;
  operation(id: string): Promise<OperationWithSteps | null>;
  /** @param through a head of the journal that was noted before. */
  checkStore(through: JournalHead | null): Promise<StoreCheck>;
  /** Returns where the copy is, on the machine of the service. */
  backUpStore(): Promise<string>;
  /** Returns the id of the event that the order became; null when there is no such server. */
  order(server: string, what: 'snapshot' | 'restart', order: object): Promise<string | null>;
}

/** @throws {CliError} when the address or the token makes no sense. */
export async function connect(terminal: Terminal, options: ServiceOptions): Promise<Api> {
  const url = readUrl(options.url ?? terminal.env.REKINDLE_URL ?? DEFAULT_URL);
  const token = await readToken(terminal, options.tokenFile);
  const call = callerOf(url, token);

  async function get<T>(path: string, is: (body: unknown) => body is T): Promise<T | null> {
    const body = await call('GET', path);
    if (body === null || is(body)) return body;
    throw notOurs(url);
  }
  async function must<T>(path: string, is: (body: unknown) => body is T): Promise<T> {
    const body = await get(path, is);
    if (body === null) throw notOurs(url);
    return body;
  }

  return {
    url: url.href.replace(/\/$/, ''),
    status: () => must('v1/status', isStatus),
    drives: async () => (await must('v1/disks', areDrives)).items,
    snapshots: async () => (await must('v1/snapshots', areSnapshots)).items,
    decisions: async ({ server, outcome, limit }) => {
      const query = new URLSearchParams({
        ...(server === undefined ? {} : { server }),
        ...(outcome === undefined ? {} : { outcome }),
        limit: String(limit),
      });
      return (await must(`v1/decisions?${query.toString()}`, areDecisions)).items;
    },
    decision: (id) => get(`v1/decisions/${encodeURIComponent(id)}`, isExplained),
    events: (after) => must(`v1/events?after=${after}&limit=${PAGE}`, isEventPage),
    operation: (id) => get(`v1/operations/${encodeURIComponent(id)}`, isOperation),
    checkStore: (through) =>
      must(
        through === null ? 'v1/store' : `v1/store?entries=${through.entries}&hash=${through.hash}`,
        isStoreCheck,
      ),
    async backUpStore() {
      const body = await call('POST', 'v1/store/backups');
      if (isBackup(body)) return body.file;
      throw notOurs(url);
    },
    async order(server, what, order) {
      const body = await call('POST', `v1/servers/${encodeURIComponent(server)}/${what}`, order);
      if (body === null) return null;
      if (isOrderAnswer(body)) return body.results[0].id;
      throw notOurs(url);
    },
  };
}

type Call = (method: 'GET' | 'POST', path: string, body?: object) => Promise<unknown>;

/** Answers the body of a success, and null for 404. */
function callerOf(url: URL, token: string | null): Call {
  return async (method, path, body) => {
    const response = await send(url, path, {
      method,
      headers: {
        accept: 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A service that sends us elsewhere would be sent our token there.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = await readBody(url, response);
    if (response.ok) return answer;
    // The id of an overlong name is none that exists.
    if ((response.status === 404 || response.status === 414) && isProblem(answer)) return null;
    throw refusalOf(url, response.status, answer);
  };
}

async function send(url: URL, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(new URL(path, url), init);
  } catch (error) {
    throw unreachable(url, error);
  }
}

async function readBody(url: URL, response: Response): Promise<unknown> {
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    throw unreachable(url, error);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw notOurs(url);
  }
}

function unreachable(url: URL, error: unknown): CliError {
  const hint =
    url.origin === DEFAULT_URL
      ? 'start it with `rekindle run`, or name another with --url or REKINDLE_URL'
      : 'check the address given with --url or REKINDLE_URL, and that `rekindle run` is running there';
  return new CliError(
    EXIT.unreachable,
    `the service does not answer at ${url.origin}: ${reasonOf(error)}`,
    hint,
    {
      cause: error,
    },
  );
}

/** What fetch says is always "fetch failed"; what happened is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const cause: unknown = error.cause;
  if (!(cause instanceof Error)) return error.message;
  const code = 'code' in cause ? String(cause.code) : '';
  return code === 'ECONNREFUSED' ? 'nothing listens there' : cause.message || code;
}

function notOurs(url: URL): CliError {
  return new CliError(
    EXIT.failed,
    `what answers at ${url.origin} is not this version of rekindle`,
    'check --url',
  );
}

function refusalOf(url: URL, status: number, body: unknown): CliError {
  if (!isProblem(body)) return notOurs(url);
  const message = `the service refused (${status} ${safe(body.code)}): ${safe(body.detail)}`;
  const hint = status === 401 ? 'give the token with --token-file or REKINDLE_TOKEN' : '';
  return new CliError(EXIT.failed, message, hint);
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new CliError(
      EXIT.usage,
      `"${safe(text)}" is no address of a service`,
      `expected is something like ${DEFAULT_URL}`,
    );
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/*
 * Only the outermost shape is looked at: it tells this service from another. What is inside comes from the same
 * program, of the types that it is declared with.
 */

type Body = Readonly<Record<string, unknown>>;

function isObject(body: unknown): body is Body {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}

function isProblem(body: unknown): body is { readonly code: string; readonly detail: string } {
  return isObject(body) && typeof body.code === 'string' && typeof body.detail === 'string';
}

function hasItems(body: unknown): boolean {
  return isObject(body) && Array.isArray(body.items);
}

function areDrives(body: unknown): body is { readonly items: readonly DriveRow[] } {
  return hasItems(body);
}

function areSnapshots(body: unknown): body is { readonly items: readonly SnapshotRow[] } {
  return hasItems(body);
}

function areDecisions(body: unknown): body is { readonly items: readonly Decision[] } {
  return hasItems(body);
}

function isEventPage(body: unknown): body is EventPage {
  return isObject(body) && Array.isArray(body.items) && (body.next === null || typeof body.next === 'number');
}

function isStatus(body: unknown): body is ServiceStatus {
  return isObject(body) && isObject(body.policies) && Array.isArray(body.servers);
}

function isExplained(body: unknown): body is Explained {
  return isObject(body) && isObject(body.decision) && 'operation' in body;
}

function isOperation(body: unknown): body is OperationWithSteps {
  return isObject(body) && isObject(body.decision) && Array.isArray(body.steps);
}

function isStoreCheck(body: unknown): body is StoreCheck {
  return isObject(body) && Array.isArray(body.damage) && isObject(body.journal);
}

function isBackup(body: unknown): body is { readonly file: string } {
  return isObject(body) && typeof body.file === 'string';
}

function isOrderAnswer(body: unknown): body is { readonly results: readonly [{ readonly id: string }] } {
  if (!isObject(body) || !Array.isArray(body.results)) return false;
  const result: unknown = body.results[0];
  return isObject(result) && typeof result.id === 'string';
}
