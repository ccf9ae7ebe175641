import type { RetirePlan } from './decision.js';
import type { PlacementPolicy, PolicySet } from './policy-set.js';
import { REASONS, type ReasonCode } from './reasons.js';
import { unrestorable } from './restorable.js';
import type { SnapshotKind, SnapshotView, View } from './view.js';
import { type ActiveServer, selects } from './world.js';

/**
 * Which snapshots of a server are beyond what retention keeps. Counts are of completed generations, not of
 * days: a server that was off for a month still has its snapshots. Snapshots that cannot be started neither
 * count nor stand in for those that can.
 */
export function planRetention(policySet: PolicySet, view: View, server: ActiveServer): RetirePlan {
  const complete = view.snapshots
    .filter((row) => row.server === server.name && row.state === 'complete')
    .toSorted((a, b) => b.generation - a.generation);
  const restorable = complete.filter((row) => unrestorable(policySet, view, row) === null);
  const guarded = new Map<string, ReasonCode>();
  const guard = (row: SnapshotView | undefined, why: ReasonCode): void => {
    if (row && !guarded.has(row.id)) guarded.set(row.id, why);
  };
  guard(restorable[0] ?? complete[0], 'last-restorable');
  guard(
    restorable.find((row) => isBeforeSymptoms(view, row)),
    'before-symptom',
  );
  for (const row of complete) {
    if (row.pinned) guard(row, 'pinned');
    if (row.drive === server.state.disk) guard(row, 'runs-from');
  }

  const retired: RetirePlan['snapshots'][number][] = [];
  const kept: RetirePlan['kept'][number][] = [];
  const seen = new Map<SnapshotKind, number>();
  for (const row of complete) {
    const limit = generationsKept(policySet, server, row.kind);
    const position = (seen.get(row.kind) ?? 0) + 1;
    if (restorable.includes(row)) seen.set(row.kind, position);
    const reason =
      guarded.get(row.id) ?? (row.verified !== 'failed' && position <= limit ? 'within-retention' : null);
    if (reason !== null) kept.push({ snapshot: row.id, reason, text: REASONS[reason] });
    else retired.push({ snapshot: row.id, drive: row.drive, text: beyond(row, position, limit) });
  }
  return { snapshots: [...retired, ...remains(view, server)], kept };
}

/** What an interrupted retirement or a failed snapshot left behind: no use to anybody, and it takes up space. */
function remains(view: View, server: ActiveServer): RetirePlan['snapshots'] {
  return view.snapshots
    .filter((row) => row.server === server.name && (row.state === 'deleting' || row.state === 'failed'))
    .toSorted((a, b) => b.generation - a.generation)
    .map((row) => ({
      snapshot: row.id,
      drive: row.drive,
      text: `its state is ${row.state}; what is left of it goes`,
    }));
}

function beyond(row: SnapshotView, position: number, limit: number): string {
  if (row.verified === 'failed') return REASONS['verification-failed'];
  return `the ${row.kind} snapshot number ${position} counted from the newest; ${limit} are kept`;
}

/**
 * While a symptom is open, the newest snapshot from before it may be the only one whose memory can be
 * trusted, and the schedule goes on taking new ones that would push it out.
 */
function isBeforeSymptoms(view: View, row: SnapshotView): boolean {
  const open = view.symptoms.filter((symptom) => symptom.server === row.server);
  return open.length > 0 && open.every(({ firstAt }) => row.takenAt < firstAt);
}

/** The most that any policy which orders this kind for the server asks to keep; all of them when none does. */
function generationsKept(policySet: PolicySet, server: ActiveServer, kind: SnapshotKind): number {
  const limits = placementsFor(policySet, server, kind).map((policy) => policy.retain[kind]);
  return limits.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...limits);
}

function placementsFor(policySet: PolicySet, server: ActiveServer, kind: SnapshotKind): PlacementPolicy[] {
  const names = {
    scheduled: policySet.schedulePolicies,
    additional: policySet.alertPolicies,
    'after-takeover': policySet.restartPolicies,
    manual: [...policySet.schedulePolicies, ...policySet.alertPolicies],
  }[kind]
    .filter((policy) => selects(policy.servers, server.identity))
    .map((policy) => ('placement' in policy ? policy.placement : policy.snapshot.placement));
  return [...new Set(names)].flatMap((name) => policySet.placementPolicies.get(name) ?? []);
}
