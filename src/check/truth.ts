import { comparisonsIn, type Comparison, type ConditionTree } from '../engine/condition.js';
import { canFail, compares, isOfConstant, isOpposite, questionOf, subjectOf } from './comparison.js';
import { representatives } from './values.js';

/*
 * What a condition says depends on its comparisons only, and each value that is looked at answers them in one of
 * few ways. So trying all ways, of all values, is a proof, and no rule for this or that contradiction is needed.
 */

/** Beyond so many cases nothing is said: no operator writes such a condition, and a proof must not take minutes. */
const MOST_CASES = 1 << 16;

/** True when something makes it hold; null when that is too much to find out. */
export function canHold(tree: ConditionTree): boolean | null {
  return exists(comparisonsIn(tree), (answers) => holds(tree, answers));
}

/** True when whatever is looked at makes it hold; null when that cannot be found out. */
export function alwaysHolds(tree: ConditionTree): boolean | null {
  return implies({ all: [] }, tree);
}

/** True when the second holds whenever the first does; null when that cannot be found out. */
export function implies(first: ConditionTree, second: ConditionTree): boolean | null {
  const certain = comparisonsIn(second);
  if (certain.some(canFail)) return null;
  const counterexample = exists(
    [...comparisonsIn(first), ...certain],
    (answers) => holds(first, answers) && !holds(second, answers),
  );
  return counterexample === null ? null : !counterexample;
}

export type Answers = ReadonlyMap<Comparison, boolean>;

/** What a condition says when its comparisons say this. */
export function holds(tree: ConditionTree, answers: Answers): boolean {
  if ('all' in tree) return tree.all.every((child) => holds(child, answers));
  if ('any' in tree) return tree.any.some((child) => holds(child, answers));
  if ('not' in tree) return !holds(tree.not, answers);
  return answers.get(tree) ?? false;
}

/** Whether one case of all there are has this; null when there are too many. */
function exists(comparisons: readonly Comparison[], has: (answers: Answers) => boolean): boolean | null {
  const independent = [...grouped(comparisons).values()].map(waysToAnswer);
  if (independent.reduce((cases, ways) => cases * ways.length, 1) > MOST_CASES) return null;
  return combined(independent, new Map(), has);
}

function combined(
  [ways, ...rest]: readonly (readonly Answers[])[],
  answers: Answers,
  has: (answers: Answers) => boolean,
): boolean {
  if (ways === undefined) return has(answers);
  return ways.some((way) => combined(rest, new Map([...answers, ...way]), has));
}

/** Comparisons whose answers depend on each other: those that look at one value, or ask the same question. */
export function grouped(comparisons: readonly Comparison[]): ReadonlyMap<string, readonly Comparison[]> {
  const groups = new Map<string, Comparison[]>();
  for (const one of comparisons) {
    const key = isOfConstant(one) ? subjectOf(one) : questionOf(one);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return groups;
}

function waysToAnswer(group: readonly Comparison[]): readonly Answers[] {
  const [first] = group;
  if (first === undefined || !isOfConstant(first)) return waysToAnswerQuestion(group);
  const found = representatives(subjectOf(first), group);
  return different(found.map((value) => group.map((comparison) => compares(comparison, value)))).map(
    (answers) => toAnswers(group, answers),
  );
}

/** A list that is none answers both `contains` and its opposite with no. */
function waysToAnswerQuestion(group: readonly Comparison[]): readonly Answers[] {
  const yes = group.map((comparison) => !isOpposite(comparison));
  const no = group.map(isOpposite);
  return different([yes, no, group.map(() => false)]).map((answers) => toAnswers(group, answers));
}

function different(ways: readonly (readonly boolean[])[]): readonly (readonly boolean[])[] {
  return [...new Map(ways.map((way) => [way.join(), way])).values()];
}

function toAnswers(group: readonly Comparison[], answers: readonly boolean[]): Answers {
  return new Map(group.map((comparison, index) => [comparison, answers[index] ?? false]));
}
