import type { Decision } from '../engine/decision.js';
import type { ScenarioExpectation } from '../engine/policy-set.js';
import { spoken } from '../engine/reason.js';
import { toEpochMs } from '../engine/time.js';
import type { SnapshotRow } from '../store/store.js';
import { HEAD_START_MS, type Stage } from './stage.js';
import { startedBy, type Started } from './started.js';

/** One thing that is not as the scenario says. */
export interface Mismatch {
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
}

/** Compares what happened with what the step expects; null in the expectation means: not asked. */
export async function compare(
  stage: Stage,
  expected: ScenarioExpectation,
  decision: Decision | null,
): Promise<readonly Mismatch[]> {
  const facts = await gather(stage, decision);
  return [
    check('outcome', expected.outcome, decision?.outcome),
    check(
      'reason',
      expected.reason,
      decision?.reasons.find(({ code }) => code === expected.reason)?.code ?? decision?.reasons[0]?.code,
    ),
    ...snapshotChecks(expected, facts),
    ...restartChecks(stage, expected, facts),
    ...lossChecks(expected, facts, decision),
    ...(await aliveChecks(stage, expected)),
    ...(await retainedChecks(stage, expected)),
  ].filter((mismatch) => mismatch !== null);
}

interface Facts {
  /** The snapshot that the operation completed. */
  readonly taken: SnapshotRow | null;
  /** What the restart ended with. */
  readonly started: (Started & { readonly row: SnapshotRow | null }) | null;
}

async function gather(stage: Stage, decision: Decision | null): Promise<Facts> {
  if (decision === null) return { taken: null, started: null };
  const operation = await stage.store.operationOf(decision.id);
  const rows = await stage.store.snapshots({});
  const taken = rows.find((row) => row.operation === operation?.id && row.state === 'complete') ?? null;
  const started = startedBy(operation?.result);
  const row = rows.find(({ id }) => id === started?.snapshot) ?? null;
  return { taken, started: started && { ...started, row } };
}

function snapshotChecks({ snapshot }: ScenarioExpectation, { taken }: Facts): (Mismatch | null)[] {
  if (snapshot === null) return [];
  if (taken === null) return [{ what: 'snapshot', expected: 'a complete snapshot', actual: 'none' }];
  return [
    check('snapshot.condition', snapshot.condition, taken.condition),
    check('snapshot.drive', snapshot.drive, taken.drive),
    taken.drive === snapshot.driveNot
      ? { what: 'snapshot.driveNot', expected: `not ${snapshot.driveNot}`, actual: taken.drive }
      : null,
  ];
}

function restartChecks(
  stage: Stage,
  { restart }: ScenarioExpectation,
  { started }: Facts,
): (Mismatch | null)[] {
  if (restart === null) return [];
  if (started === null)
    return [{ what: 'restart', expected: 'a server running on a backup', actual: 'none' }];
  const { row } = started;
  const takenAt = row === null ? null : toEpochMs(row.takenAt) - stage.startMs;
  return [
    check('restart.backup', restart.backup, started.backup),
    check('restart.drive', restart.drive, started.drive),
    check('restart.condition', restart.condition, row?.condition ?? 'cold boot'),
    restart.snapshotTakenAtMs === null || within(takenAt, restart.snapshotTakenAtMs)
      ? null
      : {
          what: 'restart.takenAt',
          expected: `${restart.snapshotTakenAtMs} ms`,
          actual: `${takenAt ?? 'no'} ms`,
        },
  ];
}

function lossChecks(
  { restart }: ScenarioExpectation,
  { started }: Facts,
  decision: Decision | null,
): (Mismatch | null)[] {
  const maxLossMs = restart?.maxLossMs ?? null;
  if (maxLossMs === null || decision === null || started === null) return [];
  const { row } = started;
  const lostMs = row === null ? Infinity : toEpochMs(decision.at) - toEpochMs(row.takenAt);
  if (lostMs <= maxLossMs) return [];
  const actual = row === null ? 'a boot without its memory' : spoken(lostMs);
  return [{ what: 'restart.maxLoss', expected: `at most ${spoken(maxLossMs)}`, actual }];
}

/**
 * A snapshot is of an instant shortly after its order, as on real hardware. Schedules count from the start of the
 * service, which is a little before that of the scenario.
 */
function within(takenAtMs: number | null, expectedMs: number): boolean {
  return takenAtMs !== null && takenAtMs >= expectedMs - HEAD_START_MS && takenAtMs - expectedMs < 60_000;
}

/** Asks the rack itself, not our own records. */
async function aliveChecks(stage: Stage, { alive }: ScenarioExpectation): Promise<(Mismatch | null)[]> {
  if (alive === null) return [];
  return Promise.all(
    Object.entries(alive).map(async ([server, machine]) => {
      const machines = await stage.rack.machinesRunning(server);
      return check(`alive.${server}`, machine, machines.join(' and ') || 'nowhere');
    }),
  );
}

async function retainedChecks(stage: Stage, { retained }: ScenarioExpectation): Promise<(Mismatch | null)[]> {
  if (retained === null) return [];
  const complete = (await stage.store.snapshots({})).filter(({ state }) => state === 'complete');
  return Object.entries(retained).flatMap(([server, counts]) =>
    Object.entries(counts).map(([kind, count]) => {
      const found = complete.filter((row) => row.server === server && row.kind === kind).length;
      return count === null ? null : check(`retained.${server}.${kind}`, String(count), String(found));
    }),
  );
}

function check(what: string, expected: string | null, actual: string | undefined): Mismatch | null {
  if (expected === null || expected === actual) return null;
  return { what, expected, actual: actual ?? 'nothing' };
}
