import { comparisonsIn, type Condition, type ConditionTree, type Facts } from '../engine/condition.js';
import type { Evidence } from '../engine/decision.js';

/** A condition as the policy states it, each part with whether it was met. */
export type ExplainedCondition =
  | { readonly all: readonly ExplainedCondition[]; readonly met: boolean }
  | { readonly any: readonly ExplainedCondition[]; readonly met: boolean }
  | { readonly not: ExplainedCondition; readonly met: boolean }
  | ExplainedComparison;

/** A comparison with the value that it met. */
export interface ExplainedComparison extends Omit<Evidence, 'held'> {
  readonly met: boolean;
}

/** Evaluates a condition and gives every part of it its verdict; null when it could not be evaluated. */
export async function explainCondition(
  condition: Condition,
  facts: Facts,
): Promise<ExplainedCondition | null> {
  const { error, evidence } = await condition.holds(facts);
  return error === null ? explainedBy(condition.tree, evidence) : null;
}

/** A condition with what was recorded of it; null when that is not of every comparison. */
export function explainedBy(tree: ConditionTree, evidence: readonly Evidence[]): ExplainedCondition | null {
  if (evidence.length !== comparisonsIn(tree).length) return null;
  const left = [...evidence];
  return explained(tree, () => left.shift());
}

/** The evidence stands in the order in which the comparisons are written. */
function explained(tree: ConditionTree, next: () => Evidence | undefined): ExplainedCondition {
  if ('all' in tree) {
    const all = tree.all.map((part) => explained(part, next));
    return { all, met: all.every(({ met }) => met) };
  }
  if ('any' in tree) {
    const any = tree.any.map((part) => explained(part, next));
    return { any, met: any.some(({ met }) => met) };
  }
  if ('not' in tree) {
    const not = explained(tree.not, next);
    return { not, met: !not.met };
  }
  const { fact, path, operator } = tree;
  const { expected = tree.value, found = null, held = false } = next() ?? {};
  return { fact, path, operator, expected, found, met: held };
}

/** Every comparison of a condition, in the order in which they are written. */
export function comparisonsOf(condition: ExplainedCondition): readonly ExplainedComparison[] {
  if ('all' in condition) return condition.all.flatMap(comparisonsOf);
  if ('any' in condition) return condition.any.flatMap(comparisonsOf);
  return 'not' in condition ? comparisonsOf(condition.not) : [condition];
}

/** A comparison that would have to come out otherwise. */
export interface Turn {
  readonly comparison: ExplainedComparison;
  readonly to: boolean;
}

/** The fewest comparisons that would have to come out otherwise for the condition to be met, or not to be. */
export function turnsTo(condition: ExplainedCondition, met: boolean): readonly Turn[] {
  if (condition.met === met) return [];
  if ('not' in condition) return turnsTo(condition.not, !met);
  if ('all' in condition) return met ? each(condition.all, true) : cheapest(condition.all, false);
  if ('any' in condition) return met ? cheapest(condition.any, true) : each(condition.any, false);
  return [{ comparison: condition, to: met }];
}

function each(parts: readonly ExplainedCondition[], met: boolean): readonly Turn[] {
  return parts.flatMap((part) => turnsTo(part, met));
}

function cheapest(parts: readonly ExplainedCondition[], met: boolean): readonly Turn[] {
  const [first = [], ...others] = parts.map((part) => turnsTo(part, met));
  return others.reduce((least, turns) => (costOf(turns) < costOf(least) ? turns : least), first);
}

/** What an alert calls itself is a bigger thing to turn than what it measured. */
function costOf(turns: readonly Turn[]): number {
  return turns.reduce((sum, { comparison }) => sum + (comparison.path.startsWith('$.labels') ? 3 : 1), 0);
}
