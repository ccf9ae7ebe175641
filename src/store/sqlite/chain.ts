import { createHash } from 'node:crypto';
import type { JournalHead } from '../store.js';
import type { Handle, Row } from './handle.js';
import { inPages } from './seal.js';

/** What the first entry follows. */
const BEGIN = '';

/**
 * Chains the journal's new entries: each hash covers the entry and the hash before it, so no entry can be
 * changed, left out or put in without every later one showing it.
 */
export async function chainJournal(handle: Handle): Promise<void> {
  const fresh = await handle.all(
    'SELECT * FROM journal INDEXED BY journal_unsealed WHERE sum IS NULL AND hash IS NULL ORDER BY seq',
  );
  const first = fresh[0];
  if (first === undefined) return;
  let hash = await hashBefore(handle, Number(first.seq));
  for (const entry of fresh) {
    hash = link(hash, entry);
    await handle.run('UPDATE journal SET hash = ? WHERE seq = ?', [hash, Number(entry.seq)]);
  }
}

/**
 * Follows the chain from its first entry.
 * @param through a head that was noted before, which the chain must lead through.
 * @returns its head, and where it is broken first; null when it is whole.
 */
export async function followChain(
  handle: Handle,
  through: JournalHead | null,
): Promise<{ readonly head: JournalHead; readonly broken: string | null }> {
  let hash = BEGIN;
  let entries = 0;
  for await (const entry of inPages(handle, 'journal')) {
    if (entry.seq !== entries + 1)
      return { head: { entries, hash }, broken: `entry ${entries + 1} of the journal is missing` };
    hash = link(hash, entry);
    if (entry.hash !== hash)
      return {
        head: { entries, hash },
        broken: `entry ${entries + 1} of the journal is not the one that was written there`,
      };
    entries += 1;
    if (through !== null && entries === through.entries && hash !== through.hash)
      return {
        head: { entries, hash },
        broken: `the journal up to entry ${entries} is not the one that was noted`,
      };
  }
  const short = through !== null && entries < through.entries;
  return {
    head: { entries, hash },
    broken: short ? `the journal ends at entry ${entries}, and ${through.entries} were noted` : null,
  };
}

async function hashBefore(handle: Handle, seq: number): Promise<string> {
  const [row] = await handle.all('SELECT hash FROM journal WHERE seq < ? ORDER BY seq DESC LIMIT 1', [seq]);
  return row === undefined ? BEGIN : String(row.hash);
}

function link(before: string, { seq, at, subject, change, made_by: by, detail }: Row): string {
  const entry = JSON.stringify([before, seq, at, subject, change, by, detail]);
  return createHash('sha256').update(entry).digest('hex');
}
