import { toInstant } from '../../engine/time.js';
import { checker } from './check.js';
import { AT, SERVER } from './fields.js';
import { type Item, oneOrMany, type Reception, rejected } from './item.js';
import { readTime } from './time.js';

/** A sign of life. It has no id: a second one says nothing that the first did not. */
export const HEARTBEAT_SCHEMA = {
  type: 'object',
  description: 'A sign of life from a server.',
  required: ['server'],
  additionalProperties: false,
  properties: { server: SERVER, at: AT },
} as const;

const check = checker<{ readonly server: string; readonly at?: string }>(HEARTBEAT_SCHEMA);

/** `POST /v1/heartbeats`: one heartbeat or a list of them. */
export function readHeartbeats(body: unknown, reception: Reception): readonly Item[] {
  return oneOrMany(body).map((value) => readHeartbeat(value, reception));
}

function readHeartbeat(value: unknown, { nowMs }: Reception): Item {
  const heartbeat = check(value);
  if (!heartbeat.ok) return rejected(heartbeat.problem);
  const { server, at: given } = heartbeat.value;
  const at = given === undefined ? null : readTime('at', given, nowMs);
  if (at?.ok === false) return rejected(at.problem);
  return { kind: 'heartbeat', server, at: at?.value ?? toInstant(nowMs) };
}
