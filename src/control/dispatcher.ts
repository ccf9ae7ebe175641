import { decide } from '../engine/decide.js';
import type { Decision } from '../engine/decision.js';
import type { EngineEvent } from '../engine/event.js';
import { tellsOfFailure } from '../engine/failure.js';
import { memoryHorizonMs } from '../engine/horizon.js';
import type { PolicySet } from '../engine/policy-set.js';
import { TRANSIENT_REASONS } from '../engine/reasons.js';
import { toEpochMs, toInstant } from '../engine/time.js';
import type { View } from '../engine/view.js';
import type { Clock } from '../clock.js';
import type { Operation, OperationKind, Store } from '../store/store.js';
import { createEventQueue } from './event-queue.js';
import type { Journalist } from './journalist.js';
import type { Lanes } from './lanes.js';

/**
 * From accepted events to operations: takes one event at a time, decides on the state as it is at that moment,
 * records the decision with all that follows from it in one transaction, and hands the operation over.
 * Decisions are made one after the other, so two of them never see the same drive as free.
 */
export interface Dispatcher {
  /** Events that are durable in the store. */
  enqueue(events: readonly EngineEvent[]): void;
  /** Something has changed that may let a parked event go ahead: an operation ended, or policies changed. */
  reconsider(): void;
  /** Resolves when every event that could be decided now has been. */
  settled(): Promise<void>;
  waiting(): number;
  /** Why decisions are not being made; null when they are. */
  trouble(): string | null;
}

export interface DispatcherParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly lanes: Lanes;
  readonly policySet: () => PolicySet;
  readonly journalist: Journalist;
  /** Runs an operation that is durable in the store. */
  readonly start: (operation: Operation) => void;
  /** The store failed in the middle of a decision: what is known can no longer be trusted. */
  readonly onFault: (error: unknown) => void;
  /** Aborted when the service stops: the events that wait stay durable and are taken up at the next start. */
  readonly closing: AbortSignal;
}

const OPERATION_FOR: Readonly<Partial<Record<Decision['outcome'], OperationKind>>> = {
  snapshot: 'take-snapshot',
  restart: 'restart-server',
  retire: 'retire-snapshot',
};

/** A decision that could not be made or recorded is tried again after this, then after twice as long, up to a limit. */
const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 8_000;

export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const { store, clock, lanes, policySet, journalist, start, onFault, closing } = parts;
  const queue = createEventQueue();
  let working: Promise<void> | null = null;
  let woken = false;
  let retryMs = RETRY_MS;
  let trouble: string | null = null;
  /** Counts what may let a parked event go ahead: a decision that did not see the last of it is not parked. */
  let changes = 0;
  /** Failures for which a busy server was looked at, with the operation that it was busy with. */
  const considered = new Set<string>();

  function wake(): void {
    woken = true;
    working ??= work();
  }

  async function work(): Promise<void> {
    // Nothing is awaited between the last look at `woken` and the end: no call to wake up falls between.
    while (woken) {
      woken = false;
      for (let event = await next(); event !== null; event = await next()) await dispatch(event);
    }
    working = null;
  }

  async function next(): Promise<EngineEvent | null> {
    if (!closing.aborted) await makeWay();
    return closing.aborted ? null : queue.take((server) => lanes.isFree(server));
  }

  /** A server that is to be restarted has no use for a snapshot being taken or retired. */
  async function makeWay(): Promise<void> {
    const waiting = [...queue.waitingFailures()];
    if (waiting.length === 0) considered.clear();
    for (const failure of waiting) {
      const busy = lanes.busy(failure.server);
      const key = `${failure.id} ${busy?.operation ?? ''}`;
      if (busy === null || busy.kind === 'restart-server' || considered.has(key)) continue;
      considered.add(key);
      if (await willRestart(failure)) busy.abort(`${failure.server} has failed`);
    }
  }

  /** A report that is stale, observed or refused must not cost the snapshot that is being taken. */
  async function willRestart(failure: EngineEvent): Promise<boolean> {
    try {
      const policies = policySet();
      const decision = await decide(policies, failure, await viewFor(store, policies, failure));
      return decision.mode === 'enforce' && (decision.outcome === 'restart' || !isFinal(decision));
    } catch (error) {
      onFault(error);
      return true;
    }
  }

  async function dispatch(event: EngineEvent): Promise<void> {
    try {
      const operation = await decideAndRecord(event);
      trouble = null;
      retryMs = RETRY_MS;
      if (operation !== null) await begin(operation);
    } catch (error) {
      // The event is durable and undecided: it stays first in its line until the store takes the decision.
      trouble = 'decisions cannot be recorded';
      onFault(error);
      queue.putBack(event);
      await waitToRetry();
    }
  }

  /** Not longer than until the service stops. */
  async function waitToRetry(): Promise<void> {
    await clock.sleep(retryMs, closing).catch(() => undefined);
    retryMs = Math.min(2 * retryMs, LONGEST_RETRY_MS);
  }

  /** The id of the operation that executes the decision; null when there is none. */
  async function decideAndRecord(event: EngineEvent): Promise<string | null> {
    const policies = policySet();
    const seen = changes;
    const began = clock.monotonic();
    const view = await viewFor(store, policies, event);
    lanes.follow(view.servers);
    const decision = await decide(policies, event, view);
    // The event named a machine that runs another server since: it waits in the lane of that one.
    if (!lanes.isFree(decision.event.server)) {
      queue.putBack(event);
      return null;
    }
    const final = isFinal(decision);
    const operation = operationFor(decision);
    const serverFailed = tellsOfFailure(decision);
    const recorded = await store.recordDecision({ event, decision, final, operation, serverFailed });
    journalist.decided(recorded, { final, tookMs: clock.monotonic() - began });
    if (!final && seen === changes) queue.park(event);
    else if (!final) queue.putBack(event);
    return operation?.id ?? null;
  }

  /** From here on the operation is durable: it must be begun, or the server would wait for it for ever. */
  async function begin(id: string): Promise<void> {
    for (;;) {
      try {
        const operation = await store.operation(id);
        if (operation?.state === 'running') start(operation);
        return;
      } catch (error) {
        trouble = `operation ${id} cannot be read`;
        onFault(error);
        await waitToRetry();
        if (closing.aborted) return;
      }
    }
  }

  return {
    enqueue(events) {
      queue.push(events);
      wake();
    },
    reconsider() {
      changes += 1;
      queue.unpark();
      wake();
    },
    async settled() {
      while (working) await working;
    },
    waiting: () => queue.size(),
    trouble: () => trouble,
  };
}

function isFinal(decision: Decision): boolean {
  return !decision.reasons.some(({ code }) => TRANSIENT_REASONS.has(code));
}

/** The view that an event is decided on: histories as far back as any policy looks from the event's own time. */
export function viewFor(store: Store, policySet: PolicySet, event: { readonly at: string }): Promise<View> {
  return store.view(toInstant(toEpochMs(event.at) - memoryHorizonMs(policySet)));
}

function operationFor(decision: Decision): { readonly id: string; readonly kind: OperationKind } | null {
  const kind = decision.mode === 'enforce' ? OPERATION_FOR[decision.outcome] : undefined;
  return kind === undefined ? null : { id: `op-${decision.id.slice(2)}`, kind };
}
