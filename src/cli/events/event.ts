import { createHash } from 'node:crypto';
import { suggest } from '../../engine/documents/nearest.js';
import type { AlertEvent, EngineEvent, FailureEvent } from '../../engine/event.js';
import type { Instant } from '../../engine/time.js';
import { ALERT_CONTENT, alertContent } from '../../server/formats/alert.js';
import { checker } from '../../server/formats/check.js';
import { FAILURE_CONTENT, failureContent } from '../../server/formats/failure.js';
import { SERVER } from '../../server/formats/fields.js';
import type { Read } from '../../server/formats/item.js';
import { readTime } from '../../server/formats/time.js';
import { CliError, EXIT } from '../exit.js';
import type { RawItem } from './input.js';

type Kind = EngineEvent['kind'];

/** What every kind may leave out. */
interface Given {
  readonly kind: Kind;
  readonly id?: string;
  readonly at?: string;
  readonly server: string;
}

const WORD = { type: 'string', minLength: 1 } as const;

function schema(required: readonly string[], properties: Readonly<Record<string, object>>): object {
  return {
    type: 'object',
    required: ['kind', 'server', ...required],
    additionalProperties: false,
    properties: { kind: WORD, id: WORD, at: WORD, server: SERVER, ...properties },
  };
}

type Content<T> = Given & Partial<T>;

const CHECKS = {
  alert: checker<Content<Pick<AlertEvent, 'status' | 'source' | 'labels' | 'annotations' | 'value'>>>(
    schema([], { source: WORD, ...ALERT_CONTENT }),
  ),
  failure: checker<Content<Pick<FailureEvent, 'subject' | 'cause' | 'causeClass'>>>(
    schema([], FAILURE_CONTENT),
  ),
  schedule: checker<Given & { readonly policy: string }>(schema(['policy'], { policy: WORD })),
  'snapshot-order': checker<
    Content<{
      readonly by: string;
      readonly condition: string;
      readonly pinned: boolean;
      readonly drive: string;
    }>
  >(schema([], { by: WORD, condition: WORD, pinned: { type: 'boolean' }, drive: WORD })),
  'restart-order': checker<Content<{ readonly by: string; readonly reason: string }>>(
    schema([], { by: WORD, reason: WORD }),
  ),
  takeover: checker<Given & { readonly policy: string }>(schema(['policy'], { policy: WORD })),
  retention: checker<Given>(schema([], {})),
} as const satisfies Record<Kind, unknown>;

/** What stands in for what an event leaves out. */
export interface EventDefaults {
  /** The time of events that give none. */
  readonly at: Instant | null;
  /** Place in the stream, from 0: equal events without an id are different events. */
  readonly index: number;
}

/**
 * Brings an event that a person wrote, or that the service recorded, into the engine's form. The defaults are
 * the service's own, so that both decide about the same event.
 *
 * @throws {CliError} saying what was expected.
 */
export function readEvent({ value, where }: RawItem, { at, index }: EventDefaults): EngineEvent {
  const kind = kindOf(value, where);
  const event = CONVERT[kind](value, where, at);
  return { ...event, id: event.id === '' ? derivedId(event, index) : event.id };
}

type Base = Pick<EngineEvent, 'id' | 'at' | 'server'>;
type Convert = (value: unknown, where: string, at: Instant | null) => EngineEvent;

const CONVERT: Readonly<Record<Kind, Convert>> = {
  alert: (value, where, at) => {
    const {
      source = 'eval',
      status,
      labels,
      annotations,
      value: measured,
      ...given
    } = check(CHECKS.alert, value, where);
    const content = alertContent({
      ...(status === undefined ? {} : { status }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(measured === undefined ? {} : { value: measured }),
    });
    return { kind: 'alert', ...base(given, where, at), source, ...content };
  },
  failure: (value, where, at) => {
    const { subject, cause, causeClass, ...given } = check(CHECKS.failure, value, where);
    const content = failureContent({
      ...(subject === undefined ? {} : { subject }),
      ...(cause === undefined ? {} : { cause }),
      ...(causeClass === undefined ? {} : { causeClass }),
    });
    return { kind: 'failure', ...base(given, where, at), ...content };
  },
  schedule: (value, where, at) => {
    const { policy, ...given } = check(CHECKS.schedule, value, where);
    return { kind: 'schedule', ...base(given, where, at), policy };
  },
  'snapshot-order': (value, where, at) => {
    const {
      by = 'eval',
      condition = 'manual',
      pinned = false,
      drive,
      ...given
    } = check(CHECKS['snapshot-order'], value, where);
    const asked = drive === undefined ? {} : { drive };
    return { kind: 'snapshot-order', ...base(given, where, at), by, condition, pinned, ...asked };
  },
  'restart-order': (value, where, at) => {
    const { by = 'eval', reason = 'dry run', ...given } = check(CHECKS['restart-order'], value, where);
    return { kind: 'restart-order', ...base(given, where, at), by, reason };
  },
  takeover: (value, where, at) => {
    const { policy, ...given } = check(CHECKS.takeover, value, where);
    return { kind: 'takeover', ...base(given, where, at), policy };
  },
  retention: (value, where, at) => ({
    kind: 'retention',
    ...base(check(CHECKS.retention, value, where), where, at),
  }),
};

function kindOf(value: unknown, where: string): Kind {
  const kinds = Object.keys(CHECKS).filter(isKind);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused(where, 'an event is a JSON object', `its kind is one of ${kinds.join(', ')}`);
  }
  if (!('kind' in value)) {
    const hint =
      'alerts' in value
        ? 'this looks like the body of an Alertmanager webhook; give its alerts one by one, as events of kind alert'
        : 'for example {"kind":"alert","server":"web-1","labels":{"alertname":"NodeTemperatureHigh"},"value":91}';
    throw refused(where, `the event has no kind; expected is one of ${kinds.join(', ')}`, hint);
  }
  if (isKind(value.kind)) return value.kind;
  throw refused(where, `there is no event of kind ${JSON.stringify(value.kind)}`, suggest(value.kind, kinds));
}

function isKind(word: unknown): word is Kind {
  return typeof word === 'string' && Object.hasOwn(CHECKS, word);
}

function check<T extends Given>(checkKind: (value: unknown) => Read<T>, value: unknown, where: string): T {
  const read = checkKind(value);
  if (read.ok) return read.value;
  throw refused(where, read.problem.detail.replace(/^the item /, 'the event '), '');
}

function base({ id = '', at: given, server }: Given, where: string, fallback: Instant | null): Base {
  if (given !== undefined) return { id, at: readInstant(given, where), server };
  if (fallback !== null) return { id, at: fallback, server };
  throw refused(
    where,
    'the event does not say when it happened',
    'give it "at": "2026-01-31T12:00:00Z", or give --at for all events without a time',
  );
}

/** @throws {CliError} for what is no RFC 3339 time. */
export function readInstant(text: string, where: string): Instant {
  const at = readTime('at', text, Number.POSITIVE_INFINITY);
  if (at.ok) return at.value;
  throw refused(where, at.problem.detail, '');
}

/** The same content at the same place has the same id, so a dry run gives the same decisions every time. */
function derivedId(event: EngineEvent, index: number): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([index, event]))
    .digest('hex');
  return `eval-${digest.slice(0, 16)}`;
}

function refused(where: string, message: string, hint: string): CliError {
  return new CliError(EXIT.usage, `${where}: ${message}`, hint);
}
