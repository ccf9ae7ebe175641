import { bounded } from '../actions/bounded.js';
import type { Clock } from '../clock.js';

/** Looks at something anew after each change, one look after the other; what changes during a look is looked at after it. */
export interface Follower {
  /** Something has changed. */
  reconsider(): void;
  /** Resolves when what was begun has ended; nothing is begun any more. */
  close(): Promise<void>;
}

/** @param look is given a signal that aborts when the follower is closed. */
export function createFollower(
  look: (closing: AbortSignal) => Promise<void>,
  onFault: (error: unknown) => void,
): Follower {
  const closing = new AbortController();
  let woken = false;
  let working: Promise<void> | null = null;

  async function work(): Promise<void> {
    while (woken && !closing.signal.aborted) {
      woken = false;
      try {
        await look(closing.signal);
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
    async close() {
      closing.abort(new Error('the service is stopping'));
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
