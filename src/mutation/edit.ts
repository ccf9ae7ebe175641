import type { Path } from '../engine/documents/place.js';

/** Stands for a key or an element that is no longer there. */
export const REMOVED = Symbol('removed');

/**
 * A copy of a document's data with another value at a path, or without what is there. Everything off the path
 * is shared with the original.
 * @throws {TypeError} when the path leads nowhere.
 */
export function edited(data: unknown, path: Path, to: unknown): unknown {
  const [segment, ...rest] = path;
  if (segment === undefined) return to;
  if (Array.isArray(data) && typeof segment === 'number') {
    const list: readonly unknown[] = data;
    if (rest.length === 0 && to === REMOVED) return list.toSpliced(segment, 1);
    return list.with(segment, edited(list[segment], rest, to));
  }
  if (typeof data !== 'object' || data === null) throw new TypeError(`nothing at ${String(segment)}`);
  const entries = Object.entries(data).flatMap(([key, value]): [string, unknown][] => {
    if (key !== segment) return [[key, value]];
    return rest.length === 0 && to === REMOVED ? [] : [[key, edited(value, rest, to)]];
  });
  return Object.fromEntries(entries);
}
