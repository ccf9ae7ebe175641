import { afterEach, beforeEach } from 'vitest';
import type { Decision, Memory } from '../../src/engine/decision.js';
import type { AlertEvent, EngineEvent } from '../../src/engine/event.js';
import type { Drive, Inventory, Machine } from '../../src/engine/policy-set.js';
import { toInstant, type Instant } from '../../src/engine/time.js';
import type {
  DecisionRecord,
  DiskTable,
  NewSnapshot,
  OperationKind,
  SnapshotMeasurement,
  Store,
} from '../../src/store/store.js';
import type { Clock } from '../../src/clock.js';
import { createVirtualClock, type VirtualClock } from '../../src/virtual-clock.js';

/** Opens a fresh, empty store of the kind under test. */
export type OpenStore = (clock: Clock) => Promise<Store>;

export interface Rig {
  readonly store: Store;
  readonly clock: VirtualClock;
}

const START_MS = Date.UTC(2026, 2, 1);

/** Minutes after the moment at which every test begins. */
export function minute(minutes: number): Instant {
  return toInstant(START_MS + minutes * 60_000);
}

export const LONG_AGO = minute(-1_000_000);

/** A fresh store for each test of the suite, closed after it. */
export function useStore(open: OpenStore): Rig {
  let rig: Rig | null = null;
  const current = (): Rig => {
    if (rig === null) throw new Error('the store is open inside a test only');
    return rig;
  };
  beforeEach(async () => {
    const clock = createVirtualClock(START_MS);
    rig = { clock, store: await open(clock) };
  });
  afterEach(async () => {
    await rig?.store.close();
    rig = null;
  });
  return {
    get store() {
      return current().store;
    },
    get clock() {
      return current().clock;
    },
  };
}

/** web-1 and web-2 are active, spare-1 and spare-2 are backups; d0 and e0 are disks, d1, d2 and d3 take snapshots. */
export function rack(): Inventory {
  return inventory(
    [active('web-1', 'd0'), active('web-2', 'e0'), backup('spare-1'), backup('spare-2')],
    ['d0', 'e0', 'd1', 'd2', 'd3'].map((name) => drive(name)),
  );
}

export function inventory(machines: readonly Machine[], drives: readonly Drive[]): Inventory {
  return {
    name: 'rack',
    origin: { file: 'rack.yaml', line: 1 },
    devices: new Map([['array', { name: 'array', labels: {} }]]),
    drives: new Map(drives.map((entry) => [entry.name, entry])),
    machines: new Map(machines.map((entry) => [entry.name, entry])),
  };
}

export function drive(name: string, changes: Partial<Drive> = {}): Drive {
  return {
    name,
    device: 'array',
    labels: { enclosure: 'a' },
    capacityBytes: 1_000,
    serial: null,
    quarantined: false,
    driver: { name: 'sim', settings: {} },
    ...changes,
  };
}

export function active(name: string, disk: string): Machine {
  return { ...backup(name), role: 'active', disk };
}

export function backup(name: string): Machine {
  return {
    name,
    role: 'backup',
    labels: {},
    memoryBytes: 100,
    disk: null,
    reaches: ['array'],
    driver: { name: 'sim', settings: {} },
    origin: { file: 'rack.yaml', line: 1 },
  };
}

export function alert(id: string, changes: Partial<AlertEvent> = {}): AlertEvent {
  return {
    kind: 'alert',
    id,
    at: minute(0),
    server: 'web-1',
    status: 'firing',
    source: 'test',
    labels: { alertname: 'Hot' },
    annotations: {},
    ...changes,
  };
}

export function decisionAbout(
  event: EngineEvent,
  remember: Partial<Memory> = {},
  changes: Partial<Decision> = {},
): Decision {
  return {
    id: `d-${event.id}`,
    at: event.at,
    event: { kind: event.kind, id: event.id, server: event.server },
    policyRevision: 'sha256:0',
    outcome: 'none',
    mode: 'enforce',
    reasons: [{ code: 'no-policy-matched', text: 'no policy matched' }],
    remember: { matches: [], symptoms: [], closed: [], orders: [], ...remember },
    ...changes,
  };
}

/** A final decision of which nothing follows. */
export function recordOf(event: EngineEvent, changes: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    event,
    decision: decisionAbout(event),
    final: true,
    operation: null,
    serverFailed: false,
    ...changes,
  };
}

export async function decided(
  store: Store,
  event: EngineEvent,
  changes: Partial<DecisionRecord> = {},
): Promise<Decision> {
  await store.accept([event], event.at);
  return store.recordDecision(recordOf(event, changes));
}

/** Brings an operation into the journal, the only way there is: by a decision. */
export async function operationFor(
  store: Store,
  id: string,
  server = 'web-1',
  kind: OperationKind = 'take-snapshot',
): Promise<void> {
  await decided(store, alert(`cause-of-${id}`, { server }), { operation: { id, kind } });
}

export function wanted(id: string, onDrive: string, changes: Partial<NewSnapshot> = {}): NewSnapshot {
  return {
    id,
    server: 'web-1',
    kind: 'additional',
    condition: 'overheating',
    cause: 'hardware',
    drive: onDrive,
    orderedAt: minute(0),
    pinned: false,
    policyRevision: 'sha256:0',
    event: 'e-1',
    operation: 'op-1',
    ...changes,
  };
}

export const MEASURED: SnapshotMeasurement = {
  takenAt: minute(1),
  memoryBytes: 64,
  diskBytes: 128,
  checksum: 'sha256:abc',
};

export function change<T>(store: Store, work: (table: DiskTable) => Promise<T>): Promise<T> {
  return store.change('tester', work);
}

export async function completed(store: Store, id: string, onDrive: string, server = 'web-1'): Promise<void> {
  await change(store, async (table) => {
    await table.beginSnapshot(wanted(id, onDrive, { server }));
    await table.completeSnapshot(id, MEASURED);
  });
}
