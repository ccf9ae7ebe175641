import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a file so that after a crash it holds either all of the old or all of the new, and is durable. */
export async function writeDurably(file: string, text: string): Promise<void> {
  const temporary = `${file}.new`;
  await writeSynced(temporary, text);
  await rename(temporary, file);
  await syncFolder(dirname(file));
}

/** Like {@link writeDurably}, but leaves a file that is there already as it is, whoever made it at the same moment. */
export async function createDurably(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}`;
  await writeSynced(temporary, text);
  try {
    await link(temporary, file);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dirname(file));
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a file of zeros that takes no room until something is written into it. */
export async function createSparse(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.truncate(bytes);
  } finally {
    await handle.close();
  }
}

/** Makes names that were created in or removed from the folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The text of a file, null when there is none. */
export async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** The system's code of an error: `ENOENT`; empty when it has none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
