import type { Origin } from '../../engine/policy-set.js';
import { spoken } from '../../engine/reason.js';
import type { CheckCode, CheckFinding } from '../finding.js';
import type { Analysis, Case } from './analyse.js';
import type { Outcome } from './outcome.js';
import type { Rotating } from './rotation.js';

/** A finding of the failure analysis, with the case that shows it. */
export interface FailureFinding extends CheckFinding {
  /** The first of the cases that it sums up; null when it is about a schedule. */
  readonly example: Case | null;
}

/** What an operator would want to know before it happens; cases that are alike are one finding. */
export function failureFindings({
  servers,
  struck,
  unprotected,
  pairs,
}: Analysis): readonly FailureFinding[] {
  return [
    ...servers.flatMap(stuck),
    ...summed(struck.flatMap(overOf)),
    ...summed(unprotected.map(unprotects)),
    ...summed((pairs?.struck ?? []).flatMap(lostInPair)),
  ];
}

function stuck({ governed: { server, schedules }, stuck: decision }: Rotating): readonly FailureFinding[] {
  if (decision === null) return [];
  const [policy] = schedules;
  const rejected = (decision.snapshot?.candidates ?? []).flatMap((one) =>
    one.accepted ? [] : [`${one.drive}: ${one.reason}`],
  );
  return [
    {
      code: 'SCHEDULE_STUCK',
      severity: 'error',
      origin: policy?.origin ?? server.origin,
      message: `no drive takes the next periodic snapshot of ${server.name}, however long it waits: ${rejected.join(', ') || 'it reaches no drive'}`,
      hint: 'give the server a path to a second drive that its placement accepts',
      example: null,
    },
  ];
}

/** One thing that is wrong with one case, before cases that are alike are put together. */
interface Fault {
  readonly code: CheckCode;
  readonly severity: CheckFinding['severity'];
  readonly origin: Origin;
  readonly text: string;
  readonly hint: string;
  /** Cases with the same are alike. */
  readonly alike: string;
  /** Of alike cases the worst is told. */
  readonly weight: number;
  readonly example: Case;
}

function overOf(example: Case): readonly Fault[] {
  const { outcome } = example;
  const { attempt, lostMs, policy, takesMs } = outcome;
  if (attempt === null) return [notSurvived(example, 'FAILURE_NOT_SURVIVED', 'error')];
  const { maxLossMs, maxRestartMs } = policy.budget;
  return [
    ...(lostMs === null ? [withoutMemory(example)] : []),
    ...(lostMs !== null && maxLossMs !== null && lostMs > maxLossMs
      ? [overLoss(example, lostMs, maxLossMs)]
      : []),
    ...(maxRestartMs !== null && takesMs > maxRestartMs ? [overRestart(example, maxRestartMs)] : []),
  ];
}

function lostInPair(example: Case): readonly Fault[] {
  return example.outcome.attempt === null ? [notSurvived(example, 'PAIR_NOT_SURVIVED', 'warning')] : [];
}

function notSurvived(example: Case, code: CheckCode, severity: CheckFinding['severity']): Fault {
  const { decision } = example.outcome;
  const [why] = decision.reasons;
  const hint = hintFor(example.outcome);
  return {
    ...faultOf(example, code, severity),
    text: `${situation(example)} it is not restarted: ${why?.text ?? decision.outcome}`,
    hint,
    alike: `${why?.code ?? ''} ${hint}`,
    weight: 0,
  };
}

function hintFor({ decision }: Outcome): string {
  const [why] = decision.reasons;
  if (why?.code === 'below-min-healthy') {
    return 'lower guard.minHealthy, or leave it and be called: a person decides then';
  }
  if (why?.code !== 'no-attempt') return 'rekindle why --event explains each rejected snapshot and backup';
  return decision.restart?.candidates.some(({ accepted }) => accepted) === true
    ? 'add a backup server that is left then, has a path to the drive and meets backups.require'
    : 'take snapshots that the chain selects then: a SchedulePolicy, drives apart from each other, another link';
}

function withoutMemory(example: Case): Fault {
  const { maxLossMs } = example.outcome.policy.budget;
  const error = maxLossMs !== null;
  return {
    ...faultOf(example, error ? 'BUDGET_LOSS' : 'FAILURE_LOSES_MEMORY', error ? 'error' : 'warning'),
    text: `${situation(example)} it is booted from its disk, and its memory is lost${error ? `; maxLoss is ${spoken(maxLossMs)}` : ''}`,
    hint: 'let the chain select a snapshot then, for example { condition: any } as its last link',
    alike: 'cold',
    weight: Number.MAX_VALUE,
  };
}

function overLoss(example: Case, lostMs: number, maxLossMs: number): Fault {
  const lost = Number.isFinite(lostMs) ? `up to ${spoken(lostMs)}` : 'more and more as time goes on';
  return {
    ...faultOf(example, 'BUDGET_LOSS', 'error'),
    text: `${situation(example)} ${lost} of work is lost; maxLoss is ${spoken(maxLossMs)}`,
    hint: 'take snapshots more often, shorten their deadline, or raise maxLoss',
    alike: 'late',
    weight: Math.min(lostMs, Number.MAX_VALUE),
  };
}

function overRestart(example: Case, maxRestartMs: number): Fault {
  const { takesMs } = example.outcome;
  return {
    ...faultOf(example, 'BUDGET_RESTART', 'error'),
    text: `${situation(example)} the timeouts of its restart add up to ${spoken(takesMs)}; maxRestart is ${spoken(maxRestartMs)}`,
    hint: 'shorten the timeouts of the sequence, allow fewer attempts or more restarts at once, or raise maxRestart',
    alike: '',
    weight: takesMs,
  };
}

function unprotects(example: Case): Fault {
  const { failure, outcome } = example;
  return {
    ...faultOf(example, 'FAILURE_UNPROTECTS', 'warning'),
    text: `when ${failure.subject} fails, ${outcome.server.name} runs on, and until its next snapshot there is none to wake it from`,
    hint: 'keep snapshots on drives that do not fail together: apartFrom, or a higher retain',
    alike: '',
    weight: 0,
  };
}

function faultOf(example: Case, code: CheckCode, severity: CheckFinding['severity']) {
  return { code, severity, origin: example.outcome.policy.origin, example };
}

function situation({ failure, outcome: { server, state } }: Case): string {
  const after = state.symptom === null ? '' : ` long after the first alert of ${state.symptom.policy}`;
  return failure.subject === `server ${server.name}`
    ? `when ${server.name} fails${after},`
    : `when ${failure.subject} fails and takes ${server.name} down${after},`;
}

/** Cases of one policy and one reason are one finding: that of the worst, and how many more. */
function summed(faults: readonly Fault[]): readonly FailureFinding[] {
  const groups = new Map<string, Fault[]>();
  for (const fault of faults) {
    const { code, origin, alike, example } = fault;
    const announced = example.outcome.state.symptom !== null;
    const key = JSON.stringify([code, origin, alike, announced]);
    groups.set(key, [...(groups.get(key) ?? []), fault]);
  }
  return [...groups.values()].flatMap((group) => {
    const [worst] = group.toSorted((a, b) => b.weight - a.weight);
    return worst === undefined ? [] : [toFinding(worst, group.length - 1)];
  });
}

function toFinding({ code, severity, origin, text, hint, example }: Fault, more: number): FailureFinding {
  const others = more === 0 ? '' : `; ${more} more like it`;
  const message = `${example.outcome.policy.name}: ${text}${others}`;
  return { code, severity, origin, message, hint, example };
}
