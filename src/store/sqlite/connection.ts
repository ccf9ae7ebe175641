import { AsyncLocalStorage } from 'node:async_hooks';
import { Mutex } from 'async-mutex';
import { StoreDamaged } from '../errors.js';
import { sqliteCode, type Bindable, type Handle, type Row } from './handle.js';
import { intact } from './seal.js';

/** Statements inside one transaction; refused once it has ended. */
export interface Sql {
  /** Returns how many rows it changed. */
  run(sql: string, params?: readonly Bindable[]): Promise<number>;
  /** The first row, or null. */
  get<T>(sql: string, params: readonly Bindable[], decode: (row: Row) => T): Promise<T | null>;
  all<T>(sql: string, params: readonly Bindable[], decode: (row: Row) => T): Promise<readonly T[]>;
}

/**
 * The one connection behind its one mutex. A transaction of SQLite belongs to the connection, not to the task
 * that began it, so without the mutex one task's ROLLBACK would take another task's acknowledged rows with it.
 */
export interface Connection {
  /** One consistent state, whatever `work` reads. */
  readonly read: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;
  /**
   * All of `work` or none of it; resolving means that it is on the disk.
   * @throws {StoreDamaged} from the first I/O error or damaged row on, without trying.
   */
  readonly write: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;
  /** Why every write is refused; null while none is. */
  readonly damage: () => StoreDamaged | null;
  /** From here on every write is refused. */
  readonly distrust: (why: string) => void;
  /** Work on the file as a whole, between transactions. */
  readonly alone: <T>(work: (handle: Handle) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

/** What stands around each commit that writes. */
export interface CommitGuard {
  /** When the work of a transaction is done, inside it: seals what it has changed. */
  readonly seal: () => Promise<void>;
  /** After the commit, before it is acknowledged: throws when it did not go into the file that stands at its path. */
  readonly verify: () => Promise<void>;
}

interface Scope {
  readonly handle: Handle;
  open: boolean;
}

/**
 * One for all connections: Node asks every storage that there is about every promise, and none is ever given up,
 * so with one for each connection a process that opens many stores would come to a standstill.
 */
const running = new AsyncLocalStorage<Scope>();

/** After one of these a repeated write may seem to succeed and be lost. */
const FATAL: ReadonlySet<string> = new Set(['SQLITE_IOERR', 'SQLITE_CORRUPT', 'SQLITE_NOTADB']);

export function createConnection(handle: Handle, guard: CommitGuard): Connection {
  const mutex = new Mutex();
  let damage: StoreDamaged | null = null;
  let closed = false;

  async function transaction<T>(
    begin: 'BEGIN' | 'BEGIN IMMEDIATE',
    work: (sql: Sql) => Promise<T>,
  ): Promise<T> {
    const around = running.getStore();
    if (around?.handle === handle && around.open) {
      throw new Error(
        'a method of the store was called inside a change of it and would wait for itself for ever',
      );
    }
    return mutex.runExclusive(async () => {
      if (closed) throw new Error('the store is closed');
      if (damage !== null && begin === 'BEGIN IMMEDIATE') throw damage;
      const scope: Scope = { handle, open: true };
      try {
        await handle.run(begin);
        const result = await running.run(scope, () =>
          work(statements(handle, scope, begin === 'BEGIN IMMEDIATE')),
        );
        scope.open = false;
        if (begin === 'BEGIN IMMEDIATE') await guard.seal();
        await handle.run('COMMIT');
        if (begin === 'BEGIN IMMEDIATE') await guard.verify();
        return result;
      } catch (error) {
        scope.open = false;
        // SQLite has rolled back by itself after some errors; then there is nothing left to roll back.
        await handle.run('ROLLBACK').catch(() => undefined);
        throw judge(error);
      }
    });
  }

  function judge(error: unknown): unknown {
    const code = sqliteCode(error);
    if (error instanceof StoreDamaged) damage = error;
    else if (code !== null && FATAL.has(code))
      damage = new StoreDamaged(`the store failed with ${code}`, { cause: error });
    else return error;
    return damage;
  }

  return {
    read: (work) => transaction('BEGIN', work),
    write: (work) => transaction('BEGIN IMMEDIATE', work),
    damage: () => damage,
    distrust(why) {
      damage ??= new StoreDamaged(why);
    },
    alone: (work) =>
      mutex.runExclusive(async () => {
        if (closed) throw new Error('the store is closed');
        return work(handle);
      }),
    close: () =>
      mutex.runExclusive(async () => {
        if (closed) return;
        closed = true;
        await handle.close();
      }),
  };
}

function statements(handle: Handle, scope: Scope, mayChange: boolean): Sql {
  function assertOpen(): void {
    if (!scope.open)
      throw new Error('this change of the store has ended; what was kept of it cannot be used');
  }
  return {
    async run(sql, params) {
      assertOpen();
      return handle.run(sql, params);
    },
    async get(sql, params, decode) {
      assertOpen();
      const [row] = await handle.all(sql, params);
      return row === undefined ? null : decode(intact(row, mayChange));
    },
    async all(sql, params, decode) {
      assertOpen();
      return (await handle.all(sql, params)).map((row) => decode(intact(row, mayChange)));
    },
  };
}
