import type { SnapshotCandidate } from './decision.js';
import type { CauseClass } from './event.js';
import type { AlertPolicy, PolicySet, RestartPolicy, SnapshotRule } from './policy-set.js';
import { spoken } from './reason.js';
import { type Unfit, unfit, unrestorable } from './restorable.js';
import { type Instant, toEpochMs } from './time.js';
import type { SnapshotView, SymptomView, View } from './view.js';
import { compareText } from './world.js';

/** The conditions that were open when the server failed: they say what its memory is worth. */
export interface Announcement {
  readonly failedAtMs: number;
  /** The condition of the alert that announced the failure: the one met last, of the policy that goes first. */
  readonly condition: string | null;
  readonly cause: CauseClass;
  readonly firstSymptomAt: Instant | null;
  readonly symptoms: readonly SymptomView[];
}

export function announcementOf(
  policySet: PolicySet,
  view: View,
  server: string,
  failedAt: Instant,
  withinMs: number,
): Announcement {
  const failedAtMs = toEpochMs(failedAt);
  const symptoms = view.symptoms.filter(
    (symptom) =>
      symptom.server === server &&
      !isObserved(policySet, symptom) &&
      symptom.firstAt <= failedAt &&
      failedAtMs - toEpochMs(symptom.lastAt) <= withinMs,
  );
  const [last] = symptoms.filter((symptom) => symptom.met).toSorted(lastMetFirst(policySet.alertPolicies));
  return {
    failedAtMs,
    condition: last?.condition ?? null,
    cause: last?.cause ?? 'unknown',
    firstSymptomAt: earliest(symptoms),
    symptoms,
  };
}

/** A policy that only observes changes nothing, so it does not choose what is woken either. */
function isObserved({ alertPolicies }: PolicySet, symptom: SymptomView): boolean {
  return alertPolicies.find(({ name }) => name === symptom.policy)?.mode === 'observe';
}

/**
 * One alert can meet several conditions. The snapshot was ordered under that of the policy which goes first,
 * so the same one must announce the failure.
 */
function lastMetFirst(policies: readonly AlertPolicy[]): (a: SymptomView, b: SymptomView) => number {
  const order = new Map(policies.map(({ name }, index) => [name, index]));
  const place = ({ policy }: SymptomView): number => order.get(policy) ?? policies.length;
  return (a, b) => compareText(b.lastAt, a.lastAt) || place(a) - place(b) || compareText(a.policy, b.policy);
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
  const against = new Map(
    extracted.map((row) => [
      row.id,
      unrestorable(policySet, view, row) ?? suspicion(row, policy, announcement),
    ]),
  );
  const fit = extracted.filter((row) => against.get(row.id) === null);

  const selected: Selected[] = [];
  policy.snapshots.forEach((rule, index) => {
    const described = fit.filter((row) => describes(rule, row, announcement));
    for (const snapshot of rule.newest ? described.slice(0, 1) : described) {
      if (!selected.some((one) => one.snapshot.id === snapshot.id)) selected.push({ snapshot, rule: index });
    }
  });
  return {
    selected,
    candidates: extracted.map((row) => candidate(row, selected, against.get(row.id) ?? null)),
  };
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
