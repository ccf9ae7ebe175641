import { chainJournal } from './chain.js';
import type { CommitGuard } from './connection.js';
import type { Handle } from './handle.js';
import { rememberIdentity } from './identity.js';
import type { MarkKeeper } from './mark.js';
import { sealRows } from './seal.js';

/** Seals what the running transaction has changed: the journal is chained first, since its hashes are sealed too. */
export async function sealAll(handle: Handle): Promise<void> {
  await chainJournal(handle);
  await sealRows(handle);
}

/** Of a store that ends with its process: there is no file that could be exchanged. */
export function guardInMemory(handle: Handle): CommitGuard {
  return { seal: () => sealAll(handle), verify: async () => undefined };
}

export async function guardOnDisk(handle: Handle, file: string, mark: MarkKeeper): Promise<CommitGuard> {
  const verifyIdentity = await rememberIdentity(file);
  return {
    async seal() {
      await sealAll(handle);
      await mark.count();
    },
    async verify() {
      await verifyIdentity();
      await mark.keep();
    },
  };
}
