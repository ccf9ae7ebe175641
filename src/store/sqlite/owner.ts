import { readFile, rename, rm, writeFile } from 'node:fs/promises';

/**
 * Who has the store open. The lock itself is the kernel's, on the database file (see file.ts): it ends with the
 * process, also by kill -9, and no two processes can believe to have it. This file beside it only gives it a name.
 */
function ownerFile(file: string): string {
  return `${file}.lock`;
}

/** Called by the process that holds the lock. */
export async function writeOwner(file: string): Promise<void> {
  const target = ownerFile(file);
  const fresh = `${target}.${process.pid}`;
  await writeFile(fresh, JSON.stringify({ pid: process.pid }), { mode: 0o600 });
  await rename(fresh, target);
}

/** The pid of the owner; null when it cannot be told. */
export async function readOwner(file: string): Promise<number | null> {
  const content = await readFile(ownerFile(file), 'utf8').catch(() => '');
  const pid = /^\{"pid":(\d+)\}$/.exec(content)?.[1];
  return pid === undefined ? null : Number(pid);
}

/** Called by the owner before it gives the lock back. */
export async function removeOwner(file: string): Promise<void> {
  await rm(ownerFile(file), { force: true });
}
