import { abortError, type Clock } from '../clock.js';

/** How an effect ended that was given only so much time. */
export type Bounded<T> =
  | { readonly end: 'value'; readonly value: T }
  | { readonly end: 'thrown'; readonly error: unknown }
  /** Given up; `error` is what the effect itself had to say about it, undefined when it did not stop. */
  | { readonly end: 'timeout' | 'aborted'; readonly error: unknown };

/** Told to stop, an effect has this long to say what became of it, so that an undo does not run beside it. */
const GRACE_MS = 2_000;

/** Nobody reads it; made once, since an abort without a reason makes one each time, which costs more than the rest. */
const OVER = new Error('the race is over');

/**
 * Runs one effect for at most `timeoutMs`. A value that arrives within the grace counts: a known end is worth
 * more than an unknown one. An effect that does not stop at all is left behind; its end is ignored.
 */
export async function bounded<T>(
  effect: (signal: AbortSignal) => Promise<T>,
  limits: { readonly clock: Clock; readonly timeoutMs: number; readonly abort: AbortSignal | null },
): Promise<Bounded<T>> {
  const { clock, timeoutMs, abort } = limits;
  if (abort?.aborted === true) return { end: 'aborted', error: undefined };
  if (timeoutMs <= 0) return { end: 'timeout', error: undefined };

  const stop = new AbortController();
  const waits = new AbortController();
  const forward = (): void => {
    stop.abort(abortError(abort ?? undefined));
  };
  abort?.addEventListener('abort', forward, { once: true });
  try {
    const running = settled(effect, stop.signal);
    const first = await Promise.race([
      running,
      elapsed(clock, timeoutMs, waits.signal),
      whenAborted(stop.signal),
    ]);
    if (typeof first === 'object') return first;
    stop.abort(new Error(`not done within ${timeoutMs} ms`));
    const late = await Promise.race([running, elapsed(clock, GRACE_MS, waits.signal)]);
    if (typeof late === 'string') return { end: first, error: undefined };
    return late.end === 'value' ? late : { end: first, error: late.error };
  } finally {
    abort?.removeEventListener('abort', forward);
    waits.abort(OVER);
  }
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

function elapsed(clock: Clock, ms: number, cancel: AbortSignal): Promise<'timeout'> {
  return clock.sleep(ms, cancel).then(
    () => 'timeout' as const,
    // Cancelled because the race is over: nobody waits for this any more.
    () => 'timeout' as const,
  );
}

function whenAborted(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    signal.addEventListener(
      'abort',
      () => {
        resolve('aborted');
      },
      { once: true },
    );
  });
}
