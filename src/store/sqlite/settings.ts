import { StoreDamaged, StoreUnsuitable } from '../errors.js';
import type { Handle } from './handle.js';

/** Each as SQLite reads it back. FULL syncs every commit: at our rates it costs nothing and loses nothing. */
const SETTINGS: Readonly<Record<string, number>> = {
  synchronous: 2,
  foreign_keys: 1,
  trusted_schema: 0,
  cell_size_check: 1,
};

/** @throws {StoreUnsuitable} when this build of SQLite does not take a setting. */
export async function applySettings(handle: Handle, file: string): Promise<void> {
  for (const [name, value] of Object.entries(SETTINGS)) {
    await handle.run(`PRAGMA ${name} = ${value}`);
    await expectPragma(handle, file, name, value);
  }
}

/** A file system that cannot do WAL makes SQLite fall back to another mode without an error. */
export async function requireWal(handle: Handle, file: string): Promise<void> {
  await expectPragma(handle, file, 'journal_mode', 'wal');
}

/** @throws {StoreDamaged} when pages or indexes of the file contradict each other. */
export async function quickCheck(handle: Handle, file: string): Promise<void> {
  const found = await pragma(handle, 'quick_check');
  if (found !== 'ok') throw new StoreDamaged(`${file} is damaged: ${String(found)}`);
}

/** The first column of the first row of `PRAGMA name`. */
export async function pragma(handle: Handle, name: string): Promise<unknown> {
  const [row] = await handle.all(`PRAGMA ${name}`);
  return row === undefined ? undefined : Object.values(row)[0];
}

async function expectPragma(handle: Handle, file: string, name: string, expected: unknown): Promise<void> {
  const found = await pragma(handle, name);
  if (found !== expected) {
    throw new StoreUnsuitable(
      file,
      `SQLite does not take ${name} = ${String(expected)}, it stays ${String(found)}`,
    );
  }
}
