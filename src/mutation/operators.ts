import { REMOVED } from './edit.js';

/** One other thing that could stand in a place. */
export interface Alternative {
  readonly to: unknown;
  /** What was done, as a person says it: `3 → 2`. */
  readonly what: string;
}

/** What else could stand where `value` stands. Each alternative is one small mistake that a person could make. */
export type Operator = (value: unknown) => readonly Alternative[];

export const removed: Operator = () => [{ to: REMOVED, what: 'removed' }];

/** Thresholds are missed by one: of the last digit, where there is a fraction. */
export const oneOff: Operator = (value) => {
  if (typeof value !== 'number') return [];
  const decimals = /\.(\d+)$/.exec(String(value))?.[1]?.length ?? 0;
  const step = 10 ** -decimals;
  return [value - step, value + step].map((to) => became(value, Number(to.toFixed(decimals))));
};

const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;
const MS_PER_UNIT: Readonly<Record<string, number>> = { ...Object.fromEntries(UNITS), d: 86_400_000 };

/** Durations are guessed, so their mistakes are not small. */
export const halfAndTwice: Operator = (value) => {
  const [, digits, unit = ''] = /^(\d+)([a-z]+)$/.exec(String(value)) ?? [];
  const ms = Number(digits) * (MS_PER_UNIT[unit] ?? Number.NaN);
  return Number.isFinite(ms) ? [ms / 2, ms * 2].map((to) => became(value, duration(Math.floor(to)))) : [];
};

function duration(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms % each === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

/** Shares that are none, or all: of few servers, what lies between is often the same count. */
export const noneOrAll: Operator = (value) => ['0%', '100%'].map((to) => became(value, to));

/** The other word of a pair. */
export function either(one: string, other: string): Operator {
  return (value) => [became(value, value === one ? other : one)];
}

export const negated: Operator = (value) => [became(value, value !== true)];

/** Each element in turn is left out. */
export const oneLess: Operator = (value) => {
  if (!Array.isArray(value)) return [];
  const list: readonly unknown[] = value;
  return list.map((element, index) => ({
    to: list.toSpliced(index, 1),
    what: `without ${shown(element)}`,
  }));
};

/** Each two neighbours change places. */
export const swapped: Operator = (value) => {
  if (!Array.isArray(value)) return [];
  const list: readonly unknown[] = value;
  return list.slice(1).map((element, index) => ({
    to: [...list.slice(0, index), element, list[index], ...list.slice(index + 2)],
    what: `${index + 1} and ${index + 2} have changed places`,
  }));
};

/** Each label of a selector in turn is not asked for. */
export const oneLabelLess: Operator = (value) =>
  Object.keys(typeof value === 'object' && value !== null ? value : {}).map((name) => ({
    to: Object.fromEntries(Object.entries(value ?? {}).filter(([key]) => key !== name)),
    what: `${name} is not asked for`,
  }));

/** The words that could be meant instead; the operators of comparisons that need the same kind of value. */
const OTHER_OPERATORS: Readonly<Record<string, readonly string[]>> = {
  equal: ['notEqual'],
  notEqual: ['equal'],
  in: ['notIn'],
  notIn: ['in'],
  contains: ['doesNotContain'],
  doesNotContain: ['contains'],
  lessThan: ['lessThanInclusive', 'greaterThanInclusive'],
  lessThanInclusive: ['lessThan', 'greaterThan'],
  greaterThan: ['greaterThanInclusive', 'lessThanInclusive'],
  greaterThanInclusive: ['greaterThan', 'lessThan'],
};

export const otherOperator: Operator = (value) =>
  (OTHER_OPERATORS[String(value)] ?? []).map((to) => became(value, to));

/** A number is missed by one, a list lacks one. A text is another one only by not being equal. */
export const otherValue: Operator = (value) => (Array.isArray(value) ? oneLess(value) : oneOff(value));

function became(from: unknown, to: unknown): Alternative {
  return { to, what: `${shown(from)} → ${shown(to)}` };
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
