import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock.js';
import type { StepPoint } from '../actions/durable.js';
import type { EngineEvent } from '../engine/event.js';
import type { PolicySet } from '../engine/policy-set.js';
import { toInstant } from '../engine/time.js';
import type { Hardware } from '../hw/index.js';
import type { Acceptance, Store } from '../store/store.js';
import { createDispatcher, viewFor } from './dispatcher.js';
import { isUrgent } from './event-queue.js';
import { createIsolation } from './isolation.js';
import type { Journalist } from './journalist.js';
import { createLanes } from './lanes.js';
import { createOperations } from './operations.js';
import { createScheduler } from './scheduler.js';
import { createStandby } from './standby.js';
import { drivesTouched, surveyDrives } from './survey.js';

/**
 * The administration server without its doors: accepts events, decides, operates. The service puts HTTP,
 * policy files and a wall clock around it; a scenario puts virtual time around the very same thing.
 */
export interface ControlRoom {
  /** Takes up what a crash left unfinished, then begins to work. */
  start(): Promise<void>;
  /**
   * Resolving means: durable.
   * @throws {QueueFull} when too many events wait; none of these was stored.
   */
  accept(events: readonly EngineEvent[]): Promise<readonly Acceptance[]>;
  /** A new policy set decides from now on. */
  policiesChanged(): Promise<void>;
  /** Asks these drives how they are, and decides by it what waits; null: all of them. */
  measure(only: ReadonlySet<string> | null): Promise<void>;
  /** Resolves when every event that can be decided has been; operations may still run. */
  settled(): Promise<void>;
  /** Stops beginning anything and waits for running operations; what does not end in time is resumed later. */
  drain(withinMs: number): Promise<void>;
  /** Events that are not decided. */
  waiting(): number;
  /** Operations that have not ended. */
  running(): number;
  /** Why nothing is decided; null when all is well. */
  trouble(): string | null;
}

export interface ControlRoomParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly policySet: () => PolicySet;
  readonly hardware: () => Hardware;
  readonly journalist: Journalist;
  /** More undecided events than this are refused; failures and orders to restart only a good deal later. */
  readonly queueLimit: number;
  /** False: no periodic snapshots. Scenarios take theirs as steps. */
  readonly schedules: boolean;
  /** How often the drives are asked how they are, operations or not; null: after operations only. */
  readonly surveyEveryMs: number | null;
  /** For crash tests. */
  readonly observe?: (point: StepPoint) => Promise<void>;
}

/** A flood of alerts must not keep the failure out that it tells of. */
const URGENT_SHARE = 1.5;

/** The queue of undecided events is full. */
export class QueueFull extends Error {
  readonly waiting: number;
  readonly limit: number;

  constructor(waiting: number, limit: number) {
    super(`${waiting} events wait for a decision; the limit is ${limit}`);
    this.name = 'QueueFull';
    this.waiting = waiting;
    this.limit = limit;
  }
}

export function createControlRoom(parts: ControlRoomParts): ControlRoom {
  const { store, clock, policySet, hardware, journalist, queueLimit } = parts;
  const closing = new AbortController();
  // One listener for each drive of a survey, and there are as many drives as there are.
  setMaxListeners(0, closing.signal);
  const lanes = createLanes();
  const loops: Promise<void>[] = [];

  const survey = (only: ReadonlySet<string> | null): Promise<void> =>
    surveyDrives(
      {
        store,
        clock,
        policySet,
        storage: (drive) => hardware().storage(drive),
        onFault: (what, error) => {
          journalist.fault(what, error);
        },
      },
      { signal: closing.signal, only },
    ).catch((error: unknown) => {
      journalist.fault('the survey of the drives failed', error);
    });

  const operations = createOperations({
    ...parts,
    lanes,
    closing: closing.signal,
    accept: take,
    async onEnded(operation, end) {
      isolation.ended(operation, end.result);
      // At once, since a failure may be waiting; and again when its drives have said what is free now.
      dispatcher.reconsider();
      await measure(drivesTouched(operation, end));
    },
  });
  const dispatcher = createDispatcher({
    ...parts,
    lanes,
    closing: closing.signal,
    start: (operation) => {
      operations.start(operation);
    },
    onFault: (error) => {
      journalist.fault('a decision could not be made or recorded', error);
    },
  });
  const scheduler = createScheduler({
    store,
    clock,
    policySet,
    accept: take,
    onFault: (error) => {
      journalist.fault('the schedules could not be looked at', error);
    },
  });

  const standby = createStandby({
    clock,
    policySet,
    hardware,
    view: () => viewFor(store, policySet(), { at: toInstant(clock.now()) }),
    journalist,
    closing: closing.signal,
  });

  const isolation = createIsolation({ store, clock, hardware, journalist, closing: closing.signal });

  /** Our own follow-ups come this way: a full queue must not lose what an operation has begun. */
  async function take(events: readonly EngineEvent[]): Promise<readonly Acceptance[]> {
    const results = await store.accept(events, toInstant(clock.now()));
    events.forEach((event, index) => {
      journalist.accepted(event, results[index]?.result ?? 'conflict');
    });
    dispatcher.enqueue(events.filter((_, index) => results[index]?.result === 'accepted'));
    return results;
  }

  async function measure(only: ReadonlySet<string> | null): Promise<void> {
    await survey(only);
    dispatcher.reconsider();
    scheduler.reconsider();
    standby.reconsider();
    isolation.reconsider();
  }

  async function surveyRegularly(everyMs: number): Promise<void> {
    // The sleep ends early only when the service stops.
    while (await clock.sleep(everyMs, closing.signal).then(always, never)) {
      await survey(null);
      standby.reconsider();
      isolation.reconsider();
    }
  }

  return {
    async start() {
      await store.syncInventory(policySet().inventory, toInstant(clock.now()));
      await survey(null);
      lanes.follow((await store.view(toInstant(clock.now()))).servers);
      for (const operation of await store.unfinishedOperations()) operations.resume(operation);
      dispatcher.enqueue(await store.pending());
      standby.reconsider();
      isolation.reconsider();
      if (parts.schedules) loops.push(scheduler.run(closing.signal));
      if (parts.surveyEveryMs !== null) loops.push(surveyRegularly(parts.surveyEveryMs));
    },
    async accept(events) {
      const limit = events.every(isUrgent) ? queueLimit * URGENT_SHARE : queueLimit;
      const waiting = dispatcher.waiting();
      if (waiting + events.length > limit) throw new QueueFull(waiting, limit);
      return take(events);
    },
    async policiesChanged() {
      await store.syncInventory(policySet().inventory, toInstant(clock.now()));
      await measure(null);
    },
    measure,
    settled: () => dispatcher.settled(),
    async drain(withinMs) {
      closing.abort(new Error('the service is stopping'));
      await dispatcher.settled();
      await Promise.all([...loops, standby.settled(), isolation.settled()]);
      await operations.ended(withinMs);
    },
    waiting: () => dispatcher.waiting(),
    running: () => lanes.running(),
    trouble: () => dispatcher.trouble(),
  };
}

function always(): boolean {
  return true;
}

function never(): boolean {
  return false;
}
