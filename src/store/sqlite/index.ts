import { resolve } from 'node:path';
import type { Clock } from '../../clock.js';
import { StoreUnsuitable } from '../errors.js';
import type { Store } from '../store.js';
import { createConnection } from './connection.js';
import { explain, openFile } from './file.js';
import { openHandle, type Handle } from './handle.js';
import { rememberIdentity } from './identity.js';
import { migrate } from './migrate.js';
import { removeOwner, writeOwner } from './owner.js';
import { applySettings, quickCheck, requireWal } from './settings.js';
import { createStore } from './store.js';

export interface SqliteStoreOptions {
  /** Path of the database file; `:memory:` is a store that ends with the process. */
  readonly file: string;
  /** Stamps operations and changes of the disk table. */
  readonly clock: Clock;
}

/**
 * Opens the embedded store: creates it where there is none, brings its tables to the newest schema, checks it.
 * @throws {StoreLocked} when another administration server has it open.
 * @throws {StoreUnsuitable} when the file cannot serve: a newer schema, another program's, read-only, on a network.
 * @throws {StoreDamaged} when the file contradicts itself.
 */
export async function openSqliteStore({ file, clock }: SqliteStoreOptions): Promise<Store> {
  if (file === '') throw new StoreUnsuitable('(empty path)', 'a store needs the path of a file, or :memory:');
  return file === ':memory:' ? openInMemory(clock) : openOnDisk(resolve(file), clock);
}

async function openInMemory(clock: Clock): Promise<Store> {
  const handle = await openHandle(':memory:');
  await applySettings(handle, ':memory:');
  await migrate(handle, ':memory:');
  const connection = createConnection(handle, async () => undefined);
  return createStore(connection, clock, await sqliteVersion(handle), () => connection.close());
}

async function openOnDisk(file: string, clock: Clock): Promise<Store> {
  const handle = await openFile(file);
  try {
    await writeOwner(file);
    await requireWal(handle, file);
    await applySettings(handle, file);
    await quickCheck(handle, file);
    await migrate(handle, file);
    const connection = createConnection(handle, await rememberIdentity(file));
    return createStore(
      connection,
      clock,
      await sqliteVersion(handle),
      once(async () => {
        await removeOwner(file);
        await connection.close();
      }),
    );
  } catch (error) {
    await removeOwner(file);
    await handle.close();
    throw await explain(file, error);
  }
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
