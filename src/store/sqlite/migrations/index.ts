import { FIRST_TABLES } from './0001-first-tables.js';

/** One step from a schema to the next. Never edited once released: files in the field have run it. */
export interface Migration {
  /** The `user_version` that it leads to: 1, 2, 3, ... */
  readonly version: number;
  readonly sql: string;
}

/** In order, without a gap. */
export const MIGRATIONS: readonly Migration[] = [{ version: 1, sql: FIRST_TABLES }];
