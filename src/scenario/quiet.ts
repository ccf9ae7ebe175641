/**
 * Resolves when nothing is left to happen but virtual time: store and rack are in this process's memory, so
 * whatever one thing sets going is done before the event loop turns.
 */
export function quiet(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
