import type { DiskTable, StepFailure } from '../store/store.js';

/**
 * What an action may do: plain async functions over this small context are durable. A step that has ended is
 * not run again when the action is run again after a crash; its recorded end is returned instead. A step that
 * was begun and has no end is run again, so every effect must be idempotent.
 *
 * Step names are unique within an operation and do not depend on anything but earlier results.
 */
export interface StepContext {
  readonly operation: string;
  readonly server: string;
  /** Epoch ms at which the operation was created; the same after a crash. */
  readonly createdAtMs: number;
  /** Aborted when the operation is to give up, with the reason. Undo steps still run. */
  readonly signal: AbortSignal;

  /**
   * An effect on the world: journaled as intended before, with its result after. The result must survive JSON.
   * @throws {StepError} when all attempts failed; the same error after a crash.
   */
  step<T>(name: string, effect: (signal: AbortSignal) => Promise<T>, options?: StepOptions): Promise<T>;

  /**
   * An effect on the disk table alone: the change and the end of the step are one transaction. Runs even when
   * the operation was aborted: the table says what is.
   * @throws {StepError} when the change was refused, by the store's laws or by a {@link StepRefusal}; nothing of it happened.
   */
  record<T>(name: string, change: (table: DiskTable) => Promise<T>): Promise<T>;

  /** Waits; a wait that is over is not waited for again. */
  sleep(name: string, ms: number): Promise<void>;

  /** Epoch ms, for stamps. It may be set at any time: how long something takes is not measured by it. */
  now(): number;
  /** Milliseconds since some moment, never set: for waiting inside a step. */
  monotonic(): number;
  /**
   * Waits inside a step: polling, not a step of its own.
   * @throws the signal's reason when it aborts.
   */
  pause(ms: number, signal: AbortSignal): Promise<void>;

  /** A line for the log and the progress display. */
  note(note: ActionNote): void;
}

export interface StepOptions {
  /** Each attempt is given up after this; left out, after a minute. Nothing waits for ever. */
  readonly timeoutMs?: number;
  readonly attempts?: number;
  /** Runs even when the operation was aborted: steps that undo. */
  readonly always?: boolean;
}

export interface ActionNote {
  /** Which of the eight steps of the method this belongs to. Steps 1, 2, 6 and 7 are decided, not carried out. */
  readonly methodStep: 3 | 4 | 5 | 8;
  readonly message: string;
  /** The share done, from 0 to 1, of something that takes a while. */
  readonly progress?: number;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Codes of a failed step that the context gives itself; all others come from the effect. */
export const STEP_CODES = {
  /** The operation was aborted before or while the step ran. */
  aborted: 'operation-aborted',
  /** The last attempt did not end within its time. */
  timeout: 'timeout',
  /** The effect threw something that is no answer of the hardware or the store: a defect of this program. */
  defect: 'internal-error',
} as const;

/** An effect says no, for a reason of its own. Thrown inside a step, it becomes the failure of the step. */
export class StepRefusal extends Error {
  readonly code: string;
  readonly subject: string;
  /** True when another attempt could end otherwise. */
  readonly retry: boolean;

  constructor(code: string, subject: string, message: string, options: { readonly retry?: boolean } = {}) {
    super(message);
    this.name = 'StepRefusal';
    this.code = code;
    this.subject = subject;
    this.retry = options.retry ?? false;
  }
}

/** A step that has failed, live or replayed. */
export class StepError extends Error {
  readonly step: string;
  readonly code: string;
  readonly subject: string;

  constructor(step: string, failure: StepFailure) {
    super(failure.message);
    this.name = 'StepError';
    this.step = step;
    this.code = failure.code;
    this.subject = failure.subject;
  }
}
