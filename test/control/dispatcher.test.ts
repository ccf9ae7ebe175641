/** The dispatcher on a real store in memory, with faults of that store and operations that never begin. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDispatcher, type Dispatcher } from '../../src/control/dispatcher.js';
import type { Journalist } from '../../src/control/journalist.js';
import { createLanes, type Lanes } from '../../src/control/lanes.js';
import type { Decision } from '../../src/engine/decision.js';
import type { EngineEvent } from '../../src/engine/event.js';
import { toInstant } from '../../src/engine/time.js';
import { watched } from '../support/watched.js';
import { openSqliteStore } from '../../src/store/sqlite/index.js';
import type { Operation, Store } from '../../src/store/store.js';
import { createVirtualClock, type VirtualClock } from '../../src/virtual-clock.js';
import { alert, failure } from '../engine/support/events.js';
import { policySet } from '../engine/support/policies.js';

let clock: VirtualClock;
let store: Store;
let idle: () => Promise<void>;
let lanes: Lanes;
let dispatcher: Dispatcher;
let closing: AbortController;
let decided: Decision[];
let started: Operation[];
let faults: unknown[];
/** How many more decisions the store refuses to record. */
let refusals: number;

beforeEach(async () => {
  clock = createVirtualClock(Date.UTC(2026, 0, 1, 12));
  const real = await openSqliteStore({ file: ':memory:', clock });
  const seen = watched(real);
  idle = seen.idle;
  refusals = 0;
  store = {
    ...seen.object,
    recordDecision(record) {
      if (refusals === 0) return seen.object.recordDecision(record);
      refusals -= 1;
      return Promise.reject(new Error('the disk is full'));
    },
  };
  lanes = createLanes();
  [decided, started, faults] = [[], [], []];
  closing = new AbortController();
  dispatcher = createDispatcher({
    store,
    clock,
    lanes,
    policySet: () => policySet({}),
    journalist: journalist(),
    start(operation) {
      started.push(operation);
      lanes.occupy(operation.server, {
        operation: operation.id,
        kind: operation.kind,
        abort: () => undefined,
      });
    },
    onFault: (error) => faults.push(error),
    closing: closing.signal,
  });
  await store.syncInventory(policySet({}).inventory, toInstant(clock.now()));
});

afterEach(async () => {
  closing.abort();
  await store.close();
});

describe('the dispatcher', () => {
  it('decides an event that was accepted and starts what follows from it', async () => {
    await accept(alert(0));
    expect(decided.map(({ outcome }) => outcome)).toEqual(['snapshot']);
    expect(started.map(({ kind }) => kind)).toEqual(['take-snapshot']);
    expect(await store.pendingCount()).toBe(0);
  });

  it('lets no second event of a server in while an operation runs there', async () => {
    await accept(alert(0), alert(1));
    expect(decided).toHaveLength(1);
    expect(dispatcher.waiting()).toBe(1);
    lanes.free('web-1');
    dispatcher.reconsider();
    await idle();
    expect(decided).toHaveLength(2);
  });

  it('keeps an event whose decision could not be recorded, says that there is trouble, and tries again', async () => {
    refusals = 2;
    await accept(alert(0));
    expect(decided).toEqual([]);
    expect(faults).toHaveLength(1);
    expect(dispatcher.trouble()).not.toBeNull();
    await clock.runUntil(clock.now() + 5_000, idle);
    expect(decided.map(({ outcome }) => outcome)).toEqual(['snapshot']);
    expect(dispatcher.trouble()).toBeNull();
    expect(faults).toHaveLength(2);
  });

  it('begins nothing after it was closed, and leaves what waits in the store', async () => {
    closing.abort();
    await accept(alert(0));
    expect(decided).toEqual([]);
    expect(await store.pendingCount()).toBe(1);
  });

  it('asks a running snapshot to make way for the restart of its server', async () => {
    await haveSnapshot();
    const aborted = occupyWithSnapshot();
    await accept(failure(0));
    expect(aborted).toEqual(['web-1 has failed']);
  });

  it('lets a running snapshot go on when the failure report will not be acted on', async () => {
    const aborted = occupyWithSnapshot();
    // Without a snapshot to start from there is nothing to restart, so what is being taken is worth more.
    await accept(failure(0));
    expect(aborted).toEqual([]);
  });
});

/** The lane of web-1 is busy with a snapshot; what it is told to give up for is gathered. */
function occupyWithSnapshot(): readonly string[] {
  const aborted: string[] = [];
  lanes.occupy('web-1', { operation: 'op-9', kind: 'take-snapshot', abort: (why) => aborted.push(why) });
  return aborted;
}

async function haveSnapshot(): Promise<void> {
  const at = toInstant(clock.now() - 60_000);
  await store.change('test', async (table) => {
    await table.beginSnapshot({
      id: 's1',
      server: 'web-1',
      kind: 'scheduled',
      condition: 'scheduled',
      cause: 'unknown',
      drive: 'd1',
      orderedAt: at,
      pinned: false,
      policyRevision: 'sha256:0',
      event: 'e',
      operation: 'op-0',
    });
    const measured = { takenAt: at, memoryBytes: 1, diskBytes: 1, checksum: 'sha256:0' };
    await table.completeSnapshot('s1', measured);
  });
}

async function accept(...events: EngineEvent[]): Promise<void> {
  await store.accept(events, toInstant(clock.now()));
  dispatcher.enqueue(events);
  await idle();
}

function journalist(): Journalist {
  const ignore = (): void => undefined;
  return {
    accepted: ignore,
    decided: (decision) => decided.push(decision),
    began: ignore,
    noted: ignore,
    stepFailed: ignore,
    ended: ignore,
    stoodBy: ignore,
    isolated: ignore,
    fault: (_what, error) => faults.push(error),
  };
}
