import { sealAll } from '../guard.js';
import type { Handle } from '../handle.js';
import { FIRST_TABLES } from './0001-first-tables.js';
import { SEALS } from './0002-seals.js';

/** One step from a schema to the next. Never edited once released: files in the field have run it. */
export interface Migration {
  /** The `user_version` that it leads to: 1, 2, 3, ... */
  readonly version: number;
  readonly sql: string;
  /** What SQL cannot do, in the same transaction. */
  readonly finish?: (handle: Handle) => Promise<void>;
}

/** In order, without a gap. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, sql: FIRST_TABLES },
  { version: 2, sql: SEALS, finish: sealAll },
];
