import { createHash } from 'node:crypto';
import type { AlertEvent } from '../../engine/event.js';
import { type Instant, toEpochMs, toInstant } from '../../engine/time.js';
import { checker } from './check.js';
import { WORDS } from './fields.js';
import { type Item, type Reception, rejected } from './item.js';
import { measuredValue } from './measurement.js';
import { readTime } from './time.js';

/*
 * Which notification is which event
 *
 * Alertmanager gives a notification no delivery id. It sends the same body again for two reasons that must not
 * be confused: because it got no 2xx (a retry: nothing new), and because `repeat_interval` or a change of the
 * group made it report an alert that still fires (a repeat: a new occurrence, which `repeated` counts). Only
 * time tells them apart: retries follow within seconds, repeats are at least a `group_interval` apart.
 *
 * So the first report of an alert is the event `alertmanager:<fingerprint>:<startsAt>:firing`. When that id is
 * known already, the report is a retry if the last one was accepted less than the retry window ago, and else
 * a repeat: an event of its own. The window is 10 s, or `?retryWindow=` in the URL of the receiver, which should
 * stay below its `group_interval`. The memory of last receptions is not durable: a retry that finds the service
 * restarted in between counts as a repeat. The opposite mistake, to swallow a repeat, would keep a condition
 * from ever being met.
 *
 * The first report is dated `startsAt`: the first symptom decides which memory can still be trusted, and
 * grouping must not make the server look healthy for longer than it was. A repeat, and a first report that
 * comes too late to be explained by grouping, is dated when it was received: dated `startsAt`, the repeats of
 * an alert that has been firing for a day would all fall into one window.
 */

interface Webhook {
  readonly alerts: readonly unknown[];
}

interface WebhookAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt?: string;
  readonly fingerprint?: string;
}

/** Labels that may name the server, in this order; the first that is present decides. */
const SERVER_LABELS = ['server', 'instance', 'host', 'node'] as const;

const ALERT_SCHEMA = {
  type: 'object',
  description: `One alert. Its server is named by the first present label of ${SERVER_LABELS.join(', ')}; of \`instance\` a port is cut off.`,
  required: ['status', 'labels', 'startsAt'],
  properties: {
    status: { type: 'string', enum: ['firing', 'resolved'] },
    labels: WORDS,
    annotations: WORDS,
    startsAt: { type: 'string', maxLength: 64 },
    endsAt: { type: 'string', maxLength: 64 },
    generatorURL: { type: 'string' },
    fingerprint: { type: 'string', pattern: '^[0-9A-Za-z]{1,64}$' },
  },
} as const;

/** Webhook version 4. Keys that we do not know are let pass: new releases of Alertmanager add some. */
export const ALERTMANAGER_SCHEMA = {
  type: 'object',
  description: 'A notification of Prometheus Alertmanager, webhook version 4.',
  required: ['version', 'alerts'],
  properties: {
    version: { type: 'string', const: '4' },
    groupKey: { type: 'string' },
    receiver: { type: 'string' },
    status: { type: 'string' },
    alerts: { type: 'array', items: ALERT_SCHEMA },
  },
} as const;

const checkWebhook = checker<Webhook>({
  ...ALERTMANAGER_SCHEMA,
  properties: { version: ALERTMANAGER_SCHEMA.properties.version, alerts: { type: 'array' } },
});
const checkAlert = checker<WebhookAlert>(ALERT_SCHEMA);

/** The default `group_interval` of Alertmanager is 5 minutes; twice that cannot be its doing. */
const LATE_MS = 10 * 60_000;

/**
 * `POST /v1/alertmanager`: one notification of a group of alerts.
 * @param retryWindowMs how long after an accepted report the same one is taken for a retry.
 */
export function readAlertmanager(
  body: unknown,
  reception: Reception,
  retryWindowMs: number,
): readonly Item[] {
  const webhook = checkWebhook(body);
  if (!webhook.ok) return [rejected(webhook.problem)];
  return webhook.value.alerts.map((value) => readAlert(value, reception.nowMs, retryWindowMs));
}

function readAlert(value: unknown, nowMs: number, retryWindowMs: number): Item {
  const checked = checkAlert(value);
  if (!checked.ok) return rejected(checked.problem);
  const alert = checked.value;
  const server = serverName(alert.labels);
  if (server === null) {
    return { kind: 'no-server', detail: `the alert has none of the labels ${SERVER_LABELS.join(', ')}` };
  }
  const startsAt = readTime('startsAt', alert.startsAt, nowMs);
  if (!startsAt.ok) return rejected(startsAt.problem);
  if (alert.status === 'firing') return firing(alert, server, startsAt.value, { nowMs, retryWindowMs });
  const endsAt = readTime('endsAt', alert.endsAt ?? '', nowMs);
  if (!endsAt.ok) return rejected(endsAt.problem);
  const id = `${occurrence(alert, startsAt.value)}:resolved:${endsAt.value}`;
  return { kind: 'event', event: event(alert, server, id, endsAt.value), identity: { by: 'id' } };
}

function firing(
  alert: WebhookAlert,
  server: string,
  startsAt: Instant,
  { nowMs, retryWindowMs }: { nowMs: number; retryWindowMs: number },
): Item {
  const id = `${occurrence(alert, startsAt)}:firing`;
  const receivedAt = toInstant(nowMs);
  const late = nowMs - toEpochMs(startsAt) > LATE_MS;
  // Two copies of one repeat that arrive together find each other by the bucket.
  const bucket = Math.floor(nowMs / retryWindowMs);
  return {
    kind: 'event',
    event: event(alert, server, id, late ? receivedAt : startsAt),
    identity: { by: 'occurrence', repeat: event(alert, server, `${id}:${bucket}`, receivedAt) },
  };
}

function event(alert: WebhookAlert, server: string, id: string, at: Instant): AlertEvent {
  const { status, labels, annotations = {} } = alert;
  const source = 'alertmanager';
  return {
    kind: 'alert',
    id,
    at,
    server,
    source,
    status,
    labels,
    annotations,
    ...measuredValue({ labels, annotations }),
  };
}

function occurrence(alert: WebhookAlert, startsAt: Instant): string {
  return `alertmanager:${alert.fingerprint ?? fingerprint(alert.labels)}:${startsAt}`;
}

/** For senders that speak version 4 without fingerprints: any digest of the labels identifies the alert as well. */
function fingerprint(labels: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

/** `web-1:9100` and `[::1]:9100` are how Prometheus writes an instance. */
function serverName(labels: Readonly<Record<string, string>>): string | null {
  const label = SERVER_LABELS.find((name) => labels[name]);
  const text = label === undefined ? undefined : labels[label];
  if (text === undefined || label !== 'instance') return text ?? null;
  const host = text.replace(/:\d+$/, '');
  return host.replace(/^\[(.*)\]$/, '$1') || null;
}
