/**
 * Counts the calls that are under way on an object and the objects it holds. Virtual time may move only when
 * nothing but sleeps is left; of all that a scenario awaits, only the store leaves the process.
 */
export interface Counted<T> {
  readonly object: T;
  underWay(): number;
}

export function counted<T extends object>(object: T): Counted<T> {
  let calls = 0;
  const wrap = <O extends object>(inner: O): O =>
    new Proxy(inner, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (typeof value === 'function')
          return count((...args: unknown[]): unknown => Reflect.apply(value, target, args));
        return typeof value === 'object' && value !== null && !Array.isArray(value) ? wrap(value) : value;
      },
    });
  const count =
    (call: (...args: unknown[]) => unknown) =>
    (...args: unknown[]): unknown => {
      const result = call(...args);
      if (!(result instanceof Promise)) return result;
      calls += 1;
      return result.finally(() => {
        calls -= 1;
      });
    };
  return { object: wrap(object), underWay: () => calls };
}

/** Resolves when nothing has been under way for two turns of the event loop. */
export async function untilQuiet(underWay: () => number): Promise<void> {
  for (let quietTurns = 0; quietTurns < 2;) {
    await new Promise((resolve) => setImmediate(resolve));
    quietTurns = underWay() === 0 ? quietTurns + 1 : 0;
  }
}
