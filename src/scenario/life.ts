/** One life of the service: from a start to the next crash. */
export interface Life {
  isOver(): boolean;
  /** The process is gone, at once. */
  end(): void;
  /**
   * The process will be gone when its n-th call from now on is done, before it has the answer: what lies between two
   * calls changes nothing outside, so these are all the instants there are.
   */
  endAfter(calls: number): void;
  /**
   * What the service reaches, as one life of it does: once that is over nothing that it asked for answers any
   * more, and nothing it asks for is done. What was under way in the world goes on without it.
   */
  reaching<T extends object>(object: T): T;
}

/** What answers at once is no call to the world, and may go on being asked by what is about to notice its death. */
const ANSWERS_AT_ONCE = new Set<PropertyKey>();

/** @param ended is told when a death that was set comes. */
export function newLife(ended: () => void = () => undefined): Life {
  let isOver = false;
  let callsLeft = Infinity;

  function end(): void {
    if (isOver) return;
    isOver = true;
    ended();
  }

  function call(key: PropertyKey, make: () => unknown): unknown {
    if (isOver && !ANSWERS_AT_ONCE.has(key)) return forever();
    const result = make();
    if (!(result instanceof Promise)) {
      ANSWERS_AT_ONCE.add(key);
      return answered(result);
    }
    callsLeft -= 1;
    return callsLeft === 0 ? result.then(noticed, noticed) : answered(result);
  }

  function noticed(): Promise<never> {
    end();
    return forever();
  }

  function answered(result: unknown): unknown {
    if (result instanceof Promise) {
      return result.then(
        (value: unknown) => (isOver ? forever() : value),
        (error: unknown) => {
          if (isOver) return forever();
          throw error;
        },
      );
    }
    return typeof result === 'object' && result !== null ? reaching(result) : result;
  }

  function reaching<T extends object>(object: T): T {
    return new Proxy(object, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (typeof value === 'function') {
          return (...args: unknown[]): unknown => call(key, () => Reflect.apply(value, target, args));
        }
        return typeof value === 'object' && value !== null ? reaching(value) : value;
      },
    });
  }

  return {
    isOver: () => isOver,
    end,
    endAfter(calls) {
      callsLeft = calls;
    },
    reaching,
  };
}

/** What a process that is gone waits for. */
export function forever(): Promise<never> {
  return new Promise(() => undefined);
}
