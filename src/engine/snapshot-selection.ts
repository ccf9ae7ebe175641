import type { SnapshotCandidate } from './decision.js';
import type { CauseClass } from './event.js';
import type { PolicySet, RestartPolicy, SnapshotRule } from './policy-set.js';
import { REASONS, type ReasonCode } from './reasons.js';
import { spoken } from './reason.js';
import { type Instant, toEpochMs } from './time.js';
import type { SnapshotView, SymptomView, View } from './view.js';
import { driveState } from './world.js';

/** The conditions that were open when the server failed: they say what its memory is worth. */
export interface Announcement {
  readonly failedAtMs: number;
  /** The condition of the alert that announced the failure: the one met last. */
  readonly condition: string | null;
  readonly cause: CauseClass;
  readonly firstSymptomAt: Instant | null;
  readonly symptoms: readonly SymptomView[];
}

export function announcementOf(
  view: View,
  server: string,
  failedAt: Instant,
  withinMs: number,
): Announcement {
  const failedAtMs = toEpochMs(failedAt);
  const symptoms = view.symptoms.filter(
    (symptom) =>
      symptom.server === server &&
      symptom.firstAt <= failedAt &&
      failedAtMs - toEpochMs(symptom.lastAt) <= withinMs,
  );
  const met = symptoms.filter((symptom) => symptom.met);
  const last = met.reduce<SymptomView | null>((a, b) => (a === null || b.lastAt > a.lastAt ? b : a), null);
  return {
    failedAtMs,
    condition: last?.condition ?? null,
    cause: last?.cause ?? 'unknown',
    firstSymptomAt: earliest(symptoms),
    symptoms,
  };
}

/** A snapshot that may be started, and the rule of the policy that asks for it. */
export interface Selected {
  readonly snapshot: SnapshotView;
  readonly rule: number;
}

export interface Selection {
  /** In the order in which they are tried. */
  readonly selected: readonly Selected[];
  /** Every snapshot of the server, newest first. */
  readonly candidates: readonly SnapshotCandidate[];
}

/**
 * Steps 6 and 7 of the method. Extract: every snapshot of the failed server in the disk table, wherever it
 * is. Select: what may be started at all, then the rules of the policy in their order; the first rule that
 * finds something wins and the rest are the fallback chain.
 */
export function selectSnapshots(
  policySet: PolicySet,
  view: View,
  server: string,
  policy: RestartPolicy,
  announcement: Announcement,
): Selection {
  const extracted = view.snapshots
    .filter((row) => row.server === server)
    .toSorted((a, b) => b.generation - a.generation);
  const unfit = new Map(
    extracted.map((row) => [row.id, unfitness(policySet, view, row, policy, announcement)]),
  );
  const fit = extracted.filter((row) => unfit.get(row.id) === null);

  const selected: Selected[] = [];
  policy.snapshots.forEach((rule, index) => {
    const described = fit.filter((row) => describes(rule, row, announcement));
    for (const snapshot of rule.newest ? described.slice(0, 1) : described) {
      if (!selected.some((one) => one.snapshot.id === snapshot.id)) selected.push({ snapshot, rule: index });
    }
  });
  return {
    selected,
    candidates: extracted.map((row) => candidate(row, selected, unfit.get(row.id) ?? null)),
  };
}

interface Unfit {
  readonly reason: ReasonCode;
  readonly text: string;
}

/** Why a snapshot may not be started, whatever rule asks for it; null when it may. */
function unfitness(
  policySet: PolicySet,
  view: View,
  row: SnapshotView,
  policy: RestartPolicy,
  announcement: Announcement,
): Unfit | null {
  if (row.state !== 'complete') return unfit('not-complete', `its state is ${row.state}`);
  if (row.verified === 'failed') return unfit('verification-failed');
  const drive = policySet.inventory.drives.get(row.drive);
  if (drive === undefined) return unfit('drive-missing');
  const state = driveState(view, drive, policySet.inventory);
  if (state.health === 'failed') return unfit('drive-failed');
  if (state.role === 'quarantined') return unfit('quarantined');
  if (state.role === 'active' && state.server !== row.server) {
    return unfit('drive-in-use', `${state.server ?? 'another server'} runs from ${row.drive}`);
  }
  return suspicion(row, policy, announcement);
}

/** `never`: memory that was taken while such a cause was already showing. */
function suspicion(row: SnapshotView, policy: RestartPolicy, announcement: Announcement): Unfit | null {
  for (const cause of policy.never) {
    const first = earliest(announcement.symptoms.filter((symptom) => symptom.cause === cause));
    if (first !== null && row.takenAt >= first) {
      return unfit('memory-suspect', `taken ${row.takenAt}, after the first ${cause} symptom at ${first}`);
    }
  }
  return null;
}

function describes(rule: SnapshotRule, row: SnapshotView, announcement: Announcement): boolean {
  const condition = rule.condition === 'matching' ? announcement.condition : rule.condition;
  if (rule.condition !== 'any' && row.condition !== condition) return false;
  if (rule.maxAgeMs !== null && announcement.failedAtMs - toEpochMs(row.takenAt) > rule.maxAgeMs)
    return false;
  const { firstSymptomAt } = announcement;
  return rule.before === null || firstSymptomAt === null || row.takenAt < firstSymptomAt;
}

function candidate(
  row: SnapshotView,
  selected: readonly Selected[],
  unfitFor: Unfit | null,
): SnapshotCandidate {
  const { id, drive, condition, takenAt } = row;
  const index = selected.findIndex(({ snapshot }) => snapshot.id === id);
  const chosen = selected[index];
  if (chosen) {
    return { snapshot: id, drive, condition, takenAt, accepted: true, rank: index + 1, rule: chosen.rule };
  }
  return { snapshot: id, drive, condition, takenAt, accepted: false, ...(unfitFor ?? unfit('no-rule')) };
}

function unfit(reason: ReasonCode, text: string = REASONS[reason]): Unfit {
  return { reason, text };
}

function earliest(symptoms: readonly SymptomView[]): Instant | null {
  return symptoms.reduce<Instant | null>((a, { firstAt }) => (a === null || firstAt < a ? firstAt : a), null);
}

/** One line on what announced the failure, for reasons and logs. */
export function describeAnnouncement({ condition, cause, firstSymptomAt, failedAtMs }: Announcement): string {
  if (firstSymptomAt === null) return 'no alert announced it';
  const before = spoken(failedAtMs - toEpochMs(firstSymptomAt));
  return condition === null
    ? `an alert matched ${before} before, but no condition was met`
    : `announced by ${condition} (${cause}), first symptom ${before} before`;
}
