import { AsyncLocalStorage } from 'node:async_hooks';
import { Mutex } from 'async-mutex';
import { rollBack, type UndoLog } from './table.js';

/** All of what is done in it, or none of it; one after the other. */
export interface Transactions {
  /** What the store does by itself, without waiting for anyone. */
  readonly now: <T>(work: () => T) => Promise<T>;
  /**
   * What a caller does, who may wait for something meanwhile.
   * @param work is given a function that throws once the transaction has ended.
   */
  readonly around: <T>(work: (during: () => void) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

interface Scope {
  readonly undo: UndoLog;
  open: boolean;
}

/** One for all stores: Node asks every storage that there is about every promise. */
const running = new AsyncLocalStorage<Scope>();

/**
 * @param findsCycles whether a call from inside a change, which would wait for itself for ever, is found and refused.
 * Knowing who calls costs every promise of the process something.
 */
export function createTransactions(undo: UndoLog, findsCycles: boolean): Transactions {
  const mutex = new Mutex();
  let closed = false;

  function assertOpen(): void {
    if (closed) throw new Error('the store is closed');
  }

  function assertNotInside(): void {
    const scope = findsCycles ? running.getStore() : undefined;
    if (scope?.undo === undo && scope.open) {
      throw new Error(
        'a method of the store was called inside a change of it and would wait for itself for ever',
      );
    }
  }

  function attempt<T>(work: () => T): T {
    try {
      const result = work();
      undo.length = 0;
      return result;
    } catch (error) {
      rollBack(undo);
      throw error;
    }
  }

  return {
    async now<T>(work: () => T) {
      assertNotInside();
      const whole = (): T => {
        assertOpen();
        return attempt(work);
      };
      return mutex.isLocked() ? mutex.runExclusive(whole) : whole();
    },
    async around(work) {
      assertNotInside();
      return mutex.runExclusive(async () => {
        assertOpen();
        const scope: Scope = { undo, open: true };
        const during = (): void => {
          if (!scope.open)
            throw new Error('this change of the store has ended; what was kept of it cannot be used');
        };
        try {
          const result = await (findsCycles ? running.run(scope, () => work(during)) : work(during));
          undo.length = 0;
          return result;
        } catch (error) {
          rollBack(undo);
          throw error;
        } finally {
          scope.open = false;
        }
      });
    },
    close: () =>
      mutex.runExclusive(() => {
        closed = true;
      }),
  };
}
