import type { Store } from '../store/store.js';

/** How the store fails at a commit. */
export interface StoreFault {
  /** Which commit from now on, counted from 1. */
  readonly commit: number;
  /**
   * `full`: this one is refused, the next ones are taken. `damaged`: from here on every one is refused. `unknown`:
   * the same, and this one was kept although it is told as refused.
   */
  readonly how: 'full' | 'damaged' | 'unknown';
  /** After which somebody sees that nothing is written any more, and starts the service again. */
  readonly seenAfterMs: number;
}

/** A store that fails when it is told to. */
export interface FaultyStore {
  /** As one life of the service has it open: the next one opens it anew, and a damaged disk has been replaced. */
  readonly around: (store: Store) => Store;
  failAt(fault: StoreFault): void;
  /** Nothing that was planned comes any more. */
  spare(): void;
  /** Faults that have come. */
  readonly came: number;
  readonly isFault: (error: unknown) => boolean;
}

class CommitFailed extends Error {
  readonly code = 'STORE_INTEGRITY';
}

/** @param onDamage is told when every further commit will be refused. */
export function createFaultyStore(onDamage: (fault: StoreFault) => void): FaultyStore {
  let fault: StoreFault | null = null;
  let isDamaged = false;
  let came = 0;

  /** Puts a commit through, or not. */
  async function commit<T>(make: () => Promise<T>): Promise<T> {
    if (isDamaged) throw new CommitFailed('the store is damaged');
    if (fault === null) return make();
    fault = { ...fault, commit: fault.commit - 1 };
    if (fault.commit > 0) return make();
    const come = fault;
    fault = null;
    came += 1;
    isDamaged = come.how !== 'full';
    if (isDamaged) onDamage(come);
    if (come.how === 'unknown') await make();
    throw new CommitFailed(come.how);
  }

  return {
    around: (store) => {
      isDamaged = false;
      return {
        ...store,
        accept: (...given) => commit(() => store.accept(...given)),
        recordDecision: (...given) => commit(() => store.recordDecision(...given)),
        syncInventory: (...given) => commit(() => store.syncInventory(...given)),
        updateDrives: (...given) => commit(() => store.updateDrives(...given)),
        heartbeat: (...given) => commit(() => store.heartbeat(...given)),
        change: (...given) => commit(() => store.change(...given)),
        finishOperation: (...given) => commit(() => store.finishOperation(...given)),
        steps: {
          load: (...given) => store.steps.load(...given),
          intend: (...given) => commit(() => store.steps.intend(...given)),
          conclude: (...given) => commit(() => store.steps.conclude(...given)),
          record: (...given) => commit(() => store.steps.record(...given)),
        },
      };
    },
    failAt(planned) {
      fault = planned;
    },
    spare() {
      fault = null;
    },
    get came() {
      return came;
    },
    isFault: (error) => error instanceof CommitFailed,
  };
}
