/**
 * A small rack, the store in memory and virtual time: three drives on three arrays beside the disk of the one
 * active server, and two backups. Everything runs in this process; time moves only when nothing else can.
 */
import { expect } from 'vitest';
import type { ActionEnd } from '../../src/actions/action.js';
import { depsFromStore } from '../../src/actions/deps.js';
import { runDurably, type ActionLog, type StepPoint } from '../../src/actions/durable.js';
import { actions } from '../../src/actions/index.js';
import type { Clock } from '../../src/clock.js';
import type { Decision, RestartPlan, RestartSequence, SnapshotPlan } from '../../src/engine/decision.js';
import type { EngineEvent } from '../../src/engine/event.js';
import type { Device, Drive, Inventory, Machine } from '../../src/engine/policy-set.js';
import { toInstant } from '../../src/engine/time.js';
import { openHardware, type Hardware } from '../../src/hw/index.js';
import {
  createRackControl,
  memoryRack,
  misbehave,
  simDriver,
  type LogEntry,
  type RackControl,
} from '../../src/hw/sim/index.js';
import { quiet } from '../../src/quiet.js';
import { openMemoryStore } from '../../src/store/memory/index.js';
import type { Operation, OperationKind, Store } from '../../src/store/store.js';
import { createVirtualClock, type VirtualClock } from '../../src/virtual-clock.js';

export const SERVER = 'web-1';
export const DISK = 'disk-web';
const GIB = 1024 ** 3;
const START_MS = Date.UTC(2026, 0, 1);
const origin = { file: 'rack.yaml', line: 1 };

export interface World {
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly rack: RackControl;
  readonly hardware: Hardware;
  /** Lets time run until the promise has settled. */
  elapse<T>(work: Promise<T>): Promise<T>;
  wait(ms: number): Promise<void>;
  /** An operation as the dispatcher would have recorded it. */
  order(kind: OperationKind, plan: Plan): Promise<Operation>;
  /** Executes an operation from wherever its journal stands, and records its end. */
  execute(operation: Operation, how?: How): Promise<ActionEnd>;
  /** Orders and executes. */
  operate(kind: OperationKind, plan: Plan, how?: How): Promise<ActionEnd>;
  /** Sets faults as scenarios write them: `off-ignored`, `connect-refused*1`. */
  fault(target: string, ...texts: readonly string[]): Promise<void>;
  mark(machine: string, mark: string): Promise<void>;
  log(): Promise<readonly LogEntry[]>;
  close(): Promise<void>;
}

export type Plan = Partial<Pick<Decision, 'snapshot' | 'restart' | 'retire'>>;

export interface How {
  readonly observe?: (point: StepPoint) => Promise<void>;
  readonly signal?: AbortSignal;
  readonly hardware?: Hardware;
  /** The store as this execution has it open. */
  readonly store?: Store;
  readonly log?: (entry: ActionLog) => void;
  /** How far the clock that this execution sees is ahead of the world's, in ms. */
  readonly aheadMs?: () => number;
}

export async function openWorld(): Promise<World> {
  const clock = createVirtualClock(START_MS);
  const store = openMemoryStore({ clock, findsCycles: true });
  const holder = memoryRack(clock);
  const rack = createRackControl(holder);
  const hardware = openHardware(INVENTORY, new Map([['sim', simDriver({ holder, clock })]]));
  await store.syncInventory(INVENTORY, toInstant(clock.now()));
  let orders = 0;

  const world: World = {
    clock,
    store,
    rack,
    hardware,
    async elapse(work) {
      const state = { settled: false };
      const done = (): void => {
        state.settled = true;
      };
      work.then(done, done);
      await quiet();
      while (!state.settled) {
        if (!(await clock.runNext(quiet)))
          throw new Error('nothing moves any more, and the work has not ended');
      }
      return work;
    },
    wait: (ms) => world.elapse(clock.sleep(ms)),
    async order(kind, plan) {
      orders += 1;
      return recordOrder(store, clock, { number: orders, kind, plan });
    },
    async execute(operation, how = {}) {
      const { store: open = store, aheadMs = () => 0 } = how;
      const seen: Clock = { ...clock, now: () => clock.now() + aheadMs() };
      const end = await world.elapse(
        runDurably({
          operation,
          action: (ctx) =>
            actions[operation.kind].run(
              ctx,
              operation.decision,
              how.hardware ?? hardware,
              depsFromStore(open, seen),
            ),
          steps: open.steps,
          clock: seen,
          signal: how.signal ?? new AbortController().signal,
          log: how.log ?? ignore,
          ...(how.observe ? { observe: how.observe } : {}),
        }),
      );
      await open.finishOperation(operation.id, { ...end, at: toInstant(clock.now()) });
      return end;
    },
    operate: async (kind, plan, how) => world.execute(await world.order(kind, plan), how),
    async fault(target, ...texts) {
      for (const text of texts) {
        const parsed = misbehave(target, text);
        if (!parsed.ok) throw new Error(parsed.message);
        await rack.apply(parsed.command);
      }
    },
    mark: (machine, mark) => rack.apply({ kind: 'mark-memory', machine, mark }),
    log: async () => (await rack.state()).log,
    async close() {
      await hardware.close();
      await store.close();
    },
  };
  // The rack is filled by the first call.
  await world.elapse(hardware.power(SERVER).state(new AbortController().signal));
  await world.wait(1_000);
  return world;
}

/** With a snapshot of an earlier and of a later memory content: `early` on d1, `early` and `late` on d2. */
export async function openWorldWithSnapshots(): Promise<World> {
  const world = await openWorld();
  await world.mark(SERVER, 'early');
  await mustEnd(world, 'take-snapshot', {
    snapshot: snapshotPlan({ drives: ['d1'], condition: 'scheduled' }),
  });
  await world.mark(SERVER, 'late');
  await mustEnd(world, 'take-snapshot', {
    snapshot: snapshotPlan({ drives: ['d2'], condition: 'overheating' }),
  });
  await world.mark(SERVER, 'lost');
  return world;
}

/** As {@link openWorldWithSnapshots}, and then the server's machine hangs: on, and of no use. */
export async function openWorldWithFailure(): Promise<World> {
  const world = await openWorldWithSnapshots();
  await world.rack.apply({ kind: 'panic', machine: SERVER });
  return world;
}

/** Ids of the snapshots that {@link openWorldWithSnapshots} takes. */
export const EARLY = 'op-1-1';
export const LATE = 'op-2-1';

async function mustEnd(world: World, kind: OperationKind, plan: Plan): Promise<void> {
  expect(await world.operate(kind, plan)).toMatchObject({ state: 'done' });
}

export function snapshotPlan(plan: Partial<SnapshotPlan> = {}): SnapshotPlan {
  const drives = plan.drives ?? ['d3', 'd1'];
  return {
    policy: 'overheating',
    kind: 'additional',
    condition: 'overheating',
    cause: 'hardware',
    pinned: false,
    drive: drives[0] ?? null,
    drives,
    previous: null,
    estimatedBytes: 5 * GIB,
    deadlineMs: 60_000,
    candidates: [],
    ...plan,
  };
}

export const SEQUENCE: RestartSequence = {
  fence: { timeoutMs: 5_000, attempts: 2 },
  connect: { timeoutMs: 5_000, attempts: 2 },
  start: { timeoutMs: 20_000, attempts: 1 },
  verify: { heartbeatWithinMs: 3_000 },
};

/** First the late snapshot on spare-1, then the early one on spare-2, then a cold boot of the disk on spare-2. */
export function restartPlan(plan: Partial<RestartPlan> = {}): RestartPlan {
  return {
    policy: 'web',
    machine: SERVER,
    disk: DISK,
    condition: 'overheating',
    cause: 'hardware',
    firstSymptomAt: null,
    attempts: [
      { snapshot: LATE, condition: 'overheating', drive: 'd2', backup: 'spare-1', score: 10 },
      { snapshot: EARLY, condition: 'scheduled', drive: 'd1', backup: 'spare-2', score: 5 },
      { snapshot: null, condition: null, drive: DISK, backup: 'spare-2', score: 0 },
    ],
    candidates: [],
    backups: [],
    sequence: SEQUENCE,
    afterTakeover: 'nothing',
    ...plan,
  };
}

export function retirePlan(...snapshots: readonly (readonly [snapshot: string, drive: string])[]) {
  return {
    snapshots: snapshots.map(([snapshot, drive]) => ({ snapshot, drive, text: 'beyond what retain keeps' })),
    kept: [],
  };
}

/** The service's clock is set by `ms` some time after this step was begun, while it waits. */
export function clockSet(world: World, ms: number, step: string, afterMs = 500): How {
  let sinceMs = Infinity;
  return {
    async observe(point) {
      if (point.step === step && point.at === 'after-intent') sinceMs = world.clock.now() + afterMs;
    },
    aheadMs: () => (world.clock.now() >= sinceMs ? ms : 0),
  };
}

async function recordOrder(
  store: Store,
  clock: VirtualClock,
  { number, kind, plan }: { readonly number: number; readonly kind: OperationKind; readonly plan: Plan },
): Promise<Operation> {
  const at = toInstant(clock.now());
  const event: EngineEvent = { kind: 'retention', id: `event-${number}`, at, server: SERVER };
  const outcome = (
    { 'take-snapshot': 'snapshot', 'restart-server': 'restart', 'retire-snapshot': 'retire' } as const
  )[kind];
  const decision: Decision = {
    id: `d-${number}`,
    at,
    event: { kind: event.kind, id: event.id, server: SERVER },
    policyRevision: 'sha256:0',
    outcome,
    mode: 'enforce',
    reasons: [],
    ...plan,
    remember: { matches: [], symptoms: [], closed: [], orders: [] },
  };
  const id = `op-${number}`;
  await store.accept([event], at);
  await store.recordDecision({
    event,
    decision,
    final: true,
    operation: { id, kind },
    serverFailed: kind === 'restart-server',
  });
  const operation = await store.operation(id);
  if (operation === null) throw new Error(`operation ${id} was not recorded`);
  return operation;
}

const INVENTORY: Inventory = {
  name: 'rack',
  origin,
  devices: named(['array-0', 'array-1', 'array-2', 'array-3'].map((name): Device => ({ name, labels: {} }))),
  drives: named([
    drive(DISK, 'array-0'),
    drive('d1', 'array-1'),
    drive('d2', 'array-2'),
    drive('d3', 'array-3'),
  ]),
  machines: named([machine(SERVER, DISK), machine('spare-1', null), machine('spare-2', null)]),
};

function drive(name: string, device: string): Drive {
  return {
    name,
    device,
    labels: {},
    capacityBytes: 64 * GIB,
    serial: null,
    quarantined: false,
    driver: { name: 'sim', settings: {} },
  };
}

function machine(name: string, disk: string | null): Machine {
  return {
    name,
    role: disk === null ? 'backup' : 'active',
    labels: {},
    memoryBytes: 4 * GIB,
    disk,
    reaches: ['array-0', 'array-1', 'array-2', 'array-3'],
    driver: { name: 'sim', settings: {} },
    origin,
  };
}

function named<T extends { readonly name: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [item.name, item]));
}

function ignore(): void {
  // Nobody listens.
}
