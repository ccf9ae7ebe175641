/**
 * Says when nothing is left to happen but virtual time. Of all that an operation awaits, only the store leaves
 * the event loop; waiting for its very promises, instead of turning round until they are over, is what makes
 * thousands of crash runs cheap.
 */
export interface Watched<T> {
  readonly object: T;
  /** Resolves when no call has been under way for two turns of the event loop. */
  readonly idle: () => Promise<void>;
}

/** Watches the methods of an object, and those of the objects it holds. */
export function watched<T extends object>(object: T): Watched<T> {
  const underWay = new Set<Promise<unknown>>();

  function watch(result: unknown): unknown {
    if (!(result instanceof Promise)) return result;
    const over: Promise<unknown> = result.then(ignore, ignore).then(() => underWay.delete(over));
    underWay.add(over);
    return result;
  }

  const wrap = <O extends object>(inner: O): O =>
    new Proxy(inner, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (typeof value === 'function') {
          return (...args: unknown[]): unknown => watch(Reflect.apply(value, target, args));
        }
        return typeof value === 'object' && value !== null ? wrap(value) : value;
      },
    });

  return {
    object: wrap(object),
    async idle() {
      for (let quiet = 0; quiet < 2;) {
        const [pending] = underWay;
        if (pending === undefined) {
          await new Promise((resolve) => setImmediate(resolve));
          quiet += 1;
        } else {
          await pending;
          quiet = 0;
        }
      }
    },
  };
}

function ignore(): void {
  // How a call ends is its caller's business.
}
