import { mkdir, open, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StoreDamaged, StoreLocked, StoreUnsuitable } from '../errors.js';
import { openHandle, sqliteCode, type Handle } from './handle.js';
import { readOwner } from './owner.js';

/** Magic numbers of statfs(2). Locks and fsync cannot be relied on there. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
]);

/**
 * Opens the database file and takes the kernel's lock on it, for as long as the handle is open.
 *
 * No other code of this process may open and close the file meanwhile: POSIX gives all locks of a process on a
 * file back when any descriptor of it is closed.
 *
 * @throws {StoreLocked} when another connection has it open.
 * @throws {StoreUnsuitable} when it cannot be created, read, or written.
 */
export async function openFile(file: string): Promise<Handle> {
  await prepare(file);
  const handle = await openHandle(file).catch((error: unknown) => {
    throw new StoreUnsuitable(file, 'cannot be opened; check the path and its permissions', { cause: error });
  });
  try {
    await lock(handle);
  } catch (error) {
    await handle.close();
    throw await explain(file, error);
  }
  return handle;
}

/** In exclusive mode the connection keeps the lock after its first access, and the file needs no shared memory. */
async function lock(handle: Handle): Promise<void> {
  await handle.run('PRAGMA locking_mode = EXCLUSIVE');
  await handle.all('PRAGMA journal_mode = WAL');
  await handle.run('BEGIN IMMEDIATE');
  await handle.run('COMMIT');
}

/** What an error of SQLite while opening means to the person who has to act. */
export async function explain(file: string, error: unknown): Promise<unknown> {
  switch (sqliteCode(error)) {
    case 'SQLITE_BUSY':
      return new StoreLocked(file, await readOwner(file));
    case 'SQLITE_NOTADB':
      return new StoreUnsuitable(file, 'is not an SQLite database; give the service another path', {
        cause: error,
      });
    case 'SQLITE_READONLY':
    case 'SQLITE_CANTOPEN':
      return new StoreUnsuitable(file, 'cannot be written; check the permissions of file and folder', {
        cause: error,
      });
    case 'SQLITE_CORRUPT':
      return new StoreDamaged(`${file} is damaged`, { cause: error });
    case null:
    default:
      return error;
  }
}

/** The file is created before SQLite would do it, so that no moment exists in which others may read it. */
async function prepare(file: string): Promise<void> {
  const folder = dirname(file);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await createPrivate(file);
  } catch (error) {
    throw new StoreUnsuitable(file, 'cannot be created; check the path and its permissions', {
      cause: error,
    });
  }
  if (!(await stat(file)).isFile()) {
    throw new StoreUnsuitable(file, 'is not a regular file; give the service another path');
  }
  const network = NETWORK_FILE_SYSTEMS.get((await statfs(folder)).type);
  if (network !== undefined) {
    throw new StoreUnsuitable(
      file,
      `lies on ${network}, where a lock is no lock; use a disk of this machine`,
    );
  }
}

async function createPrivate(file: string): Promise<void> {
  try {
    await (await open(file, 'wx', 0o600)).close();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
