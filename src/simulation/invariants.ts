/**
 * What must hold in every state of every schedule of faults, asked of the rack itself and of the store beside it,
 * never of what the engine believes. Each has a number, which reports and the changelog name it by.
 */
import { unprovenIn } from '../actions/unproven.js';
import type { PolicySet } from '../engine/policy-set.js';
import { toInstant } from '../engine/time.js';
import type { LogEntry, RackState } from '../hw/sim/index.js';
import type { JournalEntry, Operation, SnapshotRow, Store } from '../store/store.js';
import { startedBy } from '../scenario/started.js';
import type { Stage } from '../scenario/stage.js';

export interface Breach {
  /** `I1` to `I20`. */
  readonly invariant: string;
  readonly text: string;
}

/** All that can be known of one instant. */
export interface Moment {
  readonly policySet: PolicySet;
  readonly rack: RackState;
  readonly view: Awaited<ReturnType<Stage['store']['view']>>;
  readonly snapshots: readonly SnapshotRow[];
  readonly operations: ReadonlyMap<string, Operation>;
  /** Operations that are done and read back as whole what they started; whatever became of it since. */
  readonly readBack: ReadonlySet<string>;
  readonly faults: readonly string[];
  /** Servers of which there was a complete snapshot at an earlier moment. */
  readonly keepers: ReadonlySet<string>;
}

type Invariant = (moment: Moment) => readonly string[];

const ALWAYS: Readonly<Record<string, Invariant>> = {
  I1: writersNobodyWarnedOf,
  I2: startsUnfenced,
  /** What cannot be proven ends, and says what a person can do. */
  I3: blockedWithoutReason,
  /** However often a failure is told, one restart answers it. */
  I5: twoRestartsOfOne,
  /** A snapshot is on another drive than the one before it. */
  I6: neighboursOnOneDrive,
  I7: (moment) => [...notWhereTheTableSays(moment), ...nothingLeft(moment)],
  /** Only what was read back is started. */
  I8: startedUnread,
  I9: heldByNobody,
  /** What is done was decided by a set that passed every check, be it not the newest. */
  I12: decidedByNoSet,
  /** What goes wrong goes wrong within its operation. */
  I13: ({ faults }) => faults,
  /** The storm guard. */
  I14: tooManyRestarts,
  I16: twoServersOnOneMachine,
  I20: effectsOfNobody,
};

/** More operations than any simulation has. */
const ALL = 100_000;

export async function momentOf(
  { store, rack, clock, faults }: Stage,
  policySet: PolicySet,
  keepers: ReadonlySet<string> = new Set(),
): Promise<Moment> {
  const operations = await store.operations({ limit: ALL });
  return {
    policySet,
    rack: await rack.state(),
    view: await store.view(toInstant(clock.now())),
    snapshots: await store.snapshots({}),
    readBack: new Set(await readBackIn(store, operations)),
    operations: new Map(operations.map((operation) => [operation.id, operation])),
    faults,
    keepers: new Set(keepers),
  };
}

export function breachesIn(moment: Moment): readonly Breach[] {
  return Object.entries(ALWAYS).flatMap(([invariant, broken]) =>
    broken(moment).map((text) => ({ invariant, text })),
  );
}

/**
 * I1. Two machines never run with write access to one server's disk. A drive that did not answer when its server was
 * fenced may still let the machine in should somebody switch that on again; the operation has said so then.
 */
function writersNobodyWarnedOf({ rack, operations }: Moment): readonly string[] {
  const warned = new Set(
    [...operations.values()].flatMap(({ result }) => unprovenIn(result).map(({ machine }) => machine)),
  );
  return rack.violations
    .filter(({ machines }) => !machines.some((machine) => warned.has(machine)))
    .map(({ text }) => text);
}

/** I2. Whatever ran the server before is off when an operation starts it elsewhere, and was not on since. */
function startsUnfenced({ rack: { log } }: Moment): readonly string[] {
  return log.flatMap((start, index) => {
    if (start.change !== 'start' || start.operation === null || start.server === null) return [];
    const before = log.slice(0, index);
    const { server } = start;
    const ran = new Set([
      server,
      ...before.filter((one) => one.server === server).map(({ machine }) => machine),
    ]);
    ran.delete(start.machine);
    return [...ran].flatMap((machine) => {
      const last = before.findLast((one) => one.machine === machine && isPower(one));
      // A machine that was given to another server since is not in question any more.
      if (last?.change === 'power-off' || (last !== undefined && last.server !== server)) return [];
      return [`${start.machine} starts ${server} while ${machine} was last seen to ${last?.change ?? 'run'}`];
    });
  });
}

function decidedByNoSet({ policySet: { revision }, operations }: Moment): readonly string[] {
  return [...operations.values()].flatMap(({ id, decision: { policyRevision } }) =>
    policyRevision.startsWith(revision)
      ? []
      : [`${id} was decided by ${policyRevision}, which never was in force`],
  );
}

function blockedWithoutReason({ operations }: Moment): readonly string[] {
  return [...operations.values()].flatMap(({ id, state, reason }) =>
    state === 'blocked' && (reason ?? '') === '' ? [`${id} is blocked and does not say why`] : [],
  );
}

function startedUnread({ operations, readBack }: Moment): readonly string[] {
  return [...operations.values()].flatMap((operation) => {
    const snapshot = snapshotStartedBy(operation);
    return snapshot === null || readBack.has(operation.id)
      ? []
      : [`${operation.id} started ${operation.server} from ${snapshot}, which it did not read back as whole`];
  });
}

function snapshotStartedBy({ state, result }: Operation): string | null {
  return state === 'done' ? (startedBy(result)?.snapshot ?? null) : null;
}

async function readBackIn(store: Store, operations: readonly Operation[]): Promise<readonly string[]> {
  const found = await Promise.all(
    operations.map(async (operation) => {
      const snapshot = snapshotStartedBy(operation);
      if (snapshot === null) return [];
      const entries = await store.journal({ subject: `snapshot:${snapshot}`, limit: ALL });
      return entries.some((entry) => entry.by === operation.id && isWholeReading(entry))
        ? [operation.id]
        : [];
    }),
  );
  return found.flat();
}

function isWholeReading({ change, detail }: JournalEntry): boolean {
  return (
    change === 'verified' &&
    typeof detail === 'object' &&
    detail !== null &&
    'result' in detail &&
    detail.result === 'ok'
  );
}

function isPower({ change }: LogEntry): boolean {
  return change === 'power-on' || change === 'power-off' || change === 'start';
}

function running(moment: Moment): readonly Operation[] {
  return [...moment.operations.values()].filter(
    ({ kind, state }) => kind === 'restart-server' && state === 'running',
  );
}

function twoRestartsOfOne(moment: Moment): readonly string[] {
  const servers = running(moment).map(({ server }) => server);
  return servers
    .filter((server, index) => servers.indexOf(server) !== index)
    .map((server) => `${server} is being restarted twice`);
}

function tooManyRestarts(moment: Moment): readonly string[] {
  const most = Math.max(0, ...moment.policySet.restartPolicies.map(({ guard }) => guard.maxConcurrent));
  const count = running(moment).length;
  return count > most ? [`${count} restarts are running, no policy allows more than ${most}`] : [];
}

function neighboursOnOneDrive({ snapshots }: Moment): readonly string[] {
  const complete = snapshots.filter(({ state }) => state === 'complete');
  return complete.flatMap((row) =>
    complete
      .filter(
        (next) =>
          next.server === row.server && next.generation === row.generation + 1 && next.drive === row.drive,
      )
      .map((next) => `${next.id} is on ${row.drive}, as is ${row.id} before it`),
  );
}

/** I7. A complete row whose drive works is really there, whole or found not to be. */
function notWhereTheTableSays({ snapshots, rack }: Moment): readonly string[] {
  return snapshots
    .filter(({ state }) => state === 'complete')
    .flatMap(({ id, drive }) => {
      const held = rack.drives.find(({ name }) => name === drive);
      if (held === undefined || held.health === 'failed') return [];
      const stored = held.snapshots.find((one) => one.id === id);
      return stored?.progress.is === 'complete' ? [] : [`${id} is recorded as complete, but not on ${drive}`];
    });
}

/** I7. What a server could once be restarted from goes only when something else stands in for it. */
function nothingLeft({ snapshots, keepers }: Moment): readonly string[] {
  const kept = new Set(snapshots.flatMap(({ server, state }) => (state === 'complete' ? [server] : [])));
  return [...keepers]
    .filter((server) => !kept.has(server))
    .map((server) => `${server} had a snapshot and has none`);
}

/** I9. What is reserved is held by an operation that runs, or by one that ended and says what it left in doubt. */
function heldByNobody({ view, operations }: Moment): readonly string[] {
  return [...view.drives, ...view.machines].flatMap(({ name, reservedBy }) => {
    if (reservedBy === null) return [];
    const state = operations.get(reservedBy)?.state;
    return state === 'running' || state === 'blocked'
      ? []
      : [`${name} is held by ${reservedBy}, which is ${state ?? 'unknown'}`];
  });
}

function twoServersOnOneMachine({ view: { servers } }: Moment): readonly string[] {
  const machines = servers.map(({ machine }) => machine);
  return machines
    .filter((machine, index) => machines.indexOf(machine) !== index)
    .map((machine) => `${machine} runs two servers by the table`);
}

/** I20. Every effect on the rack has its operation. */
function effectsOfNobody({ rack: { log }, operations }: Moment): readonly string[] {
  return log.flatMap(({ number, change, machine, operation }) =>
    operation === null || operations.has(operation)
      ? []
      : [`entry ${number}, ${change} of ${machine}, is by ${operation}, which nobody recorded`],
  );
}
