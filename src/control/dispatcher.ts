import { decide } from '../engine/decide.js';
import type { Decision } from '../engine/decision.js';
import type { EngineEvent } from '../engine/event.js';
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
  /** Takes no further event; those that wait stay durable and are taken up at the next start. */
  close(): void;
  /** Resolves when every event that could be decided now has been. */
  settled(): Promise<void>;
  readonly waiting: number;
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
}

const OPERATION_FOR: Readonly<Partial<Record<Decision['outcome'], OperationKind>>> = {
  snapshot: 'take-snapshot',
  restart: 'restart-server',
  retire: 'retire-snapshot',
};

/** How long matches and symptoms can matter to any policy of the set. */
function memoryHorizonMs(policySet: PolicySet): number {
  return Math.max(
    0,
    ...policySet.alertPolicies.map((policy) => policy.repeated.withinMs),
    ...policySet.restartPolicies.map((policy) => policy.symptomsWithinMs),
  );
}

export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const { store, clock, lanes, policySet, journalist, start, onFault } = parts;
  const queue = createEventQueue();
  let working: Promise<void> | null = null;
  let again = false;
  let closed = false;

  function wake(): void {
    again = true;
    working ??= work()
      .catch(onFault)
      .finally(() => {
        working = null;
      });
  }

  async function work(): Promise<void> {
    while (again) {
      again = false;
      for (let event = next(); event !== null; event = next()) await dispatch(event);
    }
  }

  function next(): EngineEvent | null {
    if (closed) return null;
    makeWay();
    return queue.take((server) => lanes.isFree(server));
  }

  /** A server that has failed has no use for a snapshot being taken or retired. */
  function makeWay(): void {
    for (const failure of queue.waitingFailures()) {
      const busy = lanes.busy(failure.server);
      if (busy && busy.kind !== 'restart-server') busy.abort(`${failure.server} has failed`);
    }
  }

  async function dispatch(event: EngineEvent): Promise<void> {
    const policies = policySet();
    const began = clock.now();
    const view = await viewFor(store, policies, event);
    lanes.follow(view.servers);
    const decision = await decide(policies, event, view);
    const final = !decision.reasons.some(({ code }) => TRANSIENT_REASONS.has(code));
    const operation = operationFor(decision);
    const recorded = await store.recordDecision({
      event,
      decision,
      final,
      operation,
      serverFailed: hasFailed(decision),
    });
    journalist.decided(recorded, { final, tookMs: clock.now() - began });
    if (!final) queue.park(event);
    const begun = operation && (await store.operation(operation.id));
    // A decision that was recorded before a crash has an operation that may have ended since.
    if (begun?.state === 'running') start(begun);
  }

  return {
    enqueue(events) {
      queue.push(events);
      wake();
    },
    reconsider() {
      queue.unpark();
      wake();
    },
    close() {
      closed = true;
    },
    async settled() {
      while (working) await working;
    },
    get waiting() {
      return queue.size;
    },
  };
}

/** The view that an event is decided on: histories as far back as any policy looks from the event's own time. */
export function viewFor(store: Store, policySet: PolicySet, event: { readonly at: string }): Promise<View> {
  return store.view(toInstant(toEpochMs(event.at) - memoryHorizonMs(policySet)));
}

function operationFor(decision: Decision): { readonly id: string; readonly kind: OperationKind } | null {
  const kind = decision.mode === 'enforce' ? OPERATION_FOR[decision.outcome] : undefined;
  return kind === undefined ? null : { id: `op-${decision.id.slice(2)}`, kind };
}

/** A failure report that was not answered by an earlier takeover tells that the server is down. */
function hasFailed(decision: Decision): boolean {
  const { kind } = decision.event;
  if (kind === 'restart-order') return decision.outcome === 'restart' && decision.mode === 'enforce';
  if (kind !== 'failure') return false;
  return (
    decision.outcome === 'restart' ||
    (decision.outcome === 'refused' && decision.reasons[0]?.code !== 'in-cooldown')
  );
}
