import type { Clock } from '../clock.js';
import { toEpochMs, toInstant } from '../engine/time.js';
import {
  StoreRefusal,
  type DiskTable,
  type Operation,
  type StepEnd,
  type StepFailure,
  type StepJournal,
  type StepRecord,
} from '../store/store.js';
import { blocked, type ActionEnd } from './action.js';
import {
  STEP_CODES,
  StepError,
  StepRefusal,
  type ActionNote,
  type StepContext,
  type StepOptions,
} from './context.js';
import { abortMessage, asFailure, asJournaled, runEffect } from './effect.js';
import { JournalMismatch, replayOf, type Replay } from './replay.js';

const STEP_TIMEOUT_MS = 60_000;

/** What {@link runDurably} needs to execute one operation from wherever its journal says it stands. */
export interface DurableRun {
  readonly operation: Operation;
  readonly action: (ctx: StepContext) => Promise<ActionEnd>;
  readonly steps: StepJournal;
  readonly clock: Clock;
  /** Aborted when the operation is to give up; the abort reason becomes the reason of the operation. */
  readonly signal: AbortSignal;
  readonly log: (entry: ActionLog) => void;
  /** For crash tests: awaited at each point; what it throws stops the action dead. */
  readonly observe?: (point: StepPoint) => Promise<void>;
}

/**
 * A place in the life of a step where the process may die. A change of the disk table has the first and the
 * last only, unless it was refused.
 */
export interface StepPoint {
  readonly operation: string;
  readonly step: string;
  readonly at: 'before-intent' | 'after-intent' | 'after-effect' | 'after-result';
}

/** What an operation tells while it runs. */
export type ActionLog = { readonly operation: string; readonly server: string } & ActionLogEntry;

export type ActionLogEntry =
  /** `replayed`: it was told before the crash already. */
  | { readonly kind: 'note'; readonly note: ActionNote; readonly replayed: boolean }
  /** `again`: the crash left it without an end. */
  | { readonly kind: 'step-begun'; readonly step: string; readonly again: boolean }
  | {
      readonly kind: 'step-retried';
      readonly step: string;
      readonly attempt: number;
      readonly failure: StepFailure;
    }
  | { readonly kind: 'step-ended'; readonly step: string; readonly failure: StepFailure | null };

/**
 * Executes an operation over the step journal: steps that have ended give back their recorded end, a step that
 * was begun and not ended runs again, the rest runs for the first time. Called again after a crash it goes on
 * where the journal ends, also when only the end itself was not yet recorded.
 *
 * @throws what the journal threw. The action is then stopped dead, the operation stays unfinished and must be
 * taken up again when the store works: without a durable intent nothing may be done, not even an undo.
 */
export async function runDurably(run: DurableRun): Promise<ActionEnd> {
  const replay = replayOf(await run.steps.load(run.operation.id));
  const life = newLife();
  try {
    const end = await run.action(durableContext(run, replay, life));
    life.assertAlive();
    return end;
  } catch (error) {
    const death = life.death();
    const cause = death === null ? error : death.cause;
    if (cause instanceof JournalMismatch) return mismatched(run.operation, cause);
    if (death !== null) throw cause;
    return unforeseen(run.operation, cause);
  }
}

function mismatched(operation: Operation, error: JournalMismatch): ActionEnd {
  return blocked(
    `the journal of ${operation.id} does not fit this version of ${operation.kind}: ${error.message}. ` +
      `Nothing more was done; look at its steps and bring ${operation.server} to a known state by hand`,
    null,
  );
}

function unforeseen(operation: Operation, error: unknown): ActionEnd {
  if (error instanceof StepError) return blocked(`${error.step}: ${error.message}`, null);
  const message = error instanceof Error ? error.message : String(error);
  return blocked(
    `${operation.kind} stopped on a defect of this program: ${message}. ` +
      `Look at the steps of ${operation.id}, bring ${operation.server} to a known state and report the defect`,
    null,
  );
}

/** Whether the action may still do anything. Once dead it stays dead, whatever the action catches. */
interface Life {
  /** What it died of; null while it lives. */
  death(): { readonly cause: unknown } | null;
  assertAlive(): void;
  /** Runs what the action cannot live without: if it throws, the action is dead. */
  vital<T>(work: () => T | Promise<T>): Promise<T>;
}

function newLife(): Life {
  let death: { readonly cause: unknown } | null = null;
  const assertAlive = (): void => {
    if (death !== null) throw death.cause;
  };
  return {
    death: () => death,
    assertAlive,
    async vital(work) {
      assertAlive();
      try {
        return await work();
      } catch (cause) {
        death = { cause };
        throw cause;
      }
    },
  };
}

function durableContext(run: DurableRun, replay: Replay, life: Life): StepContext {
  const { operation, steps, clock, signal } = run;
  const { id } = operation;
  const now = (): string => toInstant(clock.now());
  const tell = (entry: ActionLogEntry): void => {
    run.log({ operation: id, server: operation.server, ...entry });
  };
  const { observe } = run;
  const reach = async (step: string, at: StepPoint['at']): Promise<void> => {
    if (observe !== undefined) await life.vital(() => observe({ operation: id, step, at }));
  };

  async function intend(step: string, record: StepRecord | undefined): Promise<void> {
    if (record === undefined) {
      await reach(step, 'before-intent');
      await life.vital(() => steps.intend(id, step, now()));
    }
    await reach(step, 'after-intent');
    tell({ kind: 'step-begun', step, again: record !== undefined });
  }

  async function conclude(step: string, end: StepEnd): Promise<unknown> {
    await reach(step, 'after-effect');
    await life.vital(() => steps.conclude(id, step, end, now()));
    tell({ kind: 'step-ended', step, failure: end.ok ? null : end.error });
    await reach(step, 'after-result');
    if (!end.ok) throw new StepError(step, end.error);
    return end.result;
  }

  async function through(
    step: string,
    record: StepRecord | undefined,
    effect: () => Promise<StepEnd>,
  ): Promise<unknown> {
    await intend(step, record);
    return conclude(step, await life.vital(effect));
  }

  async function changed<T>(step: string, change: (table: DiskTable) => Promise<T>): Promise<unknown> {
    await reach(step, 'before-intent');
    const outcome = await life.vital(() => changeOrRefusal(steps, { id, step, at: now() }, change));
    if (!outcome.ok) {
      await life.vital(() => steps.intend(id, step, now()));
      return conclude(step, { ok: false, error: asFailure(step, outcome.refusal) });
    }
    tell({ kind: 'step-ended', step, failure: null });
    await reach(step, 'after-result');
    return asJournaled(outcome.value);
  }

  return {
    operation: id,
    server: operation.server,
    createdAtMs: toEpochMs(operation.createdAt),
    signal,

    async step<T>(
      name: string,
      effect: (signal: AbortSignal) => Promise<T>,
      options: StepOptions = {},
    ): Promise<T> {
      const record = await life.vital(() => replay.take(name));
      const limits = {
        clock,
        timeoutMs: options.timeoutMs ?? STEP_TIMEOUT_MS,
        attempts: options.attempts ?? 1,
        abort: options.always === true ? null : signal,
        onRetry: (failure: StepFailure, attempt: number): void => {
          tell({ kind: 'step-retried', step: name, attempt, failure });
        },
      };
      const result = isEnded(record)
        ? endOf(record)
        : await through(name, record, () => runEffect(name, effect, limits));
      // The journal gives back what this very step once put in; nothing else writes there.
      return result as T;
    },

    async record<T>(name: string, change: (table: DiskTable) => Promise<T>): Promise<T> {
      const record = await life.vital(() => replay.take(name));
      const result = isEnded(record) ? endOf(record) : await changed(name, change);
      // As above.
      return result as T;
    },

    async sleep(name, ms) {
      const record = await life.vital(() => replay.take(name));
      if (isEnded(record)) {
        endOf(record);
        return;
      }
      // Counted from the first beginning: the time that passed while the process was dead has passed.
      const beforeMs = record === undefined ? 0 : clock.now() - toEpochMs(record.startedAt);
      // A clock that was set back meanwhile makes no wait longer than it was meant to be.
      await through(name, record, async () => wait(clock, ms - Math.max(0, beforeMs), name, signal));
    },

    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    pause: (ms, until) => clock.sleep(ms, until),
    note(note) {
      tell({ kind: 'note', note, replayed: replay.replaying() });
    },
  };
}

type Ended = StepRecord & { readonly state: 'done' | 'failed' };

function isEnded(record: StepRecord | undefined): record is Ended {
  return record !== undefined && record.state !== 'intended';
}

/** What the journal says a step ended with. */
function endOf(record: Ended): unknown {
  if (record.state === 'done') return record.result;
  const unknown = {
    code: STEP_CODES.defect,
    subject: record.step,
    message: 'failed, without a recorded reason',
  };
  throw new StepError(record.step, record.error ?? unknown);
}

type ChangeOutcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: StoreRefusal | StepRefusal };

/** Tells a refusal, which rolls back and is the end of the step, from a store that does not work, which throws. */
async function changeOrRefusal<T>(
  steps: StepJournal,
  key: { readonly id: string; readonly step: string; readonly at: string },
  change: (table: DiskTable) => Promise<T>,
): Promise<ChangeOutcome<T>> {
  try {
    return { ok: true, value: await steps.record(key.id, key.step, key.at, change) };
  } catch (error) {
    if (error instanceof StoreRefusal || error instanceof StepRefusal) return { ok: false, refusal: error };
    throw error;
  }
}

async function wait(clock: Clock, ms: number, step: string, signal: AbortSignal): Promise<StepEnd> {
  try {
    if (ms > 0) await clock.sleep(ms, signal);
    return { ok: true, result: null };
  } catch {
    return { ok: false, error: { code: STEP_CODES.aborted, subject: step, message: abortMessage(signal) } };
  }
}
