import { StoreUnsuitable } from '../errors.js';
import type { Handle } from './handle.js';
import { MIGRATIONS, type Migration } from './migrations/index.js';
import { pragma } from './settings.js';

/** `RKDL`: tells our files from any other program's. */
export const APPLICATION_ID = 0x524b444c;

/**
 * Brings the tables to the newest schema, one transaction per migration: a crash in between leaves a whole one.
 * @throws {StoreUnsuitable} for another program's file, and for a schema newer than this version knows.
 */
export async function migrate(
  handle: Handle,
  file: string,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  const version = await ownVersion(handle, file);
  const newest = migrations.at(-1)?.version ?? 0;
  if (version > newest) {
    throw new StoreUnsuitable(
      file,
      `has schema ${version}, this version of rekindle knows schemas up to ${newest}; ` +
        'start the version that wrote it, or one that is newer',
    );
  }
  for (const migration of migrations.filter((candidate) => candidate.version > version)) {
    await apply(handle, migration);
  }
}

async function apply(handle: Handle, migration: Migration): Promise<void> {
  await handle.run('BEGIN IMMEDIATE');
  try {
    await handle.exec(migration.sql);
    await migration.finish?.(handle);
    await handle.run(`PRAGMA user_version = ${migration.version}`);
    await handle.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    await handle.run('COMMIT');
  } catch (error) {
    await handle.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** The schema of a file that is ours or empty. */
async function ownVersion(handle: Handle, file: string): Promise<number> {
  const application = await pragma(handle, 'application_id');
  const version = await pragma(handle, 'user_version');
  const tables = await handle.all('SELECT 1 FROM sqlite_schema LIMIT 1');
  const empty = application === 0 && version === 0 && tables.length === 0;
  if (typeof version !== 'number' || (application !== APPLICATION_ID && !empty)) {
    throw new StoreUnsuitable(file, 'is the database of another program; give the service another path');
  }
  return version;
}
