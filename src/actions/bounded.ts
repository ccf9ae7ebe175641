import { abortError, type Clock } from '../clock.js';

/** How an effect ended that was given only so much time. */
export type Bounded<T> =
  | { readonly end: 'value'; readonly value: T }
  | { readonly end: 'thrown'; readonly error: unknown }
  /** Given up; `error` is what the effect itself had to say about it, undefined when it did not stop. */
  | { readonly end: 'timeout' | 'aborted'; readonly error: unknown };

/** Told to stop, an effect has this long to say what became of it, so that an undo does not run beside it. */
const GRACE_MS = 2_000;

/**
 * Runs one effect for at most `timeoutMs`. A value that arrives within the grace counts: a known end is worth
 * more than an unknown one. An effect that does not stop at all is left behind; its end is ignored.
 */
export function bounded<T>(
  effect: (signal: AbortSignal) => Promise<T>,
  limits: { readonly clock: Clock; readonly timeoutMs: number; readonly abort: AbortSignal | null },
): Promise<Bounded<T>> {
  const { clock, timeoutMs, abort } = limits;
  if (abort?.aborted === true) return Promise.resolve({ end: 'aborted', error: undefined });
  if (timeoutMs <= 0) return Promise.resolve({ end: 'timeout', error: undefined });

  return new Promise((resolve) => {
    const stop = new AbortController();
    let givenUp: 'timeout' | 'aborted' | null = null;
    let cancelWait = clock.after(timeoutMs, () => {
      giveUp('timeout', new Error(`not done within ${timeoutMs} ms`));
    });
    const forward = (): void => {
      giveUp('aborted', abortError(abort ?? undefined));
    };
    abort?.addEventListener('abort', forward, { once: true });

    function giveUp(end: 'timeout' | 'aborted', reason: Error): void {
      if (givenUp !== null) return;
      givenUp = end;
      cancelWait();
      cancelWait = clock.after(GRACE_MS, () => {
        over({ end, error: undefined });
      });
      stop.abort(reason);
    }

    function over(end: Bounded<T>): void {
      cancelWait();
      abort?.removeEventListener('abort', forward);
      resolve(end);
    }

    void settled(effect, stop.signal).then((end) => {
      over(givenUp === null || end.end === 'value' ? end : { end: givenUp, error: end.error });
    });
  });
}

type Settled<T> = Extract<Bounded<T>, { end: 'value' | 'thrown' }>;

async function settled<T>(
  effect: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<Settled<T>> {
  try {
    return { end: 'value', value: await effect(signal) };
  } catch (error) {
    return { end: 'thrown', error };
  }
}
