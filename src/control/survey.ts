import type { ActionEnd } from '../actions/action.js';
import { bounded } from '../actions/bounded.js';
import type { Clock } from '../clock.js';
import type { PolicySet } from '../engine/policy-set.js';
import { toInstant } from '../engine/time.js';
import { HardwareError, type StorageCapability } from '../hw/contract.js';
import type { DriveMeasurement, Operation, Store } from '../store/store.js';

export interface SurveyParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly policySet: () => PolicySet;
  readonly storage: (drive: string) => Pick<StorageCapability, 'status'>;
  readonly onFault: (what: string, error: unknown) => void;
}

/** An array that is gone answers nothing, and must not hold up the others. */
const PATIENCE_MS = 5_000;

/** What an operation wrote to, deleted from or ran from; null when it does not say. */
export function drivesTouched({ decision }: Operation, { result }: ActionEnd): ReadonlySet<string> | null {
  switch (result?.kind) {
    case 'snapshot':
    case 'restart': {
      const disk = decision.restart === undefined ? [] : [decision.restart.disk];
      const last = result.drive === null ? [] : [result.drive];
      return new Set([...disk, ...result.tried.map(({ drive }) => drive), ...last]);
    }
    case 'retire':
      return new Set(decision.retire?.snapshots.map(({ drive }) => drive));
    case undefined:
      return null;
  }
}

/**
 * Asks drives how they are, all of them or only some, and writes the answers into the disk table. A drive that does not
 * answer keeps what was known of it: no answer is not a failure of the drive, and placement would otherwise empty
 * itself when a network blinks.
 */
export async function surveyDrives(
  parts: SurveyParts,
  { signal, only }: { readonly signal: AbortSignal; readonly only: ReadonlySet<string> | null },
): Promise<void> {
  const { store, clock, policySet, storage, onFault } = parts;
  const names = [...policySet().inventory.drives.keys()].filter((name) => only?.has(name) ?? true);
  const answers = new Map<string, Answer>();
  await bounded(
    (stop) =>
      Promise.all(
        names.map(async (drive) => {
          answers.set(drive, await answerOf(storage, drive, stop));
        }),
      ),
    { clock, timeoutMs: PATIENCE_MS, abort: signal },
  );
  const measured = names.flatMap((drive): DriveMeasurement[] => {
    const answer = answers.get(drive) ?? { error: unanswered(drive) };
    if ('health' in answer) return [{ drive, ...answer }];
    if (answer.error instanceof HardwareError && answer.error.code === 'drive-failed') {
      return [{ drive, freeBytes: 0, health: 'failed' }];
    }
    if (!signal.aborted) onFault(`drive ${drive} could not be measured`, answer.error);
    return [];
  });
  await store.updateDrives(measured, toInstant(clock.now()));
}

function unanswered(drive: string): HardwareError {
  return new HardwareError('no-answer', drive, `${drive} did not answer within ${PATIENCE_MS} ms`);
}

type Answer = Pick<DriveMeasurement, 'freeBytes' | 'health'> | { readonly error: unknown };

/** Also a drive that cannot even be opened answers with an error, not with an exception. */
async function answerOf(
  storage: SurveyParts['storage'],
  drive: string,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const { freeBytes, health } = await storage(drive).status(signal);
    return { freeBytes, health };
  } catch (error) {
    return { error };
  }
}
