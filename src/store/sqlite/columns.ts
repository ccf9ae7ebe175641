import { StoreDamaged } from '../errors.js';
import type { Row } from './handle.js';

/** Decoders of one column each. A value that we cannot have written means that the file is damaged. */

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw unreadable(column, 'text', value);
  return value;
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (!Number.isSafeInteger(value) || typeof value !== 'number')
    throw unreadable(column, 'a whole number', value);
  return value;
}

export function flag(row: Row, column: string): boolean {
  const value = integer(row, column);
  if (value !== 0 && value !== 1) throw unreadable(column, '0 or 1', value);
  return value === 1;
}

/** @param words every word that may stand there; as a record, so that the compiler sees a forgotten one. */
export function word<T extends string>(row: Row, column: string, words: Readonly<Record<T, true>>): T {
  const value = text(row, column);
  if (!isWordOf(words, value)) throw unreadable(column, Object.keys(words).join(' or '), value);
  return value;
}

export function nullable<T>(row: Row, column: string, decode: (row: Row, column: string) => T): T | null {
  return row[column] === null ? null : decode(row, column);
}

function isWordOf<T extends string>(words: Readonly<Record<T, true>>, value: string): value is T {
  return Object.hasOwn(words, value);
}

function unreadable(column: string, expected: string, found: unknown): StoreDamaged {
  return new StoreDamaged(
    `a row of the store is damaged: ${column} must be ${expected}, found ${JSON.stringify(found)}`,
  );
}
