import { HardwareError } from '../contract.js';

/** What a machine is loading, or is to load next. To load a large memory takes long, and an order that wants another must not wait. */
export interface Loading {
  /**
   * Runs a load with a signal that also fires when the load has to give way.
   * @throws {HardwareError} `aborted` when it gave way.
   */
  run<T>(snapshot: string, signal: AbortSignal, load: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Ends every load but that of what is wanted; null: every one. */
  giveWay(wanted: string | null): void;
}

interface UnderWay {
  readonly snapshot: string;
  readonly stop: AbortController;
}

export function createLoading(machine: string): Loading {
  const underWay = new Set<UnderWay>();
  return {
    async run(snapshot, signal, load) {
      const stop = new AbortController();
      const forward = (): void => {
        stop.abort(signal.reason);
      };
      signal.addEventListener('abort', forward, { once: true });
      if (signal.aborted) forward();
      const mine = { snapshot, stop };
      underWay.add(mine);
      try {
        return await load(stop.signal);
      } catch (error) {
        if (!stop.signal.aborted || signal.aborted) throw error;
        const text = `${machine}: the loading of ${snapshot} gave way to another order`;
        throw new HardwareError('aborted', machine, text, { cause: error });
      } finally {
        signal.removeEventListener('abort', forward);
        underWay.delete(mine);
      }
    },
    giveWay(wanted) {
      for (const { snapshot, stop } of underWay) {
        if (snapshot !== wanted) stop.abort(new Error('it gave way'));
      }
    },
  };
}
