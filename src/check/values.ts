import type { Comparison } from '../engine/condition.js';
import { subjectOf } from './comparison.js';

/*
 * What can be found at a path. Where this gives more than there can be, the check says less than it could; where
 * it gave less, the check would call a condition contradictory that is none.
 */

const at = (fact: string, name: string): string =>
  subjectOf({ fact, path: `$.${name}`, operator: 'equal', value: null });

/** A condition is asked of a firing alert, and of a drive that did not fail: the engine sees to that before. */
const ONLY: ReadonlyMap<string, readonly unknown[]> = new Map([
  [at('alert', 'status'), ['firing']],
  [at('drive', 'health'), ['ok', 'degraded']],
]);

/** Numbers that are always there. The value of an alert is none of them, and a cold boot has no snapshot. */
const ALWAYS_NUMBERS: ReadonlySet<string> = new Set([
  at('drive', 'capacityBytes'),
  at('drive', 'freeBytes'),
  at('server', 'memoryBytes'),
  at('backup', 'memoryBytes'),
]);

/** Values of one subject, such that every other value answers all of these comparisons as one of them does. */
export function representatives(
  subject: string,
  comparisons: readonly Pick<Comparison, 'value'>[],
): readonly unknown[] {
  const only = ONLY.get(subject);
  if (only !== undefined) return only;
  const constants = comparisons.flatMap(({ value }): readonly unknown[] =>
    Array.isArray(value) ? value : [value],
  );
  const numbers = numbersAround(constants.filter((value) => typeof value === 'number'));
  if (ALWAYS_NUMBERS.has(subject)) return numbers;
  const texts = new Set(constants.filter((value) => typeof value === 'string'));
  const others = [...numbers.map(String), 'none of them'].map((text) => unlike(texts, text));
  // What is not there is equal to nothing and compares with nothing, as a text that is none of them.
  return [...constants, ...numbers, ...others];
}

/** Each of them, and one below, between and above. */
function numbersAround(numbers: readonly number[]): readonly number[] {
  const sorted = [...new Set(numbers)].toSorted((a, b) => a - b);
  const [least = 0] = sorted;
  const most = sorted.at(-1) ?? 0;
  // Beyond 2^53 one more is the same number.
  return [
    least - Math.abs(least) - 1,
    ...sorted.flatMap((number, index) => [number, (number + (sorted[index + 1] ?? number)) / 2]),
    most + Math.abs(most) + 1,
  ];
}

/** A text that is none of these and, where the given one is a number, the same number: blanks do not count. */
function unlike(texts: ReadonlySet<string>, text: string): string {
  return texts.has(text) ? unlike(texts, ` ${text}`) : text;
}
