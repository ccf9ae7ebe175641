import { actions } from '../actions/index.js';
import type { ActionEnd } from '../actions/action.js';
import { depsFromStore } from '../actions/deps.js';
import { runDurably, type ActionLog, type StepPoint } from '../actions/durable.js';
import type { Clock } from '../clock.js';
import type { EngineEvent } from '../engine/event.js';
import type { Hardware } from '../hw/index.js';
import { toInstant } from '../engine/time.js';
import type { Operation, OperationEnd, Store } from '../store/store.js';
import type { Journalist } from './journalist.js';
import type { Lanes } from './lanes.js';

/** Carries out operations, each in the lane of its server, and sees that each of them ends. */
export interface Operations {
  start(operation: Operation): void;
  /** Takes up an operation that a crash left unfinished. */
  resume(operation: Operation): void;
  /** Resolves when none runs any more, or after `withinMs`. */
  ended(withinMs: number): Promise<void>;
}

export interface OperationsParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly hardware: () => Hardware;
  readonly lanes: Lanes;
  readonly journalist: Journalist;
  readonly accept: (events: readonly EngineEvent[]) => Promise<unknown>;
  readonly onEnded: (operation: Operation, end: ActionEnd) => Promise<void>;
  readonly observe?: (point: StepPoint) => Promise<void>;
  /** Aborted when the service stops: what has not ended then is taken up at the next start. */
  readonly closing: AbortSignal;
}

/** An operation that the store did not take a step of is taken up again after this. */
const RETRY_MS = 5_000;

export function createOperations(parts: OperationsParts): Operations {
  const { store, clock, lanes, journalist } = parts;
  const running = new Set<Promise<void>>();

  function launch(operation: Operation, resumed: boolean): void {
    const giveUp = new AbortController();
    lanes.occupy(operation.server, {
      operation: operation.id,
      kind: operation.kind,
      abort: (reason) => {
        giveUp.abort(new Error(reason));
      },
    });
    journalist.began(operation, { resumed });
    const run = untilEnded(operation, giveUp.signal).finally(() => running.delete(run));
    running.add(run);
  }

  /**
   * Without a journal nothing is done: going on would be guessing. So an operation whose step the store did not
   * take stops dead, and is taken up again from its journal when the store takes steps again, as after a crash.
   */
  async function untilEnded(operation: Operation, signal: AbortSignal): Promise<void> {
    while (!parts.closing.aborted) {
      try {
        await carryOut(operation, signal);
        return;
      } catch (error) {
        journalist.fault(`operation ${operation.id} stopped without an end; its lane stays closed`, error);
        await clock.sleep(RETRY_MS, parts.closing).catch(() => undefined);
      }
    }
  }

  async function carryOut(operation: Operation, signal: AbortSignal): Promise<void> {
    const action = actions[operation.kind];
    // The hardware as it is now: a reload during the operation opens another and leaves this one alone.
    const hardware = parts.hardware();
    const deps = depsFromStore(store, clock);
    const ended = await runDurably({
      operation,
      action: (ctx) => action.run(ctx, operation.decision, hardware, deps),
      steps: store.steps,
      clock,
      signal,
      log: (entry) => {
        report(operation, entry);
      },
      ...(parts.observe ? { observe: parts.observe } : {}),
    });
    await conclude(operation, ended);
  }

  function report(operation: Operation, entry: ActionLog): void {
    if (entry.kind === 'note' && !entry.replayed) journalist.noted(operation, entry.note);
    if (entry.kind === 'step-retried') {
      journalist.stepFailed(operation, { step: entry.step, failure: entry.failure, final: false });
    }
    if (entry.kind === 'step-ended' && entry.failure) {
      journalist.stepFailed(operation, { step: entry.step, failure: entry.failure, final: true });
    }
  }

  async function conclude(operation: Operation, ended: ActionEnd): Promise<void> {
    const end: OperationEnd = { at: toInstant(clock.now()), ...ended };
    // Before the end is recorded: after a crash in between, the operation ends again and says it again.
    const next = followUp(operation, ended, end.at);
    if (next) await parts.accept([next]);
    await store.finishOperation(operation.id, end);
    journalist.ended(operation, end);
    lanes.free(operation.server);
    lanes.follow((await store.view(end.at)).servers);
    await parts.onEnded(operation, ended);
  }

  return {
    start: (operation) => {
      launch(operation, false);
    },
    resume: (operation) => {
      launch(operation, true);
    },
    async ended(withinMs) {
      if (running.size === 0) return;
      const timeout = new AbortController();
      const all = Promise.allSettled(running).then(() => {
        timeout.abort(new Error('all ended'));
      });
      await Promise.race([all, clock.sleep(withinMs, timeout.signal).catch(() => undefined)]);
    },
  };
}

/** What an ended operation makes worth deciding. The id is derived, so saying it twice is saying it once. */
function followUp(operation: Operation, ended: ActionEnd, at: string): EngineEvent | null {
  if (ended.state !== 'done') return null;
  const { server, id, decision } = operation;
  switch (operation.kind) {
    case 'take-snapshot':
      return { kind: 'retention', id: `retention:${id}`, at, server };
    case 'restart-server':
      return { kind: 'takeover', id: `takeover:${id}`, at, server, policy: decision.restart?.policy ?? '' };
    case 'retire-snapshot':
      return null;
  }
}
