/**
 * Time, passed in. Everything that waits or stamps takes a {@link Clock}, so tests and
 * scenarios run on virtual time and production on the wall clock.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch: for stamps. It may be set, forward and back, at any time. */
  now(): number;
  /** Milliseconds since some moment: for measuring how long something takes. It is never set. */
  monotonic(): number;
  /**
   * Calls `fire` once when `ms` milliseconds have passed.
   * @returns what calls it off; does nothing once it has fired.
   */
  after(ms: number, fire: () => void): () => void;
  /**
   * Resolves after `ms` milliseconds.
   * @throws the signal's reason, at once, when `signal` aborts.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const wallClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: afterOnTheWall,
  sleep: sleepBy(afterOnTheWall),
};

function afterOnTheWall(ms: number, fire: () => void): () => void {
  const timer = setTimeout(fire, ms);
  return () => {
    clearTimeout(timer);
  };
}

/** {@link Clock.sleep} by {@link Clock.after}. */
export function sleepBy(after: Clock['after']): Clock['sleep'] {
  return (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) throw abortError(signal);
      const abort = (): void => {
        cancel();
        reject(abortError(signal));
      };
      const cancel = after(ms, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      signal?.addEventListener('abort', abort, { once: true });
    });
}

/** The reason a signal was aborted with, as an Error whatever was passed to `abort`. */
export function abortError(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error(typeof reason === 'string' ? reason : 'aborted');
}
