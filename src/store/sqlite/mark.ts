import { open, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import { StoreDamaged } from '../errors.js';
import type { Handle } from './handle.js';

/**
 * How far the store had come, in a file of its own beside it. A database file that was taken back to an older copy,
 * exchanged or removed is whole in itself; only this shows that it is not the one which the world was changed by.
 */
interface Mark {
  readonly id: string;
  readonly commits: number;
}

/** Counts the commits, and keeps the mark up with them. */
export interface MarkKeeper {
  /** Inside a transaction that writes. */
  readonly count: () => Promise<void>;
  /** After its commit. Not synced: after a power cut the mark may lag behind, and never be ahead. */
  readonly keep: () => Promise<void>;
  readonly close: () => Promise<void>;
}

function markFile(file: string): string {
  return `${file}.mark`;
}

/** @throws {StoreDamaged} when the store is another one, or less, than the mark remembers. */
export async function openMark(handle: Handle, file: string): Promise<MarkKeeper> {
  const { id, commits } = await markOf(handle);
  const known = await readMark(file);
  if (known !== null && known.id !== id)
    throw new StoreDamaged(
      `${file} was exchanged: it is not the store that ${markFile(file)} remembers. ` +
        'Bring the right file back, or remove the mark to go on with this one',
    );
  if (known !== null && commits < known.commits)
    throw new StoreDamaged(
      `${file} is an older copy: it ends at commit ${commits}, and the service had come to ${known.commits}. ` +
        'What it did since is not in it. Bring the newest file back, or see what runs where and remove the mark to go on with this one',
    );
  return keeper(handle, await open(markFile(file), 'w', 0o600), { id, commits });
}

/**
 * A new store takes the place of none that was there before.
 * @throws {StoreDamaged} when the file is gone, or empty, and the mark is not.
 */
export async function requireNotRemoved(file: string): Promise<void> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > 0 || (await readMark(file)) === null) return;
  throw new StoreDamaged(
    `${file} is gone, and ${markFile(file)} remembers it. ` +
      'Bring it back, or remove the mark to begin with an empty store',
  );
}

/** Forgets how far the store had come, so that another one can take its place. */
export async function removeMark(file: string): Promise<void> {
  await rm(markFile(file), { force: true });
}

async function keeper(handle: Handle, out: FileHandle, begin: Mark): Promise<MarkKeeper> {
  let { commits } = begin;
  const keep = async (): Promise<void> => {
    await out.write(JSON.stringify({ id: begin.id, commits }), 0);
  };
  await keep();
  return {
    async count() {
      await handle.run('UPDATE store SET commits = ?', [commits + 1]);
    },
    async keep() {
      commits += 1;
      await keep();
    },
    close: () => out.close(),
  };
}

async function markOf(handle: Handle): Promise<Mark> {
  const [row] = await handle.all('SELECT id, commits FROM store');
  if (typeof row?.id !== 'string' || typeof row.commits !== 'number')
    throw new StoreDamaged('the store does not say which one it is');
  return { id: row.id, commits: row.commits };
}

async function readMark(file: string): Promise<Mark | null> {
  const text = await readFile(markFile(file), 'utf8').catch(() => '');
  const [, id, commits] = /^\{"id":"([0-9a-f]{32})","commits":(\d+)\}$/.exec(text) ?? [];
  return id === undefined ? null : { id, commits: Number(commits) };
}
