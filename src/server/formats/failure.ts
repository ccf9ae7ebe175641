import { causeClassOf } from '../../engine/cause.js';
import type { CauseClass, FailureEvent } from '../../engine/event.js';
import { toInstant } from '../../engine/time.js';
import { checker } from './check.js';
import { AT, EVENT_ID, line, SERVER } from './fields.js';
import { type Item, oneOrMany, type Reception, rejected } from './item.js';
import { readTime } from './time.js';

interface FailureContent {
  readonly subject?: 'server' | 'disk';
  readonly cause?: string;
  readonly causeClass?: CauseClass;
}

interface OwnFailure extends FailureContent {
  readonly id?: string;
  readonly server: string;
  readonly at?: string;
}

/** The fields of a failure that say what it is, apart from whom it is about, when and under which id. */
export const FAILURE_CONTENT = {
  subject: {
    type: 'string',
    enum: ['server', 'disk'],
    description: 'What failed: the server itself or its active disk. Left out: server.',
  },
  cause: line(200, 'What the source says was the cause, such as power or panic. Left out: unspecified.'),
  causeClass: {
    type: 'string',
    enum: ['hardware', 'software', 'unknown'],
    description:
      'Whether memory taken meanwhile can be trusted depends on this. Left out: what the cause is known to be.',
  },
} as const;

/** Our own form of one failure. */
export const FAILURE_SCHEMA = {
  type: 'object',
  description:
    'The report that a server or its active disk has failed. It may restart the server on a backup.',
  required: ['server'],
  additionalProperties: false,
  properties: { id: EVENT_ID, server: SERVER, at: AT, ...FAILURE_CONTENT },
} as const;

const check = checker<OwnFailure>(FAILURE_SCHEMA);

/** `POST /v1/failures`: one failure or a list of them. */
export function readFailures(body: unknown, reception: Reception): readonly Item[] {
  return oneOrMany(body).map((value) => readFailure(value, reception));
}

function readFailure(value: unknown, { nowMs, newId }: Reception): Item {
  const failure = check(value);
  if (!failure.ok) return rejected(failure.problem);
  const { id, server, at: given, ...content } = failure.value;
  const at = given === undefined ? null : readTime('at', given, nowMs);
  if (at?.ok === false) return rejected(at.problem);
  const event: FailureEvent = {
    kind: 'failure',
    id: id ?? newId(),
    at: at?.value ?? toInstant(nowMs),
    server,
    ...failureContent(content),
  };
  return { kind: 'event', event, identity: { by: 'id-and-content', atReception: at === null } };
}

/** Fills in what the source left out. */
export function failureContent(
  content: FailureContent,
): Pick<FailureEvent, 'subject' | 'cause' | 'causeClass'> {
  const { subject = 'server', cause = 'unspecified', causeClass = causeClassOf(cause) } = content;
  return { subject, cause, causeClass };
}
