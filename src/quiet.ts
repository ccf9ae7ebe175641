/** How often the event loop gets its turn all the same, so that signals and messages are heard. */
const TURN_EVERY = 1_000;

let calls = 0;

/**
 * Resolves when nothing is left to happen but virtual time. Where store and rack are in this process's memory, whatever
 * one thing sets going is done when the promises are, and Node.js goes on to the next tick no earlier; a turn of the
 * event loop would cost more than most of what is waited for.
 */
export function quiet(): Promise<void> {
  calls += 1;
  const isTurn = calls % TURN_EVERY === 0;
  return new Promise((resolve) => {
    if (isTurn) setImmediate(resolve);
    else process.nextTick(resolve);
  });
}
