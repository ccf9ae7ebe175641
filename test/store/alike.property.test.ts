import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Inventory, Machine } from '../../src/engine/policy-set.js';
import { openMemoryStore } from '../../src/store/memory/index.js';
import { openSqliteStore } from '../../src/store/sqlite/index.js';
import { StoreRefusal, type Store } from '../../src/store/store.js';
import { createVirtualClock } from '../../src/virtual-clock.js';
import {
  LONG_AGO,
  MEASURED,
  active,
  alert,
  backup,
  change,
  decisionAbout,
  drive,
  inventory,
  minute,
  recordOf,
  wanted,
} from './world.js';

/** One call of a store, with what it answers. */
type Call = (store: Store) => Promise<unknown>;

const number = (most: number): fc.Arbitrary<number> => fc.nat({ max: most });
const eventId = number(5).map((n) => `e${n}`);
const snapshotId = number(5).map((n) => `s${n}`);
const operationId = number(3).map((n) => `op-${n}`);
const driveName = fc.constantFrom('d0', 'd1', 'd2', 'd3', 'd4', 'e0', 'nowhere');
const machineName = fc.constantFrom('web-1', 'web-2', 'spare-1', 'spare-2', 'nobody');
const serverName = fc.constantFrom('web-1', 'web-2', 'nobody');
const at = number(30).map(minute);
const word = fc.constantFrom('a', 'b');

const inventories: fc.Arbitrary<Inventory> = fc
  .record({
    drives: fc.subarray(['d0', 'd1', 'd2', 'd3', 'd4', 'e0'], { minLength: 4 }),
    quarantined: fc.boolean(),
    serial: fc.option(fc.constant('S1'), { nil: null }),
    servers: fc.subarray(['web-1', 'web-2'], { minLength: 1 }),
    backups: fc.subarray(['spare-1', 'spare-2']),
    disk: fc.constantFrom('d0', 'd4'),
    demoted: fc.boolean(),
  })
  .map(({ drives, quarantined, serial, servers, backups, disk, demoted }) =>
    inventory(
      [
        ...servers.map((name): Machine => active(name, name === 'web-1' ? disk : 'e0')),
        ...(demoted && !servers.includes('web-2') ? [backup('web-2')] : []),
        ...backups.map((name) => backup(name)),
      ],
      [...new Set([...drives, disk, 'e0'])].map((name) =>
        drive(name, {
          quarantined: quarantined && name === 'd3',
          serial: name === 'd1' || name === 'd2' ? serial : null,
          capacityBytes: name === 'd1' && quarantined ? 500 : 1_000,
        }),
      ),
    ),
  );

const causes = fc.constantFrom('hardware' as const, 'software' as const);
const memories = fc.record({
  matches: fc.array(fc.record({ policy: word, digest: word }), { maxLength: 2 }),
  symptoms: fc.array(fc.record({ policy: word, condition: word, cause: causes, met: fc.boolean() }), {
    maxLength: 2,
  }),
  closed: fc.array(word, { maxLength: 1 }),
  orders: fc.array(
    fc.record({ policy: word, action: fc.constantFrom('snapshot' as const, 'restart' as const) }),
    { maxLength: 2 },
  ),
});

const decisions = fc
  .record({
    id: eventId,
    server: serverName,
    at,
    memory: memories,
    final: fc.boolean(),
    serverFailed: fc.boolean(),
    operation: fc.option(
      fc.record({
        id: operationId,
        kind: fc.constantFrom('take-snapshot' as const, 'restart-server' as const),
      }),
      { nil: null },
    ),
  })
  .map(({ id, server, at: eventAt, memory, ...record }): Call => async (store) => {
    // An operation of this id that is there already is a defect of the caller, told in the store's own words.
    const operation =
      record.operation !== null && (await store.operation(record.operation.id)) === null
        ? record.operation
        : null;
    const event = alert(id, { server, at: eventAt });
    return store.recordDecision(
      recordOf(event, { ...record, operation, decision: decisionAbout(event, memory) }),
    );
  });

const tableCalls = fc.oneof(
  fc.record({ id: snapshotId, server: serverName, on: driveName }).map(
    ({ id, server, on }): Call =>
      (store) =>
        change(store, (table) => table.beginSnapshot(wanted(id, on, { server }))),
  ),
  fc.record({ id: snapshotId, what: number(5) }).map(
    ({ id, what }): Call =>
      (store) =>
        change(store, async (table) => {
          if (what === 0) return table.failSnapshot(id, 'it broke');
          if (what === 1) return table.recordVerification(id, 'failed', minute(2));
          if (what === 2) return table.beginDelete(id);
          if (what === 3) return table.removeSnapshot(id);
          return table.completeSnapshot(id, MEASURED);
        }),
  ),
  fc.record({ name: driveName, machine: machineName, operation: operationId, what: number(5) }).map(
    ({ name, machine, operation, what }): Call =>
      (store) =>
        change(store, async (table) => {
          if (what === 0) return table.reserveMachine(machine, operation);
          if (what === 1) return table.release(operation);
          if (what === 2) return table.releaseDrive(name, operation);
          if (what === 3) return table.releaseMachine(machine, operation);
          return table.reserveDrive(name, operation);
        }),
  ),
  fc
    .record({
      machine: machineName,
      state: fc.constantFrom('idle' as const, 'fenced' as const, 'failed' as const),
    })
    .map(
      ({ machine, state }): Call =>
        (store) =>
          change(store, (table) => table.setMachineState(machine, state)),
    ),
  fc
    .record({ server: serverName, toMachine: machineName, toDrive: driveName, said: fc.boolean() })
    .map(({ server, toMachine, toDrive, said }): Call => async (store) => {
      const known = (await store.view(LONG_AGO)).servers.find(({ name }) => name === server);
      const fromMachine = known?.machine ?? 'web-1';
      const fromDrive = said ? (known?.disk ?? 'd0') : 'd3';
      return change(store, (table) =>
        table.recordTakeover({ server, fromMachine, fromDrive, toMachine, toDrive, at: minute(4) }),
      );
    }),
  // What is given up leaves nothing behind.
  fc.record({ id: snapshotId, on: driveName }).map(
    ({ id, on }): Call =>
      (store) =>
        change(store, async (table) => {
          await table.beginSnapshot(wanted(id, on));
          await table.reserveDrive(on, 'op-0');
          throw new StoreRefusal('wrong-state', 'second thoughts');
        }),
  ),
);

const stepCalls = fc
  .record({ operation: operationId, step: word, what: number(4), end: fc.boolean() })
  .map(({ operation, step, what, end }): Call => async (store) => {
    const { steps } = store;
    if (what === 0) return steps.intend(operation, step, minute(1));
    if (what === 1) {
      const error = { code: 'x', subject: 'y', message: 'z' };
      return steps.conclude(
        operation,
        step,
        end ? { ok: true, result: { n: 1 } } : { ok: false, error },
        minute(2),
      );
    }
    if (what === 2)
      return steps.record(operation, step, minute(3), (table) => table.reserveDrive('d1', operation));
    return store.finishOperation(operation, {
      ...{ state: end ? 'done' : 'blocked', at: minute(5), reason: end ? null : 'because' },
      result: end ? undefined : { tried: [] },
    });
  });

const calls: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 1,
    arbitrary: inventories.map(
      (declared): Call =>
        (store) =>
          store.syncInventory(declared, minute(6)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({ id: eventId, server: serverName, at }).map(
      ({ id, ...rest }): Call =>
        (store) =>
          store.accept([alert(id, rest)], minute(0)),
    ),
  },
  { weight: 5, arbitrary: decisions },
  {
    weight: 1,
    arbitrary: fc
      .record({
        drive: driveName,
        freeBytes: number(900),
        health: fc.constantFrom('ok' as const, 'failed' as const),
      })
      .map(
        (measured): Call =>
          (store) =>
            store.updateDrives([measured], minute(7)),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.record({ server: serverName, at }).map(({ server, at: seen }): Call => async (store) => {
      await store.heartbeat(server, seen);
      return store.lastHeartbeat(server);
    }),
  },
  { weight: 10, arbitrary: tableCalls },
  { weight: 4, arbitrary: stepCalls },
);

async function answerOf(call: Call, store: Store): Promise<unknown> {
  try {
    return { answer: await call(store) };
  } catch (error) {
    if (!(error instanceof StoreRefusal)) throw error;
    return { refused: error.code, message: error.message };
  }
}

async function everythingIn(store: Store): Promise<unknown> {
  return {
    view: await store.view(LONG_AGO),
    recent: await store.view(minute(15)),
    journal: await store.journal({ limit: 1_000 }),
    drives: await store.drives(),
    snapshots: await store.snapshots({}),
    pending: await store.pending(),
    operations: await store.operations({ limit: 100 }),
    decisions: await store.decisions({ limit: 100 }),
    decided: await store.decidedEvents({ after: 0, limit: 100 }),
    steps: await Promise.all(['op-0', 'op-1', 'op-2', 'op-3'].map((id) => store.steps.load(id))),
  };
}

describe('the store in memory', () => {
  it('answers, refuses and keeps as SQLite does, whatever is asked of it in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(
        inventories,
        fc.array(calls, { minLength: 10, maxLength: 60 }),
        async (first, sequence) => {
          const clock = createVirtualClock(Date.parse(minute(20)));
          const sqlite = await openSqliteStore({ file: ':memory:', clock });
          const memory = openMemoryStore({ clock });
          try {
            await Promise.all([sqlite, memory].map((store) => store.syncInventory(first, minute(0))));
            for (const call of sequence)
              expect(await answerOf(call, memory)).toEqual(await answerOf(call, sqlite));
            expect(await everythingIn(memory)).toEqual(await everythingIn(sqlite));
          } finally {
            await sqlite.close();
            await memory.close();
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
