import type { Clock } from '../../clock.js';
import { toInstant } from '../../engine/time.js';
import type { StepJournal, Store } from '../store.js';
import type { Connection, Sql } from './connection.js';
import { syncInventory } from './inventory/sync.js';
import { findDecision, listDecisions, recordDecision } from './tables/decisions.js';
import { openDiskTable } from './tables/disk-table.js';
import { listDrives, updateDrive } from './tables/drives.js';
import { acceptEvent, countUndecided, decidedEvents, findEvent, undecidedEvents } from './tables/events.js';
import { readJournal } from './tables/journal.js';
import {
  endOperation,
  findOperation,
  findOperationOf,
  listOperations,
  unfinishedOperations,
} from './tables/operations.js';
import { lastHeartbeat, recordHeartbeat } from './tables/servers.js';
import { listSnapshots } from './tables/snapshots.js';
import { concludeStep, intendStep, loadSteps, recordStep } from './tables/steps.js';
import { readView } from './view.js';

/** The store's methods: each is one transaction. */
export function createStore(
  connection: Connection,
  clock: Clock,
  engineVersion: string,
  close: () => Promise<void>,
): Store {
  const { read, write } = connection;
  const now = (): string => toInstant(clock.now());
  return {
    accept: (events, receivedAt) =>
      write((sql) => inOrder(events, (event) => acceptEvent(sql, event, receivedAt))),
    pending: () => read(undecidedEvents),
    pendingCount: () => read(countUndecided),
    event: (id) => read((sql) => findEvent(sql, id)),
    decidedEvents: (page) => read((sql) => decidedEvents(sql, page)),

    view: (since) => read((sql) => readView(sql, since)),
    recordDecision: (record) => write((sql) => recordDecision(sql, record, now())),
    decisions: (filter) => read((sql) => listDecisions(sql, filter)),
    decision: (id) => read((sql) => findDecision(sql, id)),

    syncInventory: (inventory, at) => write((sql) => syncInventory({ sql, at, by: 'inventory' }, inventory)),
    updateDrives: (measured, at) =>
      write(async (sql) => {
        for (const one of measured) await updateDrive({ sql, at, by: 'drivers' }, one);
      }),
    heartbeat: (server, at) => write((sql) => recordHeartbeat(sql, server, at)),
    lastHeartbeat: (server) => read((sql) => lastHeartbeat(sql, server)),

    change: (by, change) => write((sql) => change(openDiskTable({ sql, at: now(), by }))),
    drives: () => read(listDrives),
    snapshots: (filter) => read((sql) => listSnapshots(sql, filter)),
    journal: (filter) => read((sql) => readJournal(sql, filter)),

    steps: stepJournal(connection),
    unfinishedOperations: () => read(unfinishedOperations),
    finishOperation: (id, end) => write((sql) => endOperation(sql, id, end)),
    operations: (filter) => read((sql) => listOperations(sql, filter)),
    operation: (id) => read((sql) => findOperation(sql, id)),
    operationOf: (decision) => read((sql) => findOperationOf(sql, decision)),

    engineVersion,
    close,
  };
}

function stepJournal({ read, write }: Connection): StepJournal {
  return {
    load: (operation) => read((sql: Sql) => loadSteps(sql, operation)),
    intend: (operation, step, at) => write((sql) => intendStep(sql, { operation, step }, at)),
    conclude: (operation, step, end, at) => write((sql) => concludeStep(sql, { operation, step }, end, at)),
    record: (operation, step, at, change) => write((sql) => recordStep(sql, { operation, step }, at, change)),
  };
}

async function inOrder<A, B>(items: readonly A[], each: (item: A) => Promise<B>): Promise<readonly B[]> {
  const results: B[] = [];
  for (const item of items) results.push(await each(item));
  return results;
}
