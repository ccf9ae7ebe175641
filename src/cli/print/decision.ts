import type {
  BackupCandidate,
  Decision,
  DriveCandidate,
  Evidence,
  Reason,
  RestartPlan,
  RetirePlan,
  SnapshotCandidate,
  SnapshotPlan,
} from '../../engine/decision.js';
import type { Paint } from '../terminal.js';
import { table, type Cell } from './table.js';
import { counted, roughly, safe, shortRevision, sizeText, timeText, valueText } from './text.js';

/**
 * A decision as a person reads it: what is done, why, and everything that was considered, accepted or rejected
 * with its reason. A decision to do nothing is told as fully as any other.
 */
export function decisionText(decision: Decision, paint: Paint): string {
  return [
    `${outcomePaint(decision, paint)(decision.outcome)}  ${paint.bold(safe(headline(decision)))}\n`,
    table(particulars(decision), { indent: '  ' }),
    heading('because', paint),
    ...decision.reasons.map((reason) => reasonText(reason, paint)),
    ...(decision.snapshot ? [snapshotText(decision.snapshot, paint)] : []),
    ...(decision.restart ? [restartText(decision.restart, paint)] : []),
    ...(decision.retire ? [retireText(decision.retire, paint)] : []),
  ].join('');
}

/** The decision in one line, without its outcome. */
export function headline(decision: Decision): string {
  const { server } = decision.event;
  const [first] = decision.reasons;
  const why = first ? `${first.code}: ${first.text}` : 'no reason was recorded';
  switch (decision.outcome) {
    case 'snapshot': {
      const { kind = 'manual', drive = null, condition = '' } = decision.snapshot ?? {};
      return `${server}: ${kind} snapshot planned for ${drive ?? 'no drive'}, condition ${condition}`;
    }
    case 'restart': {
      const [attempt] = decision.restart?.attempts ?? [];
      return `${server}: start ${attempt ? attemptText(attempt) : 'without an attempt'}`;
    }
    case 'retire':
      return `${server}: retire ${counted(decision.retire?.snapshots.length ?? 0, 'snapshot')}`;
    case 'refused':
      return `${server}: not done, ${why}`;
    case 'none':
      return `${server}: nothing to do, ${why}`;
  }
}

/** Green for what acts, red for what was refused, dim for nothing. */
export function outcomePaint({ outcome }: Pick<Decision, 'outcome'>, paint: Paint): (text: string) => string {
  switch (outcome) {
    case 'snapshot':
    case 'restart':
    case 'retire':
      return paint.green;
    case 'refused':
      return paint.red;
    case 'none':
      return paint.dim;
  }
}

function particulars({ id, at, event, policyRevision, mode }: Decision): Cell[][] {
  return [
    ['decision', id],
    ['event', `${event.kind} ${event.id} of ${event.server}`],
    ['at', timeText(at)],
    ['policies', shortRevision(policyRevision)],
    ...(mode === 'observe' ? [['mode', 'observe: recorded, nothing is done']] : []),
  ];
}

function heading(text: string, paint: Paint): string {
  return `${paint.bold(text)}\n`;
}

function reasonText({ code, policy, file, line, text, evidence }: Reason, paint: Paint): string {
  const from = policy === undefined ? '' : `  ${safe(policy)}`;
  const place = file === undefined || file === '' ? '' : `  ${paint.dim(safe(`${file}:${line ?? 1}`))}`;
  return `  ${paint.cyan(code)}${from}${place}\n    ${safe(text)}\n${evidenceText(evidence, '    ', paint)}`;
}

/** Each leaf of a condition: what it asks, and what was found. */
function evidenceText(evidence: readonly Evidence[] | undefined, indent: string, paint: Paint): string {
  const rows = (evidence ?? []).map(({ fact, path, operator, expected, found, held }): Cell[] => [
    mark(held, paint),
    path === '' || path === '$' ? fact : `${fact} ${path}`,
    `${operator} ${valueText(expected)}`,
    { text: `found ${valueText(found)}`, paint: held ? paint.dim : paint.red },
  ]);
  return table(rows, { indent });
}

function mark(good: boolean, paint: Paint): Cell {
  return good ? { text: '✓', paint: paint.green } : { text: '✗', paint: paint.red };
}

function snapshotText(plan: SnapshotPlan, paint: Paint): string {
  const { previous } = plan;
  const facts: Cell[][] = [
    ['kind', `${plan.kind}${plan.pinned ? ', pinned' : ''}`],
    ['condition', `${plan.condition}, cause ${plan.cause}`],
    ['previous', previous ? `${previous.snapshot} on ${previous.drive}` : 'none: this is the first'],
    ['needs', `about ${sizeText(plan.estimatedBytes)}, within ${roughly(plan.deadlineMs)}`],
  ];
  return (
    heading('snapshot', paint) +
    table(facts, { indent: '  ' }) +
    heading('drives', paint) +
    drivesText(plan, paint)
  );
}

/** Accepted ones in the order in which they are tried, rejected ones after them. */
function drivesText({ candidates, drives }: SnapshotPlan, paint: Paint): string {
  const place = (drive: string): number => (drives.includes(drive) ? drives.indexOf(drive) : Infinity);
  const sorted = candidates.toSorted((a, b) => byNumber(place(a.drive), place(b.drive)));
  return consideredText(
    sorted.map((candidate) => ({ name: candidate.drive, candidate })),
    paint,
  );
}

interface Considered {
  readonly name: string;
  readonly candidate: DriveCandidate | BackupCandidate;
}

function consideredText(all: readonly Considered[], paint: Paint): string {
  const width = Math.max(...all.map(({ name }) => name.length));
  return all.map((one) => candidateText(one, width, paint)).join('');
}

function candidateText({ name, candidate }: Considered, width: number, paint: Paint): string {
  const shown = safe(name).padEnd(width);
  if (candidate.accepted) {
    return `  ${paint.green('✓')} ${shown}  accepted  score ${score(candidate.score)}\n`;
  }
  const evidence = (candidate.evidence ?? []).filter(({ held }) => !held);
  return (
    `  ${paint.red('✗')} ${shown}  rejected  ${paint.cyan(candidate.reason)}: ${safe(candidate.text)}\n` +
    evidenceText(evidence, '      ', paint)
  );
}

function restartText(plan: RestartPlan, paint: Paint): string {
  const announced = plan.condition ?? 'nothing announced the failure';
  const facts: Cell[][] = [
    ['policy', plan.policy],
    ['failed', `machine ${plan.machine}, disk ${plan.disk}`],
    ['condition', `${announced}, cause ${plan.cause}`],
    ...(plan.firstSymptomAt === null ? [] : [['first symptom', timeText(plan.firstSymptomAt)]]),
    ['after it', plan.afterTakeover === 'snapshot' ? 'a snapshot of the new state' : 'nothing'],
  ];
  const attempts = plan.attempts.map((attempt, index): Cell[] => [
    `${index + 1}.`,
    attemptText(attempt),
    { text: `score ${score(attempt.score)}`, paint: paint.dim },
  ]);
  return (
    heading('restart', paint) +
    table(facts, { indent: '  ' }) +
    heading('attempts, in this order', paint) +
    (attempts.length === 0 ? '  none\n' : table(attempts, { indent: '  ' })) +
    heading('snapshots', paint) +
    (plan.candidates.length === 0 ? '  the disk table has none of this server\n' : '') +
    table(
      byRank(plan.candidates).map((candidate) => snapshotRow(candidate, paint)),
      { indent: '  ' },
    ) +
    heading('backup servers', paint) +
    (plan.backups.length === 0 ? '  the inventory has none\n' : '') +
    consideredText(
      plan.backups.map((candidate) => ({ name: candidate.backup, candidate })),
      paint,
    )
  );
}

function attemptText({ snapshot, condition, drive, backup }: RestartPlan['attempts'][number]): string {
  return snapshot === null
    ? `on ${backup} by a cold boot from ${drive}`
    : `on ${backup} from ${snapshot} (${condition ?? 'no condition'}) on ${drive}`;
}

/** Accepted ones as they are tried, rejected ones after them. */
function byRank(candidates: readonly SnapshotCandidate[]): readonly SnapshotCandidate[] {
  const rank = (candidate: SnapshotCandidate): number => (candidate.accepted ? candidate.rank : Infinity);
  return candidates.toSorted((a, b) => byNumber(rank(a), rank(b)));
}

function snapshotRow(candidate: SnapshotCandidate, paint: Paint): Cell[] {
  const { snapshot, drive, condition, takenAt, accepted } = candidate;
  return [
    mark(accepted, paint),
    snapshot,
    `on ${drive}`,
    condition,
    timeText(takenAt),
    accepted
      ? `accepted  rank ${candidate.rank}, by rule ${candidate.rule + 1} of snapshots`
      : `rejected  ${candidate.reason}: ${candidate.text}`,
  ];
}

function retireText({ snapshots, kept }: RetirePlan, paint: Paint): string {
  const retired = snapshots.map(({ snapshot, drive, text }): Cell[] => [
    mark(false, paint),
    snapshot,
    `on ${drive}`,
    text,
  ]);
  const staying = kept.map(({ snapshot, reason, text }): Cell[] => [
    mark(true, paint),
    snapshot,
    { text: reason, paint: paint.cyan },
    text,
  ]);
  return (
    (retired.length === 0 ? '' : heading('retired', paint) + table(retired, { indent: '  ' })) +
    (staying.length === 0 ? '' : heading('kept', paint) + table(staying, { indent: '  ' }))
  );
}

/** Infinity minus Infinity is no order. */
function byNumber(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function score(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
