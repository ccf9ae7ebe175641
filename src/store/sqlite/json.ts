import { createHash } from 'node:crypto';
import { StoreDamaged } from '../errors.js';

/** JSON text of a value; null for `undefined`, which JSON does not have. */
export function encodeJson(value: unknown): string | null {
  // The library types promise a string, also where it answers undefined.
  const encoded: unknown = JSON.stringify(value);
  return typeof encoded === 'string' ? encoded : null;
}

/**
 * What we once wrote with {@link encodeJson}, as the type it had then. The only place where text from the file
 * becomes a type without being checked: whoever can change our rows can change anything.
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names what it wrote
export function decodeOwnJson<T>(encoded: string): T {
  try {
    return JSON.parse(encoded) as T;
  } catch (error) {
    throw new StoreDamaged('a row of the store is damaged: it holds text that is not JSON', { cause: error });
  }
}

/** `sha256:` and hex over the content of a value: equal for equal content, whatever the order of its keys. */
export function contentDigest(value: unknown): string {
  const canonical = JSON.stringify(value, (_key, part: unknown) => (isRecord(part) ? sorted(part) : part));
  return `sha256:${createHash('sha256').update(canonical).digest('hex')}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sorted(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
