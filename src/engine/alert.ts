import type { Comparison, Facts, Verdict } from './condition.js';
import type { Evidence, Memory, Reason } from './decision.js';
import type { AlertEvent } from './event.js';
import { parsePath } from './path.js';
import type { AlertPolicy, PolicySet } from './policy-set.js';
import { reason, spoken } from './reason.js';
import { REASONS } from './reasons.js';
import { toEpochMs } from './time.js';
import type { View } from './view.js';
import { type ActiveServer, selects, serverFact } from './world.js';

/** Step 2 of the method: which policies' conditions an alert meets. */
export interface Matching {
  /** The policy that may order the additional snapshot; null when none may. */
  readonly ordering: AlertPolicy | null;
  /** A condition was met, though perhaps nothing may be ordered for it now. */
  readonly met: boolean;
  readonly reasons: readonly Reason[];
  readonly remember: Pick<Memory, 'matches' | 'symptoms' | 'closed'>;
}

export async function matchAlert(
  policySet: PolicySet,
  view: View,
  server: ActiveServer,
  alert: AlertEvent,
): Promise<Matching> {
  const candidates = policySet.alertPolicies.filter((policy) => selects(policy.servers, server.identity));
  const facts = { alert: alertFact(alert), server: serverFact(server) };
  if (alert.status === 'resolved') return resolved(candidates, facts);
  const verdicts = await Promise.all(
    candidates.map(async (policy) => ({ policy, verdict: await policy.when.holds(facts) })),
  );
  const faults = verdicts.flatMap(({ policy, verdict }) =>
    verdict.error === null ? [] : [reason('condition-error', policy, { text: verdict.error })],
  );
  const matched = verdicts.filter(({ verdict }) => verdict.held);
  const counted = matched.map(({ policy, verdict }) => ({
    policy,
    evidence: verdict.evidence,
    ...count(view, server.name, policy, alert),
  }));
  const permitted = counted.filter(
    ({ policy, reached }) => reached && coolingSince(view, server.name, policy, alert) === null,
  );
  // A policy that only observes must not keep one that acts from acting.
  const first = permitted.find(({ policy }) => policy.mode === 'enforce') ?? permitted[0];
  const reasons = counted.map(({ policy, evidence, reached, seen }) => {
    const { times, withinMs } = policy.repeated;
    if (policy === first?.policy) {
      const counted =
        times > 1 ? { text: `${REASONS.matched}, ${seen} of ${times} within ${spoken(withinMs)}` } : {};
      return reason('matched', policy, { ...counted, evidence });
    }
    if (!reached) {
      return reason('counting', policy, { text: `${seen} of ${times} within ${spoken(withinMs)}`, evidence });
    }
    const cooling = coolingSince(view, server.name, policy, alert);
    if (cooling !== null) {
      const text = `a snapshot for ${policy.condition} was taken at ${cooling}; at most one in ${spoken(policy.snapshot.cooldownMs)}`;
      return reason('in-cooldown', policy, { text, evidence });
    }
    return reason(policy.mode === 'observe' ? 'observe' : 'also-matched', policy, { evidence });
  });
  return {
    ordering: first?.policy ?? null,
    met: counted.some(({ reached }) => reached),
    reasons:
      counted.length > 0
        ? [...reasons.toSorted(decisiveFirst), ...faults]
        : [...faults, ...(await unmet(policySet, server, facts, verdicts))],
    remember: {
      matches: counted.map(({ policy }) => ({ policy: policy.name, digest: policy.digest })),
      symptoms: counted.map(({ policy, reached }) => ({
        condition: policy.condition,
        cause: policy.cause,
        policy: policy.name,
        met: reached,
      })),
      closed: [],
    },
  };
}

const NEAREST = 3;

/** Why nothing happened: who would have been met but does not select the server, and who came near. */
async function unmet(
  policySet: PolicySet,
  server: ActiveServer,
  facts: Facts,
  verdicts: readonly { policy: AlertPolicy; verdict: Verdict }[],
): Promise<Reason[]> {
  const elsewhere = policySet.alertPolicies.filter((policy) => !selects(policy.servers, server.identity));
  const unselected = await Promise.all(
    elsewhere.map(async (policy) => ({ policy, verdict: await policy.when.holds(facts) })),
  );
  const near = verdicts
    .map(({ policy, verdict: { evidence } }) => ({ policy, evidence, share: nearness(evidence) }))
    .filter(({ share }) => share > 0)
    .toSorted((a, b) => b.share - a.share);
  return [
    reason('no-policy-matched'),
    ...unselected
      .filter(({ verdict }) => verdict.held)
      .slice(0, NEAREST)
      .map(({ policy, verdict }) => reason('not-selected', policy, { evidence: verdict.evidence })),
    ...near.slice(0, NEAREST).map(({ policy, evidence }) => reason('not-met', policy, { evidence })),
  ];
}

/** The share of the comparisons that held; none when no label fits, since the alert is about something else. */
function nearness(evidence: readonly Evidence[]): number {
  const held = evidence.filter((one) => one.held);
  const aboutThis = held.some(({ fact, path }) => fact === 'alert' && path.startsWith('$.labels'));
  return aboutThis ? held.length / evidence.length : 0;
}

/**
 * The fact `alert`, and the only one that holds anything from outside. A body can name its labels as it
 * likes; it cannot reach the facts `server`, `drive`, `backup` or `snapshot`.
 */
export function alertFact(alert: AlertEvent): object {
  const { status, source, labels, annotations, at, server, value } = alert;
  // NaN and infinity do not survive the store; a condition must not see them before it either.
  return { status, source, labels, annotations, at, server, value: Number.isFinite(value) ? value : null };
}

/** `repeated`: matches inside the window that ends with this alert, this one included. */
function count(
  view: View,
  server: string,
  policy: AlertPolicy,
  alert: AlertEvent,
): { readonly seen: number; readonly reached: boolean } {
  const end = toEpochMs(alert.at);
  const begin = end - policy.repeated.withinMs;
  const earlier = view.matches.filter((match) => {
    const at = toEpochMs(match.at);
    return (
      match.event !== alert.id &&
      match.server === server &&
      match.policy === policy.name &&
      match.digest === policy.digest &&
      at > begin &&
      at <= end
    );
  });
  const seen = earlier.length + 1;
  return { seen, reached: seen >= policy.repeated.times };
}

/** When the snapshot was taken that still cools this condition down; null when none does. */
function coolingSince(view: View, server: string, policy: AlertPolicy, alert: AlertEvent): string | null {
  const now = toEpochMs(alert.at);
  const recent = view.snapshots.filter(
    (row) =>
      row.server === server &&
      row.kind === 'additional' &&
      row.condition === policy.condition &&
      // A snapshot that failed or is damaged protects nothing, so it cools nothing down.
      (row.state === 'complete' || row.state === 'writing') &&
      row.verified !== 'failed' &&
      now - toEpochMs(row.takenAt) < policy.snapshot.cooldownMs,
  );
  return recent.toSorted((a, b) => b.generation - a.generation)[0]?.takenAt ?? null;
}

/**
 * A resolved alert closes the symptom of each policy that its labels match. The measured value is not looked
 * at: it is below the threshold now, which is why the alert is resolved.
 */
async function resolved(candidates: readonly AlertPolicy[], facts: Facts): Promise<Matching> {
  const closed = await Promise.all(
    candidates.map(async (policy) => {
      const verdict = await policy.when.only(isOfLabels)?.holds(facts);
      return verdict?.held ? [policy.name] : [];
    }),
  );
  return {
    ordering: null,
    met: false,
    reasons: [reason('not-firing')],
    remember: { matches: [], symptoms: [], closed: closed.flat() },
  };
}

function isOfLabels({ fact, path }: Comparison): boolean {
  const parsed = parsePath(path);
  return fact === 'alert' && parsed.ok && parsed.segments[0] === 'labels';
}

/** The reason for the outcome stands first; a reader of one line reads the right one. */
function decisiveFirst(a: Reason, b: Reason): number {
  return weight(a) - weight(b);
}

function weight({ code }: Reason): number {
  const place = ['matched', 'in-cooldown'].indexOf(code);
  return place === -1 ? 2 : place;
}
