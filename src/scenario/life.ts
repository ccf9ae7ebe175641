/** One life of the service: from a start to the next crash. */
export interface Life {
  readonly isOver: boolean;
  /** The process is gone, at once. */
  end(): void;
  /**
   * What the service reaches, as one life of it does: once that is over nothing that it asked for answers any
   * more, and nothing it asks for is done. What was under way in the world goes on without it.
   */
  reaching<T extends object>(object: T): T;
}

export function newLife(): Life {
  let isOver = false;

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
          return (...args: unknown[]): unknown =>
            isOver ? forever() : answered(Reflect.apply(value, target, args));
        }
        return typeof value === 'object' && value !== null ? reaching(value) : value;
      },
    });
  }

  return {
    get isOver() {
      return isOver;
    },
    end() {
      isOver = true;
    },
    reaching,
  };
}

/** What a process that is gone waits for. */
export function forever(): Promise<never> {
  return new Promise(() => undefined);
}
