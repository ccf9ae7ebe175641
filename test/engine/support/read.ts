import { decide } from '../../../src/engine/decide.js';
import type { Decision } from '../../../src/engine/decision.js';
import type { EngineEvent } from '../../../src/engine/event.js';
import type { PolicySet } from '../../../src/engine/policy-set.js';
import type { View } from '../../../src/engine/view.js';
import { policySet } from './policies.js';
import { view } from './view.js';

interface Given {
  readonly policies?: PolicySet;
  readonly view?: View;
}

/** Decides with the inputs frozen: a decision that changes what it is made on fails the test. */
export async function decided(event: EngineEvent, given: Given = {}): Promise<Decision> {
  return decide(given.policies ?? policySet(), frozen(event), frozen(given.view ?? view()));
}

/** The outcome and the code of the reason that is read first. */
export function verdict({ outcome, reasons }: Decision): string {
  return `${outcome}: ${reasons[0]?.code ?? 'no reason'}`;
}

/** Each drive with its score or with the reason against it. */
export function drives(decision: Decision): Readonly<Record<string, string | number>> {
  const candidates = decision.snapshot?.candidates ?? [];
  return Object.fromEntries(candidates.map((one) => [one.drive, one.accepted ? one.score : one.reason]));
}

/** Each snapshot with its rank or with the reason against it. */
export function snapshots(decision: Decision): Readonly<Record<string, string | number>> {
  const candidates = decision.restart?.candidates ?? [];
  return Object.fromEntries(candidates.map((one) => [one.snapshot, one.accepted ? one.rank : one.reason]));
}

/** Each backup server with its score or with the reason against it. */
export function backups(decision: Decision): Readonly<Record<string, string | number>> {
  const candidates = decision.restart?.backups ?? [];
  return Object.fromEntries(candidates.map((one) => [one.backup, one.accepted ? one.score : one.reason]));
}

/** `s2 on spare-1`, in the order in which they are tried. */
export function attempts(decision: Decision): readonly string[] {
  return (decision.restart?.attempts ?? []).map(
    ({ snapshot, backup, drive }) => `${snapshot ?? `cold boot of ${drive}`} on ${backup}`,
  );
}

/** Each snapshot that stays with the reason, each that goes with `retired`. */
export function retained(decision: Decision): Readonly<Record<string, string>> {
  const read: Record<string, string> = {};
  for (const { snapshot } of decision.retire?.snapshots ?? []) read[snapshot] = 'retired';
  for (const { snapshot, reason } of decision.retire?.kept ?? []) read[snapshot] = reason;
  return read;
}

export function codes({ reasons }: Decision): readonly string[] {
  return reasons.map(({ code, policy }) => (policy === undefined ? code : `${code} ${policy}`));
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}
