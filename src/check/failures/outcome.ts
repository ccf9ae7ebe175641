import { advance } from '../../engine/advance.js';
import { decide } from '../../engine/decide.js';
import type { Decision, RestartAttempt, RestartSequence } from '../../engine/decision.js';
import type { FailureEvent } from '../../engine/event.js';
import { once } from '../../engine/once.js';
import type { Machine, PolicySet, RestartPolicy } from '../../engine/policy-set.js';
import { type Instant, toEpochMs, toInstant } from '../../engine/time.js';
import type { DriveView, MachineView, ServerView, View } from '../../engine/view.js';
import { type Failure, losesDisk } from './failure.js';
import type { Rotating, TableState } from './rotation.js';

/** What becomes of a server when it has failed. */
export interface Outcome {
  readonly server: Machine;
  readonly policy: RestartPolicy;
  readonly state: TableState;
  readonly decision: Decision;
  /** What is woken where; null: nothing is. */
  readonly attempt: RestartAttempt | null;
  /**
   * Age of the snapshot that is woken, at the failure or at its first symptom: what is done after that is lost in
   * any case, for however long the symptom shows. Null: the memory is lost, or all of it.
   */
  readonly lostMs: number | null;
  /** What the timeouts of the restart add up to, from the decision to a server that is seen to live. */
  readonly takesMs: number;
}

/** Where all that failed stands, and what the restarts before have taken. */
export interface World {
  readonly failure: Failure;
  readonly servers: readonly ServerView[];
  readonly machines: Rows<MachineView>;
  readonly drives: Rows<DriveView>;
  /** How many restarts were ordered before. */
  readonly restarts: number;
}

/** When a table that stands still is looked at: beyond every limit of age. */
const LONG_MS = 3_650 * 86_400_000;

/** Rows as they were, and those that have changed since: a failure touches a few of thousands. */
interface Rows<R extends Named> {
  readonly before: ReadonlyMap<string, R>;
  readonly since: ReadonlyMap<string, R>;
}

interface Named {
  readonly name: string;
}

/** The world as the failure leaves it, before anyone has noticed. */
export function worldAfter(start: View, failure: Failure): World {
  const { machines, drives } = rowsByName(start);
  const failedMachines = [...failure.machines].flatMap((name): MachineView[] => {
    const row = machines.get(name);
    return row?.state === 'idle' ? [{ ...row, state: 'failed' }] : [];
  });
  const failedDrives = [...failure.drives].flatMap((name): DriveView[] => {
    const row = drives.get(name);
    return row === undefined ? [] : [{ ...row, health: 'failed' }];
  });
  return {
    failure,
    servers: start.servers,
    machines: { before: machines, since: byName(failedMachines) },
    drives: { before: drives, since: byName(failedDrives) },
    restarts: 0,
  };
}

const rowsByName = once(({ machines, drives }: View) => ({
  machines: byName(machines),
  drives: byName(drives),
}));

function byName<R extends Named>(rows: readonly R[]): ReadonlyMap<string, R> {
  return new Map(rows.map((row) => [row.name, row]));
}

/** What the failure strikes is known to have failed when the first restart is decided. */
export function withFailed(world: World, struck: ReadonlySet<string>, at: Instant): World {
  return {
    ...world,
    servers: world.servers.map((row) =>
      struck.has(row.name) ? { ...row, state: 'failed', failedAt: at } : row,
    ),
  };
}

/** Has the engine decide about one of the servers that were struck, in the given state of its disk table. */
export async function outcomeOf(
  world: World,
  { governed, policySet: whole }: Rotating,
  state: TableState,
): Promise<{ readonly outcome: Outcome; readonly after: () => World } | null> {
  const { server, restarts } = governed;
  const [policy] = restarts;
  if (policy === undefined) return null;
  const policySet = withoutPaths(whole, world.failure);
  const atMs = failsAtMs(state);
  const view = viewOf(world, policySet, state, toInstant(atMs));
  const decision = await decide(policySet, failureOf(world.failure, server, policySet, atMs), view);
  const attempt = decision.outcome === 'restart' ? (decision.restart?.attempts[0] ?? null) : null;
  const woken = state.snapshots.find(({ id }) => id === attempt?.snapshot);
  const outcome: Outcome = {
    server,
    policy,
    state,
    decision,
    attempt,
    lostMs: woken === undefined ? null : lostMs(state, atMs, woken.takenAt),
    takesMs: longestMs(policy.sequence) * (1 + Math.floor(world.restarts / policy.guard.maxConcurrent)),
  };
  // Most failures strike one server, and nobody asks for the world after its restart.
  const after = (): World =>
    attempt === null ? world : withRestart(world, advance(policySet, view, decision));
  return { outcome, after };
}

/** Of a server whose table stands still the snapshot grows older without end. */
function lostMs({ untilMs, symptom }: TableState, atMs: number, takenAt: Instant): number {
  if (untilMs === null) return Number.POSITIVE_INFINITY;
  const soundUntilMs = symptom === null ? atMs : toEpochMs(symptom.firstAt);
  return Math.max(0, soundUntilMs - toEpochMs(takenAt));
}

export function failsAtMs({ untilMs, snapshots }: TableState): number {
  const newest = snapshots.at(-1);
  return untilMs ?? (newest === undefined ? 0 : toEpochMs(newest.takenAt)) + LONG_MS;
}

/**
 * What the sequence of a restart allows when its first attempt succeeds, each step with all of its time and tries:
 * the old machine is proven off, its access is taken away, the backup is looked at, the checksum compared (twice if
 * need be), the drive connected, the backup started and seen to live. The steps are those of src/actions/restart;
 * the few seconds that each has beside its timeout are left out.
 */
function longestMs({ fence, connect, start, verify }: RestartSequence): number {
  return (
    fence.timeoutMs * fence.attempts +
    3 * connect.timeoutMs * connect.attempts +
    (2 + start.attempts) * start.timeoutMs +
    verify.heartbeatWithinMs
  );
}

function withoutPaths(policySet: PolicySet, { paths }: Failure): PolicySet {
  if (paths.length === 0) return policySet;
  const machines = new Map(policySet.inventory.machines);
  for (const { machine, device } of paths) {
    const known = machines.get(machine);
    if (known !== undefined)
      machines.set(machine, { ...known, reaches: known.reaches.filter((reached) => reached !== device) });
  }
  return { ...policySet, inventory: { ...policySet.inventory, machines } };
}

function viewOf(
  { servers, machines, drives }: World,
  { inventory }: PolicySet,
  { snapshots, symptom }: TableState,
  at: Instant,
): View {
  return {
    servers,
    machines: rowsOf(machines, inventory.machines, machinesAmong),
    drives: rowsOf(drives, inventory.drives, drivesAmong),
    snapshots,
    matches: [],
    symptoms: symptom === null ? [] : [{ ...symptom, lastAt: at }],
    orders: [],
    operations: [],
  };
}

/** Those that can have a say in the decision. What has not changed for it is the same list each time. */
function rowsOf<R extends Named>(
  { before, since }: Rows<R>,
  known: ReadonlyMap<string, unknown>,
  among: (before: ReadonlyMap<string, R>) => (known: ReadonlyMap<string, unknown>) => readonly R[],
): readonly R[] {
  const rows = among(before)(known);
  const changed = [...since.keys()].some((name) => known.has(name));
  return changed ? rows.map((row) => since.get(row.name) ?? row) : rows;
}

const machinesAmong = once((before: ReadonlyMap<string, MachineView>) => once(pick(before)));
const drivesAmong = once((before: ReadonlyMap<string, DriveView>) => once(pick(before)));

function pick<R>(rows: ReadonlyMap<string, R>) {
  return (known: ReadonlyMap<string, unknown>): readonly R[] =>
    [...known.keys()].flatMap((name) => rows.get(name) ?? []);
}

function failureOf(failure: Failure, server: Machine, { inventory }: PolicySet, atMs: number): FailureEvent {
  return {
    kind: 'failure',
    id: `${failure.subject} ${server.name}`,
    at: toInstant(atMs),
    server: server.name,
    subject: losesDisk(failure, server, inventory.drives) ? 'disk' : 'server',
    cause: 'unknown',
    causeClass: 'unknown',
  };
}

/** A backup that runs something is one no more, and neither is the drive that it runs from. */
function withRestart(world: World, { servers, machines, drives }: View): World {
  return {
    ...world,
    servers,
    machines: withRows(world.machines, machines),
    drives: withRows(world.drives, drives),
    restarts: world.restarts + 1,
  };
}

function withRows<R extends Named>({ before, since }: Rows<R>, rows: readonly R[]): Rows<R> {
  const changed = rows.filter((row) => (since.get(row.name) ?? before.get(row.name)) !== row);
  return { before, since: new Map([...since, ...byName(changed)]) };
}
