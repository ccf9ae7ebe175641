/** What must hold whatever happened, asked of the rack itself and of the disk table. */
import { expect } from 'vitest';
import type { SnapshotRow } from '../../src/store/store.js';
import { SERVER, type World } from './world.js';

/** Never, at any time: two writers, a server without its disk, a drive with two machines. */
export async function expectNoHarm(world: World): Promise<void> {
  const { violations } = await world.rack.state();
  expect(violations).toEqual([]);
  expect((await world.rack.machinesRunning(SERVER)).length).toBeLessThanOrEqual(1);
}

/** Every start was preceded by the failed machine going off, with nothing that brought it on again in between. */
export async function expectFencedBeforeEachStart(world: World): Promise<void> {
  const log = await world.log();
  const starts = log.filter(({ change, operation }) => change === 'start' && operation !== null);
  for (const start of starts) {
    const last = log
      .filter(({ machine, change, number }) => machine === SERVER && number < start.number && isPower(change))
      .at(-1);
    expect(last?.change, `before start ${start.number} on ${start.machine}`).toBe('power-off');
  }
}

function isPower(change: string): boolean {
  return change === 'power-on' || change === 'power-off' || change === 'start';
}

/** Two generations in a row are never on one drive, and each complete row is really on its drive. */
export async function expectSnapshotsTrue(world: World): Promise<void> {
  const rows = await completeSnapshots(world);
  rows.forEach((row, index) => {
    const next = rows[index + 1];
    if (next !== undefined) expect(next.drive, `${next.id} beside ${row.id}`).not.toBe(row.drive);
  });
  for (const row of rows) expect(await world.rack.snapshotOf(row.drive, row.id), row.id).not.toBeNull();
}

/** The server can be restarted from something, at this very moment. */
export async function expectRestorable(world: World): Promise<void> {
  const rows = await completeSnapshots(world);
  const found = await Promise.all(rows.map((row) => world.rack.snapshotOf(row.drive, row.id)));
  expect(found.filter((held) => held !== null && held.memory !== null).length).toBeGreaterThanOrEqual(1);
}

/** Nothing is on a drive that the disk table does not know. */
export async function expectNoRemains(world: World): Promise<void> {
  const known = (await world.store.snapshots({ server: SERVER })).map(({ id }) => id);
  const { drives } = await world.rack.state();
  const held = drives.flatMap(({ snapshots }) => snapshots.map(({ id }) => id));
  expect(held.filter((id) => !known.includes(id))).toEqual([]);
}

export async function completeSnapshots(world: World): Promise<readonly SnapshotRow[]> {
  return (await world.store.snapshots({ server: SERVER })).filter(({ state }) => state === 'complete');
}

/** Names of the drives and machines that operations hold. */
export async function reserved(world: World): Promise<readonly string[]> {
  const view = await world.store.view('2020-01-01T00:00:00.000Z');
  return [...view.drives, ...view.machines]
    .filter(({ reservedBy }) => reservedBy !== null)
    .map(({ name }) => name);
}

export async function connections(world: World): Promise<Readonly<Record<string, readonly string[]>>> {
  const { drives } = await world.rack.state();
  return Object.fromEntries(
    drives
      .filter((drive) => drive.connections.length > 0)
      .map(({ name, connections }) => [name, connections]),
  );
}
