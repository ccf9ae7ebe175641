import { bounded } from '../actions/bounded.js';
import type { Clock } from '../clock.js';

/** Looks at something anew after each change, one look after the other; what changes during a look is looked at after it. */
export interface Follower {
  /** Something has changed. */
  reconsider(): void;
  /** Resolves when the look that was begun has ended. */
  settled(): Promise<void>;
}

/** @param closing aborted when the service stops: no look is begun any more. */
export function createFollower(
  look: () => Promise<void>,
  closing: AbortSignal,
  onFault: (error: unknown) => void,
): Follower {
  let woken = false;
  let working: Promise<void> | null = null;

  async function work(): Promise<void> {
    while (woken && !closing.aborted) {
      woken = false;
      try {
        await look();
      } catch (error) {
        onFault(error);
      }
    }
    working = null;
  }

  return {
    reconsider() {
      woken = true;
      working ??= work();
    },
    async settled() {
      await working;
    },
  };
}

/** Asks the hardware, and waits so long. @throws what it throws, or that it did not answer. */
export async function within<T>(
  limits: { readonly clock: Clock; readonly timeoutMs: number; readonly abort: AbortSignal },
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const answer = await bounded(ask, limits);
  if (answer.end === 'value') return answer.value;
  if (answer.end === 'thrown' && answer.error instanceof Error) throw answer.error;
  throw new Error(`no answer within ${limits.timeoutMs} ms`, { cause: answer.error });
}
