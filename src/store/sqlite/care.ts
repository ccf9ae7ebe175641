import { copyFile, open, rename, stat } from 'node:fs/promises';
import { StoreDamaged, StoreUnsuitable } from '../errors.js';
import type { JournalHead, StoreCheck } from '../store.js';
import { checkStore } from './check.js';
import { explain, openFile } from './file.js';
import { removeMark } from './mark.js';
import { APPLICATION_ID } from './migrate.js';
import { MIGRATIONS } from './migrations/index.js';
import { pragma } from './settings.js';

/**
 * Looks at everything in a store that no service has open: a backup, or the store of one that is stopped.
 * @throws {StoreUnsuitable} when it is no store, or one that this version cannot read.
 * @throws {StoreLocked} when a service has it open.
 */
export async function checkStoreFile(file: string, through: JournalHead | null = null): Promise<StoreCheck> {
  await requireThere(file);
  const handle = await openFile(file);
  try {
    requireReadable(await pragma(handle, 'application_id'), await pragma(handle, 'user_version'), file);
    return await checkStore(handle, through);
  } catch (error) {
    throw await explain(file, error);
  } finally {
    await handle.close();
  }
}

/**
 * Puts a backup in the place of a store that no service has open. What stood there is kept beside it.
 * @returns where that is now; null when nothing stood there.
 * @throws {StoreDamaged} when the backup is not whole; nothing was changed.
 */
export async function restoreStoreFile(backup: string, file: string): Promise<string | null> {
  const { damage } = await checkStoreFile(backup);
  if (damage[0] !== undefined) throw new StoreDamaged(`${backup} is damaged: ${damage[0]}`);
  const isReplaced = await isThere(file);
  if (isReplaced) await requireNotInUse(file);
  const fresh = `${file}.fresh`;
  await copyFile(backup, fresh);
  const copy = await open(fresh, 'r+');
  await copy.sync().finally(() => copy.close());
  const replaced = isReplaced ? await setAside(file) : null;
  await rename(fresh, file);
  // The mark remembers a store that had come further; going back is what was asked for. Until all is in its place,
  // it keeps a service from starting on half of it.
  await removeMark(file);
  return replaced;
}

async function setAside(file: string): Promise<string> {
  const aside = `${file}.replaced-${Date.now()}`;
  await rename(file, aside);
  for (const beside of ['-wal', '-shm']) {
    if (await isThere(file + beside)) await rename(file + beside, aside + beside);
  }
  return aside;
}

/** A damaged file has no user either, as long as nobody holds its lock. */
async function requireNotInUse(file: string): Promise<void> {
  try {
    await (await openFile(file)).close();
  } catch (error) {
    if (!(error instanceof StoreDamaged || error instanceof StoreUnsuitable)) throw error;
  }
}

async function requireThere(file: string): Promise<void> {
  if (!(await isThere(file))) throw new StoreUnsuitable(file, 'does not exist; check the path');
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function requireReadable(application: unknown, version: unknown, file: string): void {
  if (application !== APPLICATION_ID)
    throw new StoreUnsuitable(file, 'is no store of rekindle; check the path');
  const newest = MIGRATIONS.at(-1)?.version;
  if (version !== newest)
    throw new StoreUnsuitable(
      file,
      `has schema ${String(version)}, this version of rekindle reads ${String(newest)}; ` +
        'a service of this version brings an older one up to date when it starts on it',
    );
}
