import type { RestartOrder, SnapshotOrder } from '../../engine/event.js';
import { toInstant } from '../../engine/time.js';
import { checker } from './check.js';
import { EVENT_ID, line } from './fields.js';
import { type Item, type Reception, rejected } from './item.js';

const BY = line(200, 'Who orders it; recorded with the decision.');

/** What a person sends to order a snapshot. */
export const SNAPSHOT_ORDER_SCHEMA = {
  type: 'object',
  description: 'A person asks for a snapshot of the server.',
  required: ['by'],
  additionalProperties: false,
  properties: {
    id: EVENT_ID,
    by: BY,
    condition: {
      type: 'string',
      pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
      description: 'The condition recorded with the snapshot. Left out: manual.',
    },
    pinned: { type: 'boolean', description: 'A pinned snapshot is never retired. Left out: false.' },
  },
} as const;

/** What a person sends to order a restart on a backup. */
export const RESTART_ORDER_SCHEMA = {
  type: 'object',
  description:
    'A person asks to fence the server and to restart it on a backup server. The server is powered off even if it is well.',
  required: ['by', 'reason'],
  additionalProperties: false,
  properties: { id: EVENT_ID, by: BY, reason: line(1000, 'Why; recorded with the decision.') },
} as const;

const checkSnapshot = checker<{
  readonly id?: string;
  readonly by: string;
  readonly condition?: string;
  readonly pinned?: boolean;
}>(SNAPSHOT_ORDER_SCHEMA);

const checkRestart = checker<{ readonly id?: string; readonly by: string; readonly reason: string }>(
  RESTART_ORDER_SCHEMA,
);

/**
 * `POST /v1/servers/:server/snapshot`.
 * @param actor how who orders it stands in what is recorded.
 */
export function readSnapshotOrder(
  body: unknown,
  server: string,
  { nowMs, newId }: Reception,
  actor: (by: string) => string = unchanged,
): Item {
  const order = checkSnapshot(body);
  if (!order.ok) return rejected(order.problem);
  const { id = newId(), by, condition = 'manual', pinned = false } = order.value;
  const at = toInstant(nowMs);
  const event: SnapshotOrder = { kind: 'snapshot-order', id, at, server, by: actor(by), condition, pinned };
  return { kind: 'event', event, identity: { by: 'id-and-content', atReception: true } };
}

/**
 * `POST /v1/servers/:server/restart`.
 * @param actor as above.
 */
export function readRestartOrder(
  body: unknown,
  server: string,
  { nowMs, newId }: Reception,
  actor: (by: string) => string = unchanged,
): Item {
  const order = checkRestart(body);
  if (!order.ok) return rejected(order.problem);
  const { id = newId(), by, reason } = order.value;
  const event: RestartOrder = {
    kind: 'restart-order',
    id,
    at: toInstant(nowMs),
    server,
    by: actor(by),
    reason,
  };
  return { kind: 'event', event, identity: { by: 'id-and-content', atReception: true } };
}

function unchanged(by: string): string {
  return by;
}
