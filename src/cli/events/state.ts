import { EMPTY_VIEW, type View } from '../../engine/view.js';
import { checker } from '../../server/formats/check.js';
import { CliError, EXIT } from '../exit.js';
import { parseOne } from './input.js';

const TEXT = { type: 'string' } as const;
const TEXT_OR_NULL = { type: 'string', nullable: true } as const;
const NUMBER = { type: 'number' } as const;
const YES_NO = { type: 'boolean' } as const;
const CAUSE = { type: 'string', enum: ['hardware', 'software', 'unknown'] } as const;

function word(...words: readonly string[]): object {
  return { type: 'string', enum: words };
}

/** A list of rows; every column must be there. */
function rows(properties: Readonly<Record<string, object>>): object {
  const row = { type: 'object', required: Object.keys(properties), additionalProperties: false, properties };
  return { type: 'array', items: row };
}

const LISTS: Readonly<Record<keyof View, object>> = {
  servers: rows({
    name: TEXT,
    machine: TEXT,
    disk: TEXT,
    state: word('up', 'failed'),
    failedAt: TEXT_OR_NULL,
    takenOverAt: TEXT_OR_NULL,
  }),
  machines: rows({
    name: TEXT,
    state: word('serving', 'idle', 'fenced', 'failed'),
    reservedBy: TEXT_OR_NULL,
  }),
  drives: rows({
    name: TEXT,
    freeBytes: NUMBER,
    health: word('ok', 'degraded', 'failed'),
    role: word('active', 'snapshots', 'quarantined'),
    server: TEXT_OR_NULL,
    reservedBy: TEXT_OR_NULL,
  }),
  snapshots: rows({
    id: TEXT,
    server: TEXT,
    generation: NUMBER,
    kind: word('scheduled', 'additional', 'after-takeover', 'manual'),
    condition: TEXT,
    cause: CAUSE,
    drive: TEXT,
    takenAt: TEXT,
    memoryBytes: NUMBER,
    diskBytes: NUMBER,
    state: word('writing', 'complete', 'failed', 'deleting'),
    checksum: TEXT_OR_NULL,
    verified: { type: 'string', nullable: true, enum: ['ok', 'failed', null] },
    pinned: YES_NO,
  }),
  matches: rows({ event: TEXT, server: TEXT, policy: TEXT, digest: TEXT, at: TEXT }),
  symptoms: rows({
    server: TEXT,
    condition: TEXT,
    cause: CAUSE,
    policy: TEXT,
    firstAt: TEXT,
    lastAt: TEXT,
    met: YES_NO,
  }),
  orders: rows({ server: TEXT, policy: TEXT, action: word('snapshot', 'restart'), at: TEXT }),
  operations: rows({
    id: TEXT,
    kind: word('take-snapshot', 'restart-server', 'retire-snapshot'),
    server: TEXT,
    state: word('running', 'blocked'),
  }),
};

const check = checker<Partial<View>>({ type: 'object', additionalProperties: false, properties: LISTS });

/**
 * Reads the JSON of `GET /v1/state`. Lists that a hand-written file leaves out are those of `initial`.
 * @throws {CliError} naming the first place that does not fit.
 */
export function readState(name: string, bytes: Uint8Array, initial: View): View {
  return stateOf(name, parseOne(name, bytes), initial);
}

/** As {@link readState}, of what is parsed already. */
export function stateOf(where: string, value: unknown, initial: View = EMPTY_VIEW): View {
  const read = check(value);
  if (!read.ok) {
    const lists = Object.keys(EMPTY_VIEW).join(', ');
    throw new CliError(
      EXIT.usage,
      `${where}: ${read.problem.detail.replace(/^the item /, 'the state ')}`,
      `a state is what GET /v1/state of the service answers: an object with the lists ${lists}`,
    );
  }
  return { ...initial, ...read.value };
}
