import type { StepPoint } from '../actions/durable.js';
import type { ScenarioCrash } from '../engine/policy-set.js';
import type { OperationKind, Store } from '../store/store.js';

/** Waits for the moment at which a scenario kills the service. */
export interface CrashTrap {
  set(crash: ScenarioCrash): void;
  /** The crash that this point of a step brings; null for none. Each comes once. */
  springs(point: StepPoint): Promise<ScenarioCrash | null>;
  /** Lets no crash come any more. */
  clear(): void;
  /** Crashes that have not come. */
  readonly waiting: readonly ScenarioCrash[];
}

const KIND: Readonly<Record<ScenarioCrash['operation'], OperationKind>> = {
  snapshot: 'take-snapshot',
  restart: 'restart-server',
};

export function createCrashTrap(store: Pick<Store, 'operation'>): CrashTrap {
  const waiting: ScenarioCrash[] = [];
  /** The steps that each operation has come to, in their order. */
  const stepsOf = new Map<string, string[]>();
  return {
    waiting,
    set(crash) {
      waiting.push(crash);
    },
    clear() {
      waiting.length = 0;
    },
    async springs({ operation, step, at }) {
      const steps = stepsOf.get(operation) ?? [];
      if (!steps.includes(step)) steps.push(step);
      stepsOf.set(operation, steps);
      const kind = (await store.operation(operation))?.kind;
      const index = waiting.findIndex(
        (crash) =>
          KIND[crash.operation] === kind && crash.step === steps.indexOf(step) + 1 && crash.at === at,
      );
      return index === -1 ? null : (waiting.splice(index, 1)[0] ?? null);
    },
  };
}
