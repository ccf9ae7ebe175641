/**
 * Runs `work` with a signal that fires when `signal` does or `ms` have passed, whichever is first.
 *
 * Made by hand, for `AbortSignal.any` loses time limits: on Node 20 an `AbortSignal.timeout` that nothing but such
 * a signal refers to is collected as garbage, and never fires.
 */
export async function within<T>(
  ms: number,
  signal: AbortSignal | null,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { limit, release } = follow(signal);
  const timer = setTimeout(() => {
    limit.abort(new DOMException(`not done within ${ms} ms`, 'TimeoutError'));
  }, ms);
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
    release();
  }
}

/**
 * Runs `work`, which does several things at once, with a signal that fires when `signal` does or `work` has failed:
 * when one of the things fails the others begin nothing more.
 */
export async function allOrNone<T>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { limit, release } = follow(signal);
  try {
    return await work(limit.signal);
  } catch (error) {
    limit.abort(error);
    throw error;
  } finally {
    release();
  }
}

/** A controller that aborts when `signal` does, until it is released. */
export function follow(signal: AbortSignal | null): { limit: AbortController; release: () => void } {
  const limit = new AbortController();
  const forward = (): void => {
    limit.abort(signal?.reason);
  };
  if (signal?.aborted === true) forward();
  signal?.addEventListener('abort', forward, { once: true });
  return {
    limit,
    release() {
      signal?.removeEventListener('abort', forward);
    },
  };
}

/** The end of `work`, or the error that `giveUp` makes when the signal fires before. */
export async function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  giveUp: () => Error,
): Promise<T> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(giveUp());
    };
  });
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
