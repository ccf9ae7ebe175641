import type { StepRecord } from '../store/store.js';

/** The journal of an operation as it was found when the operation was taken up. */
export interface Replay {
  /**
   * What the journal knows of a step; undefined for one that was never begun.
   * @throws {JournalMismatch} when the journal holds steps that this program does not take, or when a name is used twice.
   */
  take(step: string): StepRecord | undefined;
  /** True while ended steps are still to come: what happens now has happened before. */
  replaying(): boolean;
}

/** The journal was not written by this sequence of steps. To go on would be to guess. */
export class JournalMismatch extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JournalMismatch';
  }
}

export function replayOf(records: readonly StepRecord[]): Replay {
  const recorded = new Map(records.map((record) => [record.step, record]));
  const taken = new Set<string>();
  const left = new Set(recorded.keys());
  return {
    take(step) {
      if (taken.has(step)) throw new JournalMismatch(`the step ${step} was taken twice`);
      taken.add(step);
      const record = recorded.get(step);
      if (record === undefined && left.size > 0) {
        throw new JournalMismatch(`the journal holds ${[...left].join(', ')}, and now comes ${step}`);
      }
      left.delete(step);
      return record;
    },
    replaying: () => [...left].some((step) => recorded.get(step)?.state !== 'intended'),
  };
}
