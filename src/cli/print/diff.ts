import type {
  DecisionChange,
  DecisionSide,
  FailureChange,
  Survival,
  SurvivalChange,
} from '../../diff/index.js';
import { spoken } from '../../engine/reason.js';
import type { Instant } from '../../engine/time.js';
import type { Paint } from '../terminal.js';
import { table, type Cell } from './table.js';
import { counted, safe, shortRevision, timeText, valueText } from './text.js';

/** What was compared with what, and what came of it. */
export interface DiffReport {
  readonly base: Compared;
  readonly head: Compared;
  readonly events: { readonly count: number; readonly from: Instant | null; readonly to: Instant | null };
  readonly changes: readonly DecisionChange[];
  readonly failures: readonly FailureChange[];
  readonly survival: readonly SurvivalChange[];
}

interface Compared {
  /** As the command line gives it. */
  readonly name: string;
  readonly revision: string;
}

export type Change = DecisionChange | FailureChange;

/** All of it, for scripts. */
export function diffJson({ base, head, events, changes, failures, survival }: DiffReport): object {
  const summary = {
    changes: changes.length,
    follow: changes.filter(({ follows }) => follows).length,
    failures: failures.length,
    survival: survival.length,
    kinds: Object.fromEntries(countKinds([...changes, ...failures])),
  };
  return { base, head, events, summary, changes, failures, survival };
}

/** Each changed decision with both sides, and the policies that are responsible. */
export function diffText(report: DiffReport, paint: Paint): string {
  const { base, head, changes, failures, survival } = report;
  const compared = [base, head].map(({ name, revision }, index): Cell[] => [
    index === 0 ? 'base' : 'head',
    name,
    { text: shortRevision(revision), paint: paint.dim },
  ]);
  const all: readonly Change[] = [...changes, ...failures];
  const line = summaryLine(report);
  return [
    table(compared),
    ...all.map((change) => `\n${changeText(change, paint)}`),
    ...survival.map((change) => `\n${survivalText(change, paint)}`),
    `\n${all.length + survival.length === 0 ? paint.green(line) : paint.bold(line)}\n`,
  ].join('');
}

function changeText(change: Change, paint: Paint): string {
  const { changes, base, head } = change;
  const follows = isConsequence(change) ? paint.dim('  follows from an earlier change') : '';
  const kinds = paint.cyan(changes.join(', '));
  const sides = [base, head].map((side, index): Cell[] => [
    { text: index === 0 ? 'base' : 'head', paint: index === 0 ? paint.red : paint.green },
    sideText(side, changes),
    { text: placeText(side), paint: paint.dim },
  ]);
  return `${paint.bold(safe(subjectText(change)))}  ${kinds}${follows}\n${table(sides, { indent: '  ' })}`;
}

function survivalText({ failure, server, changes, base, head }: SurvivalChange, paint: Paint): string {
  const sides = [base, head].map((side, index): Cell[] => [
    { text: index === 0 ? 'base' : 'head', paint: index === 0 ? paint.red : paint.green },
    survivedText(side),
    { text: placeText(side), paint: paint.dim },
  ]);
  const title = paint.bold(safe(`${server}: ${failure} fails, at the worst moment`));
  return `${title}  ${paint.cyan(changes.join(', '))}\n${table(sides, { indent: '  ' })}`;
}

/** What becomes of a server, in one line. */
export function survivedText({ outcome, lostMs }: Survival): string {
  return lostMs === null ? outcome : `${outcome}, ${spoken(lostMs)} lost`;
}

/** What the decision is about: the event and its time, or the failure that is supposed. */
export function subjectText(change: Change): string {
  if ('failure' in change)
    return `${change.failure.server}: failure of its ${change.failure.subject}, supposed`;
  return `${timeText(change.at)}  ${change.event.server}: ${change.event.kind} ${change.event.id}`;
}

export function isConsequence(change: Change): boolean {
  return 'follows' in change && change.follows;
}

/** What one side does, in one line: as much as tells it from the other. */
export function sideText(side: DecisionSide, changes: Change['changes']): string {
  const parts = [
    whatText(side),
    ...(changes.includes('fallback') ? [`then ${listText(side.fallback)}`] : []),
    ...(changes.includes('settings') ? [valueText(side.settings)] : []),
  ];
  const text = `${side.mode === 'observe' ? 'only observed: ' : ''}${parts.join(', ')}`;
  return text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, timeText);
}

function whatText({ outcome, reason, text, condition, drive, backup, snapshots }: DecisionSide): string {
  switch (outcome) {
    case 'snapshot':
      return `snapshot on ${drive ?? 'no drive'} (${condition ?? 'no condition'})`;
    case 'restart':
      return `restart on ${backup ?? 'nothing'} from ${drive ?? 'nothing'}: ${listText(snapshots)}`;
    case 'retire':
      return `retire ${listText(snapshots)}`;
    case 'refused':
      return `refused, ${reason ?? 'no reason'}: ${text}`;
    case 'none':
      return `nothing, ${reason ?? 'no reason'}: ${text}`;
  }
}

const LISTED = 3;

function listText(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : '';
  return `${names.slice(0, LISTED).join('; ')}${more}`;
}

/** `policies/alerts.yaml:4 overheating`; empty where no policy is responsible. */
export function placeText({ policy }: Pick<DecisionSide, 'policy'>): string {
  return policy === null ? '' : `${policy.file}:${policy.line} ${policy.name}`;
}

/** The whole in one sentence. */
export function summaryLine({ events, changes, failures, survival }: DiffReport): string {
  const answers = changing(failures.length, 'answer to a single failure', 'answers to single failures');
  const worst = survival.length === 0 ? '' : `; at the worst moment ${changing(survival.length, 'more')}`;
  return `${decidedText(events, changes)}; ${answers}${worst}`;
}

function decidedText({ count, from, to }: DiffReport['events'], changes: DiffReport['changes']): string {
  if (from === null || to === null) return 'no recorded events were given';
  const follow = changes.filter(({ follows }) => follows).length;
  const kinds = countKinds(changes).map(([kind, times]) => `${times} ${kind}`);
  return [
    `of ${counted(count, 'event')} from ${timeText(from)} to ${timeText(to)} ${changing(changes.length, 'decision')}`,
    kinds.length === 0 ? '' : ` (${kinds.join(', ')})`,
    follow === 0 ? '' : `, ${follow} of them only because of earlier changes`,
  ].join('');
}

function changing(count: number, one: string, many?: string): string {
  return `${counted(count, one, many)} ${count === 1 ? 'changes' : 'change'}`;
}

function countKinds(changes: readonly Change[]): readonly (readonly [kind: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const kind of changes.flatMap((change) => change.changes))
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}
