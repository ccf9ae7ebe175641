import { link, open, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Clock } from '../../clock.js';
import { StoreDamaged, StoreUnsuitable } from '../errors.js';
import type { JournalHead, Store, StoreCheck } from '../store.js';
import { checkStore } from './check.js';
import { createConnection, type Connection } from './connection.js';
import { explain, openFile } from './file.js';
import { guardInMemory, guardOnDisk } from './guard.js';
import { openHandle, type Handle } from './handle.js';
import { openMark, requireNotRemoved } from './mark.js';
import { migrate } from './migrate.js';
import { removeOwner, writeOwner } from './owner.js';
import { brokenState } from './seal.js';
import { applySettings, quickCheck, requireWal } from './settings.js';
import { createStore } from './store.js';

export interface SqliteStoreOptions {
  /** Path of the database file; `:memory:` is a store that ends with the process. */
  readonly file: string;
  /** Stamps operations and changes of the disk table. */
  readonly clock: Clock;
}

/** The store, and what keeps its file well. */
export interface SqliteStore extends Store {
  /**
   * Looks at everything in it; nothing else is done to the store meanwhile. When it finds damage, every later
   * write is refused.
   * @param through a head that was noted before, which the journal must lead through.
   */
  check(through?: JournalHead | null): Promise<StoreCheck>;
  /**
   * Writes a whole copy of one instant into a new file.
   * @throws when the file exists already or cannot be written.
   */
  backUp(to: string): Promise<void>;
  /** Why every write is refused; null while none is. */
  damage(): string | null;
}

/**
 * Opens the embedded store: creates it where there is none, brings its tables to the newest schema, checks it.
 * @throws {StoreLocked} when another administration server has it open.
 * @throws {StoreUnsuitable} when the file cannot serve: a newer schema, another program's, read-only, on a network.
 * @throws {StoreDamaged} when the file contradicts itself, or is not the one that the service came to last.
 */
export async function openSqliteStore({ file, clock }: SqliteStoreOptions): Promise<SqliteStore> {
  if (file === '') throw new StoreUnsuitable('(empty path)', 'a store needs the path of a file, or :memory:');
  return file === ':memory:' ? openInMemory(clock) : openOnDisk(resolve(file), clock);
}

async function openInMemory(clock: Clock): Promise<SqliteStore> {
  const handle = await openHandle(':memory:');
  await applySettings(handle, ':memory:');
  await migrate(handle, ':memory:');
  const connection = createConnection(handle, guardInMemory(handle));
  return withCare(
    createStore(connection, clock, await sqliteVersion(handle), () => connection.close()),
    connection,
  );
}

async function openOnDisk(file: string, clock: Clock): Promise<SqliteStore> {
  await requireNotRemoved(file);
  const handle = await openFile(file);
  try {
    await writeOwner(file);
    await requireWal(handle, file);
    await applySettings(handle, file);
    await quickCheck(handle, file);
    await migrate(handle, file);
    await requireIntactState(handle, file);
    const mark = await openMark(handle, file);
    const connection = createConnection(handle, await guardOnDisk(handle, file, mark));
    const close = once(async () => {
      await removeOwner(file);
      await connection.close();
      await mark.close();
    });
    return withCare(createStore(connection, clock, await sqliteVersion(handle), close), connection);
  } catch (error) {
    await removeOwner(file);
    await handle.close();
    throw await explain(file, error);
  }
}

function withCare(store: Store, connection: Connection): SqliteStore {
  return {
    ...store,
    check: (through = null) =>
      connection.alone(async (handle) => {
        const checked = await checkStore(handle, through);
        if (checked.damage[0] !== undefined)
          connection.distrust(`the store is damaged: ${checked.damage[0]}`);
        return checked;
      }),
    backUp: (to) => connection.alone((handle) => copyTo(handle, to)),
    damage: () => connection.damage()?.message ?? null,
  };
}

/** Whole or not there, and on the disk when it is: the name appears last. */
async function copyTo(handle: Handle, to: string): Promise<void> {
  const partial = `${to}.partial`;
  await rm(partial, { force: true });
  await (await open(partial, 'wx', 0o600)).close();
  try {
    await handle.run('VACUUM INTO ?', [partial]);
    const copy = await open(partial, 'r+');
    await copy.sync().finally(() => copy.close());
    await link(partial, to);
  } finally {
    await rm(partial, { force: true });
  }
}

async function requireIntactState(handle: Handle, file: string): Promise<void> {
  const [broken, ...others] = await brokenState(handle);
  if (broken === undefined) return;
  const more = others.length === 0 ? '' : `, and ${others.length} more rows`;
  throw new StoreDamaged(`${file} is damaged: ${broken}${more}`);
}

/** A second close must not remove what belongs to the next owner. */
function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | null = null;
  return () => (closing ??= close());
}

async function sqliteVersion(handle: Handle): Promise<string> {
  const [row] = await handle.all('SELECT sqlite_version() AS version');
  return String(row?.version);
}
