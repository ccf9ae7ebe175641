import type { Decision, Reason, RestartAttempt } from '../engine/decision.js';
import type { ReasonCode } from '../engine/reasons.js';
import type { ChangeKind, DecisionSide, PolicyPlace } from './change.js';

/** What a snapshot is called in both worlds: equal names are the same snapshot. */
export type NameOf = (snapshot: string) => string;

/** @param changes what differs: it decides which of the policies involved is the responsible one. */
export function sideOf(decision: Decision, changes: readonly ChangeKind[], nameOf: NameOf): DecisionSide {
  const { outcome, mode, reasons, snapshot, restart, retire } = decision;
  const [first] = reasons;
  const [attempt, ...more] = restart?.attempts ?? [];
  const retired = outcome === 'retire' ? (retire?.snapshots ?? []) : [];
  return {
    outcome,
    mode,
    reason: first?.code ?? null,
    text: first?.text ?? '',
    policy: responsible(reasons, changes),
    condition: snapshot?.condition ?? attempt?.condition ?? null,
    drive: snapshot?.drive ?? attempt?.drive ?? null,
    backup: attempt?.backup ?? null,
    snapshots: attempt ? [wokenText(attempt, nameOf)] : retired.map((one) => nameOf(one.snapshot)),
    fallback: snapshot ? snapshot.drives.slice(1) : more.map((next) => attemptText(next, nameOf)),
    settings: settingsOf(decision),
  };
}

export interface Names {
  readonly base: NameOf;
  readonly head: NameOf;
}

/** What differs between two decisions about one event; empty when they come to the same. Names do not count. */
export function changesBetween(base: Decision, head: Decision, nameOf: Names): readonly ChangeKind[] {
  if (acts(base) !== acts(head)) return [acts(head) ? 'gained' : 'lost'];
  if (base.outcome !== head.outcome || base.mode !== head.mode) return ['outcome'];
  // What was refused is the same whichever drives or backups were looked at.
  if (base.outcome === 'refused' || base.outcome === 'none') {
    return base.reasons[0]?.code === head.reasons[0]?.code ? [] : ['reason'];
  }
  const before = sideOf(base, [], nameOf.base);
  const after = sideOf(head, [], nameOf.head);
  return DIFFERS.flatMap(([kind, told]) => (same(told(before), told(after)) ? [] : [kind]));
}

type Differs = readonly (readonly [kind: ChangeKind, told: (side: DecisionSide) => unknown])[];

const DIFFERS: Differs = [
  ['drive', ({ drive }) => drive],
  ['snapshot', ({ condition, snapshots, settings }) => [condition, snapshots, settings.snapshot]],
  ['backup', ({ backup }) => backup],
  ['fallback', ({ fallback }) => fallback],
  ['settings', ({ settings }) => [settings.deadlineMs, settings.sequence, settings.afterTakeover]],
  ['reason', ({ reason }) => reason],
];

function settingsOf({ snapshot, restart, outcome }: Decision): DecisionSide['settings'] {
  if (outcome === 'snapshot' && snapshot) {
    const { kind, cause, pinned, deadlineMs } = snapshot;
    return { snapshot: { kind, cause, pinned }, deadlineMs };
  }
  if (outcome === 'restart' && restart) {
    const { sequence, afterTakeover } = restart;
    return { sequence, afterTakeover };
  }
  return {};
}

/** Whether anything is done at all. */
export function acts({ outcome, mode }: Decision): boolean {
  return mode === 'enforce' && outcome !== 'none' && outcome !== 'refused';
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function wokenText({ snapshot, drive }: RestartAttempt, nameOf: NameOf): string {
  return snapshot === null ? `cold boot from ${drive}` : nameOf(snapshot);
}

function attemptText(attempt: RestartAttempt, nameOf: NameOf): string {
  return `${wokenText(attempt, nameOf)} on ${attempt.backup} from ${attempt.drive}`;
}

/** The drives are chosen by the PlacementPolicy, all else by the policy of the first reason that has one. */
function responsible(reasons: readonly Reason[], changes: readonly ChangeKind[]): PolicyPlace | null {
  const ofDrive = changes.every((kind) => kind === 'drive' || kind === 'fallback');
  const placed = reasons.find(({ code }) => changes.length > 0 && ofDrive && PLACEMENT.has(code));
  const reason = placed ?? reasons.find(({ file = '' }) => file !== '');
  if (reason?.policy === undefined || reason.file === undefined) return null;
  return { name: reason.policy, file: reason.file, line: reason.line ?? 1 };
}

const PLACEMENT: ReadonlySet<ReasonCode> = new Set<ReasonCode>(['placed', 'no-drive', 'drives-busy']);
