import type { AlertEvent } from '../../engine/event.js';
import { checker } from './check.js';
import { AT, EVENT_ID, line, SERVER, WORDS } from './fields.js';
import { type Item, oneOrMany, type Reception, rejected } from './item.js';
import { measuredValue } from './measurement.js';
import { readTime } from './time.js';
import { toInstant } from '../../engine/time.js';

interface OwnAlert {
  readonly id?: string;
  readonly server: string;
  readonly at?: string;
  readonly status?: 'firing' | 'resolved';
  readonly source?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly value?: number;
}

/** The fields of an alert that say what it is, apart from whom it is about, when and under which id. */
export const ALERT_CONTENT = {
  status: {
    type: 'string',
    enum: ['firing', 'resolved'],
    description: 'Whether it has begun or is over. Left out: firing.',
  },
  labels: { ...WORDS, description: 'Labels, as Prometheus uses the word: what policies compare.' },
  annotations: { ...WORDS, description: 'Annotations: text for people.' },
  value: {
    type: 'number',
    description: 'The measured value. Left out: the annotation or label `value`, when it is a plain number.',
  },
} as const;

/** Our own form of one alert. */
export const ALERT_SCHEMA = {
  type: 'object',
  description: 'A report about a server.',
  required: ['server'],
  additionalProperties: false,
  properties: {
    id: EVENT_ID,
    server: SERVER,
    at: AT,
    source: line(200, 'What reports it; policies see it as `source`. Left out: http.'),
    ...ALERT_CONTENT,
  },
} as const;

const check = checker<OwnAlert>(ALERT_SCHEMA);

/** `POST /v1/alerts`: one alert or a list of them. */
export function readAlerts(body: unknown, reception: Reception): readonly Item[] {
  return oneOrMany(body).map((value) => readAlert(value, reception));
}

function readAlert(value: unknown, { nowMs, newId }: Reception): Item {
  const alert = check(value);
  if (!alert.ok) return rejected(alert.problem);
  const { id, server, at: given, source = 'http', ...content } = alert.value;
  const at = given === undefined ? null : readTime('at', given, nowMs);
  if (at?.ok === false) return rejected(at.problem);
  const event: AlertEvent = {
    kind: 'alert',
    id: id ?? newId(),
    at: at?.value ?? toInstant(nowMs),
    server,
    source,
    ...alertContent(content),
  };
  return { kind: 'event', event, identity: { by: 'id-and-content', atReception: at === null } };
}

/** Fills in what the source left out. */
export function alertContent(
  content: Pick<OwnAlert, 'status' | 'labels' | 'annotations' | 'value'>,
): Pick<AlertEvent, 'status' | 'labels' | 'annotations' | 'value'> {
  const { status = 'firing', labels = {}, annotations = {}, value } = content;
  const measured = value === undefined ? measuredValue({ labels, annotations }) : { value };
  return { status, labels, annotations, ...measured };
}
