import type { Clock } from '../clock.js';
import {
  fencedAmong,
  stillUnproven,
  unprovenIn,
  type LeftUnproven,
  type Unproven,
} from '../actions/unproven.js';
import { toInstant } from '../engine/time.js';
import type { Hardware } from '../hw/index.js';
import type { Operation, Store } from '../store/store.js';
import { createFollower, within, type Follower } from './follower.js';
import type { Journalist } from './journalist.js';

export interface IsolationParts {
  readonly clock: Clock;
  readonly store: Store;
  readonly hardware: () => Hardware;
  readonly journalist: Journalist;
  /** Aborted when the service stops. */
  readonly closing: AbortSignal;
}

export interface Isolation extends Follower {
  /** A restart has ended, now or before the service started. */
  ended(operation: Pick<Operation, 'id' | 'server'>, result: unknown): void;
}

/** An array that is gone answers nothing, and must not hold up the others. */
const PATIENCE_MS = 5_000;

/**
 * Finishes what a restart could not: a drive that did not answer while its server was fenced may let the machine in
 * again as soon as somebody switches that on. The order to take its access away was journaled by the restart and
 * stands until the drive was read back once without it; that it was is an entry in the journal.
 */
export function createIsolation(parts: IsolationParts): Isolation {
  const { clock, store, hardware, journalist, closing } = parts;
  const open = new Map<string, LeftUnproven>();
  let remembered = false;

  function ended({ id, server }: Pick<Operation, 'id' | 'server'>, result: unknown): void {
    for (const unproven of unprovenIn(result))
      open.set(keyOf(id, unproven), { ...unproven, operation: id, server });
  }

  async function remember(): Promise<void> {
    for (const one of await stillUnproven(store)) open.set(keyOf(one.operation, one), one);
    remembered = true;
  }

  async function look(): Promise<void> {
    if (!remembered) await remember();
    if (open.size === 0) return;
    const { machines } = await store.view(toInstant(clock.now()));
    const fenced = fencedAmong(machines);
    for (const [key, one] of open) {
      if (closing.aborted) return;
      // A machine that is in use again is not to be touched.
      if (!fenced.has(one.machine) || (await takenAway(one))) open.delete(key);
    }
  }

  /** False while the drive does not say that the access is gone; it is asked again at the next look. */
  async function takenAway({ operation, server, drive, machine }: LeftUnproven): Promise<boolean> {
    const storage = hardware().storage(drive);
    const limits = { clock, timeoutMs: PATIENCE_MS, abort: closing };
    const isConnected = (): Promise<boolean> =>
      within(limits, async (signal) => (await storage.connections(signal)).includes(machine));
    try {
      if (await isConnected()) {
        await within(limits, (signal) => storage.disconnect({ operation, signal, machine }));
        if (await isConnected()) return false;
      }
    } catch {
      // The survey has told of a drive that does not answer.
      return false;
    }
    await store.change(operation, (table) => table.recordIsolated(operation, { drive, machine }));
    journalist.isolated({ server, drive, machine });
    return true;
  }

  const follower = createFollower(look, closing, (error) => {
    journalist.fault('what a fenced machine can still reach could not be looked at', error);
  });
  return { ended, ...follower };
}

function keyOf(operation: string, { drive, machine }: Unproven): string {
  return [operation, drive, machine].join(' ');
}
