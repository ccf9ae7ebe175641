import type { Comparison } from '../engine/condition.js';
import { parsePath } from '../engine/path.js';

/** What an operator of json-rules-engine says of a value found and the constant of the policy. */
const OPERATORS: Readonly<Record<string, (found: unknown, constant: unknown) => boolean>> = {
  equal: (found, constant) => found === constant,
  notEqual: (found, constant) => found !== constant,
  in: (found, constant) => Array.isArray(constant) && constant.includes(found),
  notIn: (found, constant) => Array.isArray(constant) && !constant.includes(found),
  lessThan: (found, constant) => numberIn(found) < numberIn(constant),
  lessThanInclusive: (found, constant) => numberIn(found) <= numberIn(constant),
  greaterThan: (found, constant) => numberIn(found) > numberIn(constant),
  greaterThanInclusive: (found, constant) => numberIn(found) >= numberIn(constant),
};

/** Operators that are the opposite of another one, whatever both sides are. */
const OPPOSITE_OF: Readonly<Record<string, string>> = {
  notEqual: 'equal',
  doesNotContain: 'contains',
};

/** Whether the comparison holds for what was found. Of those with a constant, and never for `contains`. */
export function compares({ operator, value }: Comparison, found: unknown): boolean {
  return OPERATORS[operator]?.(found, value) ?? false;
}

/** True when the value found decides the comparison; else it depends on another fact, or looks into a list. */
export function isOfConstant({ operator, value }: Comparison): boolean {
  return Object.hasOwn(OPERATORS, operator) && !isReference(value);
}

/** `in` with another fact fails unless that is a list, and a failure makes the whole condition not hold. */
export function canFail({ operator, value }: Comparison): boolean {
  return (operator === 'in' || operator === 'notIn') && isReference(value);
}

export function isOpposite({ operator }: Comparison): boolean {
  return Object.hasOwn(OPPOSITE_OF, operator);
}

/** The same for comparisons that look at the same value, in whatever notation: `$.a` is `$['a']`. */
export function subjectOf({ fact, path }: Comparison): string {
  const parsed = parsePath(path);
  return JSON.stringify([fact, parsed.ok ? parsed.segments : path]);
}

/** The same for comparisons that are equal, or the opposite of each other. */
export function questionOf(comparison: Comparison): string {
  const { operator, value } = comparison;
  return JSON.stringify([subjectOf(comparison), OPPOSITE_OF[operator] ?? operator, value]);
}

/** The comparison in one line. */
export function inOneLine({ fact, path, operator, value }: Comparison): string {
  return `${fact} ${path} ${operator} ${JSON.stringify(value)}`;
}

function isReference(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As json-rules-engine takes it: a text counts as the number it is, and what is none compares with nothing. */
function numberIn(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && !Number.isNaN(Number.parseFloat(value)) ? Number(value) : NaN;
}
