import type { Clock } from '../../clock.js';
import { toInstant } from '../../engine/time.js';
import type { Store } from '../store.js';
import { acceptEvent, decidedEvents, recordDecision } from './decisions.js';
import { openDiskTable } from './disk-table.js';
import { byName, syncInventory } from './inventory.js';
import { allSnapshots } from './laws.js';
import { concludeStep, endOperation, intendStep } from './operations.js';
import type { UndoLog } from './table.js';
import { createTables, enter } from './tables.js';
import { createTransactions } from './transactions.js';
import { readView } from './view.js';

export interface MemoryStoreOptions {
  readonly clock: Clock;
  /** Refuses a call from inside a change instead of waiting for ever; for whoever writes actions. */
  readonly findsCycles?: boolean;
}

/**
 * A store that ends with its process and keeps every promise but the one to survive: what scenarios and
 * simulations run on, thousands of times faster than on a file.
 */
export function openMemoryStore({ clock, findsCycles = false }: MemoryStoreOptions): Store {
  const undo: UndoLog = [];
  const tables = createTables(undo);
  const { now, around, close } = createTransactions(undo, findsCycles);
  const time = (): string => toInstant(clock.now());
  const newest = <R>(rows: readonly R[], fits: (row: R) => boolean, limit: number): readonly R[] =>
    rows.filter(fits).toReversed().slice(0, limit);

  return {
    accept: (events) => now(() => events.map((event) => acceptEvent(tables, event))),
    pending: () => now(() => tables.events.all().flatMap(({ event, decided }) => (decided ? [] : [event]))),
    pendingCount: () => now(() => tables.events.all().filter(({ decided }) => !decided).length),
    event: (id) => now(() => tables.events.get(id)?.event ?? null),
    decidedEvents: (page) => now(() => decidedEvents(tables, page)),

    view: (since) => now(() => readView(tables, since)),
    recordDecision: (record) => now(() => recordDecision(tables, record, time())),
    decisions: ({ server, outcome, limit }) =>
      now(() =>
        newest(
          tables.decisions.all(),
          (row) =>
            (server === undefined || row.server === server) &&
            (outcome === undefined || row.decision.outcome === outcome),
          limit,
        ).map(({ decision }) => decision),
      ),
    decision: (id) => now(() => tables.decisions.get(id)?.decision ?? null),

    syncInventory: (inventory, at) =>
      now(() => {
        syncInventory({ tables, at, by: 'inventory' }, inventory);
      }),
    updateDrives: (measured, at) =>
      now(() => {
        for (const { drive, freeBytes, health } of measured) {
          const known = tables.drives.get(drive);
          if (known === undefined || (known.row.freeBytes === freeBytes && known.row.health === health))
            continue;
          tables.drives.put(drive, { ...known, row: { ...known.row, freeBytes, health } });
          // Free space changes all the time; only a change of health is worth a journal entry.
          if (known.row.health !== health) {
            enter({ tables, at, by: 'drivers' }, `drive:${drive}`, 'health', {
              from: known.row.health,
              to: health,
            });
          }
        }
      }),
    heartbeat: (name, at) =>
      now(() => {
        const server = tables.servers.get(name);
        if (server === undefined) return;
        const heartbeatAt = server.heartbeatAt !== null && server.heartbeatAt > at ? server.heartbeatAt : at;
        const isBeingRestarted = tables.operations
          .all()
          .some((one) => one.server === name && one.kind === 'restart-server' && one.state === 'running');
        const lives = server.failedAt !== null && server.failedAt < at && !isBeingRestarted;
        tables.servers.put(name, {
          ...server,
          heartbeatAt,
          ...(lives ? { state: 'up', failedAt: null } : {}),
        });
        if (lives) enter({ tables, at, by: 'heartbeat' }, `server:${name}`, 'recovered', { heartbeatAt: at });
      }),
    lastHeartbeat: (server) => now(() => tables.servers.get(server)?.heartbeatAt ?? null),

    change: (by, change) => around((during) => change(openDiskTable({ tables, at: time(), by }, during))),
    drives: () => now(() => byName(tables.drives, ({ row }) => row.name).map(({ row }) => row)),
    snapshots: ({ server }) =>
      now(() => allSnapshots(tables).filter((row) => server === undefined || row.server === server)),
    journal: ({ subject, limit }) =>
      now(() =>
        newest(
          tables.journal.all(),
          (entry) => subject === undefined || entry.subject === subject,
          limit,
        ).toReversed(),
      ),

    steps: {
      load: (operation) => now(() => tables.steps.get(operation) ?? []),
      intend: (operation, step, at) =>
        now(() => {
          intendStep(tables, { operation, step }, at);
        }),
      conclude: (operation, step, end, at) =>
        now(() => {
          concludeStep(tables, { operation, step }, end, at);
        }),
      record: (operation, step, at, change) =>
        around(async (during) => {
          intendStep(tables, { operation, step }, at);
          const result = await change(openDiskTable({ tables, at, by: operation }, during));
          concludeStep(tables, { operation, step }, { ok: true, result }, at);
          return result;
        }),
    },
    unfinishedOperations: () => now(() => tables.operations.all().filter(({ state }) => state === 'running')),
    finishOperation: (id, end) =>
      now(() => {
        endOperation(tables, id, end);
      }),
    operations: ({ server, limit }) =>
      now(() =>
        newest(tables.operations.all(), (one) => server === undefined || one.server === server, limit),
      ),
    operation: (id) => now(() => tables.operations.get(id) ?? null),
    operationOf: (decision) =>
      now(() => tables.operations.all().find((one) => one.decision.id === decision) ?? null),

    engineVersion: 'memory',
    close,
  };
}
