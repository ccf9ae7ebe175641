import { isDeepStrictEqual } from 'node:util';

/** One place at which a decision is not what was expected. */
export interface Difference {
  /** `snapshot.drive`, `reasons[0].code`; empty for the whole. */
  readonly path: string;
  readonly expected: unknown;
  /** Undefined where there is nothing. */
  readonly actual: unknown;
}

/**
 * Compares as JSON, with what the expectation leaves out left open: of an object each given key must match, an
 * array must have as many elements and each must match, anything else must be equal.
 */
export function differences(expected: unknown, actual: unknown, path = ''): readonly Difference[] {
  if (Array.isArray(expected) && Array.isArray(actual)) {
    const common: readonly unknown[] = expected.slice(0, actual.length);
    const within = common.flatMap((element, index) =>
      differences(element, actual[index], `${path}[${index}]`),
    );
    if (expected.length === actual.length) return within;
    return [...within, { path: `${path}.length`, expected: expected.length, actual: actual.length }];
  }
  if (isObject(expected) && isObject(actual)) {
    return Object.entries(expected).flatMap(([key, value]) =>
      differences(
        value,
        Object.hasOwn(actual, key) ? actual[key] : undefined,
        path === '' ? key : `${path}.${key}`,
      ),
    );
  }
  return isDeepStrictEqual(expected, actual) ? [] : [{ path, expected, actual }];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
