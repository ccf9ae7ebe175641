import type { EngineEvent } from '../../engine/event.js';
import { toInstant } from '../../engine/time.js';
import { ALERT_CONTENT, alertContent } from './alert.js';
import { checker } from './check.js';
import { FAILURE_CONTENT, failureContent } from './failure.js';
import { line, SERVER } from './fields.js';
import type { Item, ItemProblem, Read, Reception } from './item.js';
import { rejected } from './item.js';
import { readTime } from './time.js';

/*
 * CloudEvents 1.0, JSON format. `subject` names the server and `time` says when; `type` says what `data` is. An
 * event is identified by `source` and `id` together, as the specification demands, so the id that we store is
 * made of both. Both parts are percent-encoded, which keeps the colon between them unambiguous.
 */

/** The types that are understood. */
const EVENT_TYPES = ['rekindle.alert', 'rekindle.failure', 'rekindle.heartbeat'] as const;
type EventType = (typeof EVENT_TYPES)[number];

interface CloudEvent {
  readonly id: string;
  readonly source: string;
  readonly type: EventType;
  readonly subject: string;
  readonly time?: string;
  readonly data?: unknown;
}

/** The structured form of one event. Extension attributes are let pass and not used. */
export const CLOUDEVENT_SCHEMA = {
  type: 'object',
  description:
    'A CloudEvent. `data` is an alert or a failure in our own form without `id`, `server`, `at` and `source`; a heartbeat needs none.',
  required: ['specversion', 'id', 'source', 'type', 'subject'],
  properties: {
    specversion: { type: 'string', const: '1.0' },
    id: line(200, 'Identity of the event within its source.'),
    source: line(500, 'What reports it, a URI reference; policies see it as `source`.'),
    type: { type: 'string', enum: EVENT_TYPES },
    subject: SERVER,
    time: { type: 'string', maxLength: 64, description: 'When it happened, RFC 3339.' },
    datacontenttype: {
      type: 'string',
      pattern: '^[Aa][Pp][Pp][Ll][Ii][Cc][Aa][Tt][Ii][Oo][Nn]/([A-Za-z0-9.+-]+\\+)?[Jj][Ss][Oo][Nn] *(;.*)?$',
      description: 'Only JSON is understood.',
    },
    data: { type: 'object' },
    data_base64: false,
  },
} as const;

const checkEnvelope = checker<CloudEvent>(CLOUDEVENT_SCHEMA);
const checkAlert = checker<Parameters<typeof alertContent>[0]>({
  type: 'object',
  additionalProperties: false,
  properties: ALERT_CONTENT,
});
const checkFailure = checker<Parameters<typeof failureContent>[0]>({
  type: 'object',
  additionalProperties: false,
  properties: FAILURE_CONTENT,
});

/** `POST /v1/events` with `application/cloudevents-batch+json`. */
export function readCloudEventBatch(body: unknown, reception: Reception): readonly Item[] {
  if (Array.isArray(body)) return body.map((value) => readCloudEvent(value, reception));
  return [rejected({ code: 'SCHEMA_TYPE', detail: 'a batch must be an array of events' })];
}

/** `POST /v1/events` with `application/cloudevents+json`. */
export function readCloudEvent(value: unknown, reception: Reception): Item {
  const envelope = checkEnvelope(value);
  if (!envelope.ok) return rejected(envelope.problem);
  const { subject: server, time, type } = envelope.value;
  const given = time === undefined ? null : readTime('time', time, reception.nowMs);
  if (given?.ok === false) return rejected(given.problem);
  const at = given?.value ?? toInstant(reception.nowMs);
  if (type === 'rekindle.heartbeat') return { kind: 'heartbeat', server, at };
  const event = readEvent(envelope.value, type, at);
  if (!event.ok) return rejected(event.problem);
  const identity = { by: 'id-and-content', atReception: given === null } as const;
  return { kind: 'event', event: event.value, identity };
}

function readEvent(
  { id, source, subject: server, data = {} }: CloudEvent,
  type: Exclude<EventType, 'rekindle.heartbeat'>,
  at: string,
): Read<EngineEvent> {
  const base = { id: `cloudevents:${encodeURIComponent(source)}:${encodeURIComponent(id)}`, at, server };
  switch (type) {
    case 'rekindle.alert': {
      const alert = inData(checkAlert(data));
      return alert.ok
        ? { ok: true, value: { kind: 'alert', ...base, source, ...alertContent(alert.value) } }
        : alert;
    }
    case 'rekindle.failure': {
      const failure = inData(checkFailure(data));
      return failure.ok
        ? { ok: true, value: { kind: 'failure', ...base, ...failureContent(failure.value) } }
        : failure;
    }
  }
}

function inData<T>(read: Read<T>): Read<T> {
  if (read.ok) return read;
  const problem: ItemProblem = { ...read.problem, detail: `in data: ${read.problem.detail}` };
  return { ok: false, problem };
}

/**
 * `POST /v1/events` in binary mode: the attributes stand in `ce-` headers, percent-encoded, and the body is the
 * data (HTTP protocol binding, section 3.1).
 */
export function readBinaryCloudEvent(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  data: unknown,
  reception: Reception,
): Item {
  const attributes: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(headers)) {
    if (!name.startsWith('ce-') || typeof text !== 'string') continue;
    const decoded = percentDecoded(text);
    if (decoded === null)
      return rejected({ code: 'SCHEMA_VALUE', detail: `${name} is not percent-encoded UTF-8` });
    attributes[name.slice(3)] = decoded;
  }
  return readCloudEvent(data === undefined ? attributes : { ...attributes, data }, reception);
}

function percentDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
