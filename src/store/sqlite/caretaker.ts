import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.js';
import { toInstant } from '../../engine/time.js';
import type { SqliteStore } from './index.js';

const DAY_MS = 86_400_000;

/** Backups that are kept; the oldest goes when one more is made. */
const KEPT = 7;

export interface CaretakerParts {
  readonly store: Pick<SqliteStore, 'check' | 'backUp'>;
  /** Where backups go. Made when missing. */
  readonly folder: string;
  readonly clock: Clock;
  readonly onFault: (what: string, error: unknown) => void;
}

/** Looks at the store once a day and keeps copies of it that are known to be whole. */
export interface Caretaker {
  /** Returns the path of the new copy. */
  backUp(): Promise<string>;
  /** Ends when the signal says so. */
  run(signal: AbortSignal): Promise<void>;
}

export function createCaretaker({ store, folder, clock, onFault }: CaretakerParts): Caretaker {
  async function backUp(): Promise<string> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, `${toInstant(clock.now()).replaceAll(':', '-')}.db`);
    await store.backUp(file);
    await forgetOldest(folder);
    return file;
  }

  async function care(): Promise<void> {
    const { damage } = await store.check();
    // A copy of what is damaged would push out one that is whole.
    if (damage[0] !== undefined) throw new Error(`the store is damaged: ${damage.join('; ')}`);
    await backUp();
  }

  return {
    backUp,
    async run(signal) {
      for (;;) {
        const isOver = await clock.sleep(DAY_MS, signal).then(
          () => false,
          () => true,
        );
        if (isOver) return;
        await care().catch((error: unknown) => {
          onFault('the daily care of the store failed', error);
        });
      }
    },
  };
}

/** The names are instants, so their order is that of time. */
async function forgetOldest(folder: string): Promise<void> {
  const copies = (await readdir(folder)).filter((name) => name.endsWith('.db')).toSorted();
  for (const name of copies.slice(0, -KEPT)) await rm(join(folder, name));
}
