import type { JournalHead, StoreCheck } from '../store.js';
import { followChain } from './chain.js';
import type { Handle } from './handle.js';
import { brokenHistory, brokenState } from './seal.js';

/** Looks at every page, every row and every link of the journal's chain. */
export async function checkStore(handle: Handle, through: JournalHead | null): Promise<StoreCheck> {
  const pages = (await handle.all('PRAGMA integrity_check')).map((row) => String(Object.values(row)[0]));
  const references = await handle.all('PRAGMA foreign_key_check');
  const { head, broken } = await followChain(handle, through);
  return {
    damage: [
      ...pages.filter((line) => line !== 'ok'),
      ...references.map(
        ({ table, parent }) => `a row of ${String(table)} names one of ${String(parent)} that is gone`,
      ),
      ...(broken === null ? [] : [broken]),
      ...(await brokenState(handle)),
      ...(await brokenHistory(handle)),
    ],
    journal: head,
  };
}
