import sqlite3 from 'sqlite3';

/** What may be bound to a parameter. Never `undefined`: the driver would bind it as NULL without a word. */
export type Bindable = string | number | null;
export type Row = Readonly<Record<string, unknown>>;

/** npm `sqlite3` with promises. Every call has a callback: an error without one would end the process. */
export interface Handle {
  /** One statement; a second one would silently not run. Returns how many rows it changed. */
  run(sql: string, params?: readonly Bindable[]): Promise<number>;
  all(sql: string, params?: readonly Bindable[]): Promise<readonly Row[]>;
  /** Any number of statements. */
  exec(sql: string): Promise<void>;
  close(): Promise<void>;
}

/** How long a statement waits for another process. Only opening can meet one: afterwards the file is ours. */
const BUSY_TIMEOUT_MS = 500;

/** Opens, or creates, a database file; `:memory:` is one that nobody else sees. */
export async function openHandle(file: string): Promise<Handle> {
  const database = await open(file);
  database.serialize();
  database.configure('busyTimeout', BUSY_TIMEOUT_MS);
  return {
    run: (sql, params = []) =>
      new Promise((resolve, reject) => {
        database.run(sql, bound(params), function (this: sqlite3.RunResult, error: Error | null) {
          if (error) reject(error);
          else resolve(this.changes);
        });
      }),
    all: (sql, params = []) =>
      new Promise((resolve, reject) => {
        database.all<Row>(sql, bound(params), (error, rows) => {
          if (error) reject(error);
          else resolve(rows);
        });
      }),
    exec: (sql) =>
      new Promise((resolve, reject) => {
        database.exec(sql, settle(resolve, reject));
      }),
    close: () =>
      new Promise((resolve, reject) => {
        database.close(settle(resolve, reject));
      }),
  };
}

/** SQLite's primary result code (`SQLITE_BUSY`, ...) of an error; null for any other error. */
export function sqliteCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'string' && error.code.startsWith('SQLITE_') ? error.code : null;
}

function open(file: string): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(file, (error) => {
      if (error) reject(error);
      else resolve(database);
    });
  });
}

function settle(resolve: () => void, reject: (error: Error) => void): (error: Error | null) => void {
  return (error) => {
    if (error) reject(error);
    else resolve();
  };
}

/** A number beyond 2^53 would lose value on its way, and a fraction has no place in any of our columns. */
function bound(params: readonly Bindable[]): readonly Bindable[] {
  for (const param of params) {
    if (typeof param === 'number' && !Number.isSafeInteger(param)) {
      throw new RangeError(`${param} cannot be stored: not a whole number below 2^53`);
    }
  }
  return params;
}
