import { stat } from 'node:fs/promises';
import { StoreDamaged } from '../errors.js';

/**
 * Remembers which files stand at the store's paths and returns a check that they still do. A file that was
 * removed or replaced under a running writer takes every further commit without an error, and keeps none.
 */
export async function rememberIdentity(file: string): Promise<() => Promise<void>> {
  const paths = [file, `${file}-wal`];
  const known = await Promise.all(paths.map(identity));
  return async () => {
    const found = await Promise.all(paths.map(identity));
    const changed = paths.find((_path, index) => found[index] !== known[index]);
    if (changed !== undefined)
      throw new StoreDamaged(`${changed} was removed or replaced while the service was running`);
  };
}

async function identity(path: string): Promise<string> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return 'absent';
  }
}
