import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DiskTable, SnapshotRow, Store } from '../../src/store/store.js';
import { StoreRefusal } from '../../src/store/store.js';
import { openMemoryStore } from '../../src/store/memory/index.js';
import { openSqliteStore } from '../../src/store/sqlite/index.js';
import { createVirtualClock } from '../../src/virtual-clock.js';
import { LONG_AGO, MEASURED, change, drive, minute, rack, wanted, type OpenStore } from './world.js';

/** d1 and d4 are two names of one drive. */
const SERIALS: Readonly<Record<string, string | null>> = { d1: 'S1', d2: 'S2', d3: null, d4: 'S1' };
const DRIVES = Object.keys(SERIALS);
const SERVERS = ['web-1', 'web-2'];

type Act =
  | { readonly act: 'begin'; readonly id: string; readonly server: string; readonly drive: string }
  | { readonly act: 'complete' | 'fail' | 'delete' | 'remove' | 'damage'; readonly id: string }
  | { readonly act: 'health'; readonly drive: string; readonly health: 'ok' | 'failed' }
  | { readonly act: 'take-over'; readonly server: string; readonly machine: string; readonly drive: string };

/** Found once by chance: the newest is deleted while the next is being written beside the one before it. */
const DELETED_BESIDE: readonly Act[] = [
  { act: 'begin', id: 's0', server: 'web-2', drive: 'd3' },
  { act: 'complete', id: 's0' },
  { act: 'begin', id: 's2', server: 'web-2', drive: 'd1' },
  { act: 'complete', id: 's2' },
  { act: 'begin', id: 's3', server: 'web-2', drive: 'd3' },
  { act: 'delete', id: 's2' },
];

const id = fc.nat({ max: 7 }).map((number) => `s${number}`);
const onDrive = fc.constantFrom(...DRIVES);
const server = fc.constantFrom(...SERVERS);
const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ act: fc.constant('begin' as const), id, server, drive: onDrive }) },
    {
      weight: 12,
      arbitrary: fc.record({
        act: fc.constantFrom(
          'complete' as const,
          'complete' as const,
          'fail' as const,
          'delete' as const,
          'delete' as const,
          'remove' as const,
          'damage' as const,
        ),
        id,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        act: fc.constant('health' as const),
        drive: onDrive,
        health: fc.constantFrom('ok' as const, 'failed' as const),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        act: fc.constant('take-over' as const),
        server,
        machine: fc.constantFrom('spare-1', 'spare-2'),
        drive: onDrive,
      }),
    },
  ),
  { minLength: 10, maxLength: 60 },
);

function same(a: string, b: string): boolean {
  return a === b || (SERIALS[a] !== null && SERIALS[a] === SERIALS[b]);
}

function complete(rows: readonly SnapshotRow[]): readonly SnapshotRow[] {
  return rows.filter(({ state }) => state === 'complete');
}

async function perform(store: Store, act: Act): Promise<void> {
  if (act.act === 'health') {
    await store.updateDrives([{ drive: act.drive, freeBytes: 1, health: act.health }], minute(1));
    return;
  }
  if (act.act === 'take-over') {
    const from = (await store.view(LONG_AGO)).servers.find(({ name }) => name === act.server);
    if (from === undefined) throw new Error(`${act.server} is not in the view`);
    const { machine: fromMachine, disk: fromDrive } = from;
    await attempt(store, (table) =>
      table.recordTakeover({
        server: act.server,
        fromMachine,
        fromDrive,
        toMachine: act.machine,
        toDrive: act.drive,
        at: minute(2),
      }),
    );
    return;
  }
  await attempt(store, (table) => performOn(table, act));
}

async function performOn(
  table: DiskTable,
  act: Exclude<Act, { act: 'health' | 'take-over' }>,
): Promise<unknown> {
  switch (act.act) {
    case 'begin':
      return table.beginSnapshot(wanted(act.id, act.drive, { server: act.server }));
    case 'complete':
      return table.completeSnapshot(act.id, MEASURED);
    case 'fail':
      return table.failSnapshot(act.id, 'it broke');
    case 'damage':
      return table.recordVerification(act.id, 'failed', minute(1));
    case 'delete':
      return table.beginDelete(act.id);
    case 'remove':
      return table.removeSnapshot(act.id);
  }
}

/** A refusal is an answer; everything else is a defect. */
async function attempt(store: Store, work: (table: DiskTable) => Promise<unknown>): Promise<void> {
  try {
    await change(store, work);
  } catch (error) {
    if (!(error instanceof StoreRefusal)) throw error;
  }
}

const STORES: readonly (readonly [name: string, open: OpenStore])[] = [
  ['SQLite', (clock) => openSqliteStore({ file: ':memory:', clock })],
  ['memory', async (clock) => openMemoryStore({ clock })],
];

async function withStoreOf(open: OpenStore, check: (store: Store) => Promise<void>): Promise<void> {
  const store = await open(createVirtualClock());
  try {
    const drives = [
      drive('d0'),
      drive('e0'),
      ...DRIVES.map((name) => drive(name, { serial: SERIALS[name] ?? null })),
    ];
    await store.syncInventory(
      { ...rack(), drives: new Map(drives.map((entry) => [entry.name, entry])) },
      minute(0),
    );
    await check(store);
  } finally {
    await store.close();
  }
}

describe.each(STORES)('whatever is done to the disk table of %s, in whatever order', (_, open) => {
  const withStore = (check: (store: Store) => Promise<void>): Promise<void> => withStoreOf(open, check);

  it('a server that once had a complete snapshot always has one', async () => {
    await fc.assert(
      fc.asyncProperty(acts, (sequence) =>
        withStore(async (store) => {
          const had = new Set<string>();
          for (const act of sequence) {
            await perform(store, act);
            for (const row of complete(await store.snapshots({}))) had.add(row.server);
            for (const name of had) {
              expect(complete(await store.snapshots({ server: name }))).not.toEqual([]);
            }
          }
        }),
      ),
      { numRuns: 60 },
    );
  });

  it('a snapshot never begins on the drive of the newest complete one of its server, nor is one completed there', async () => {
    await fc.assert(
      fc.asyncProperty(acts, (sequence) =>
        withStore(async (store) => {
          for (const act of sequence) {
            const before = await store.snapshots({});
            await perform(store, act);
            const after = await store.snapshots({});
            for (const fresh of after.filter((row) => !before.some((known) => known.id === row.id))) {
              const newest = complete(before.filter((row) => row.server === fresh.server)).at(-1);
              expect(newest !== undefined && same(newest.drive, fresh.drive)).toBe(false);
            }
            for (const writing of after.filter(({ state }) => state === 'writing')) {
              const newest = complete(after.filter((row) => row.server === writing.server)).at(-1);
              expect(
                newest !== undefined &&
                  newest.generation < writing.generation &&
                  same(newest.drive, writing.drive),
              ).toBe(false);
            }
          }
        }),
      ),
      { numRuns: 60, examples: [[DELETED_BESIDE]] },
    );
  });

  it('generations of a server only grow', async () => {
    await fc.assert(
      fc.asyncProperty(acts, (sequence) =>
        withStore(async (store) => {
          const highest = new Map<string, number>();
          for (const act of sequence) {
            const before = new Set((await store.snapshots({})).map((row) => row.id));
            await perform(store, act);
            for (const row of (await store.snapshots({})).filter((each) => !before.has(each.id))) {
              expect(row.generation).toBe((highest.get(row.server) ?? 0) + 1);
              highest.set(row.server, row.generation);
            }
          }
        }),
      ),
      { numRuns: 30 },
    );
  });
});
