/**
 * `kill -9` of the built program at every point of every journaled step of both operations. The rack lives in a
 * file of its own and goes on. After the restart the operation ends, and what must never happen has not.
 */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { wallClock } from '../../src/clock.js';
import { createRackControl, fileRack, type RackControl } from '../../src/hw/sim/index.js';
import { figure } from '../support/figures.js';
import { eventually, prepareSite, startProgram, type RunningService, type Site } from './support/service.js';

const POINTS = ['before-intent', 'after-intent', 'after-effect', 'after-result'] as const;

interface OperationRow {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly reason: string | null;
}

interface SnapshotRow {
  readonly id: string;
  readonly generation: number;
  readonly drive: string;
  readonly state: string;
}

/** A change of the disk table is one transaction: nothing can happen between its intent and its result. */
const WITHIN_A_TRANSACTION: readonly string[] = ['after-intent', 'after-effect'];

/** Whoever begins something says how it ends. */
type Finally = (undo: () => Promise<void>) => void;

describe('the service is killed while it takes a snapshot', async () => {
  const steps = await stepsOf('take-snapshot');

  // Most of a life is waiting, so several of them share the cores.
  it.concurrent.for(pointsOf(steps))('at %s', async (point, { onTestFinished }) => {
    const { site, rack } = await beginLikeBefore(onTestFinished);

    const after = await crashAt(site, point, 'take-snapshot', (service) =>
      service.post('/v1/alerts', alert('hot')),
    );
    await ended(after, 'take-snapshot');
    const rows = await snapshots(after);
    const complete = rows
      .filter(({ state }) => state === 'complete')
      .toSorted((a, b) => a.generation - b.generation);
    expect(complete).toHaveLength(2);
    expect(complete[1]?.drive).not.toBe(complete[0]?.drive);
    expect(rows.filter(({ state }) => state === 'writing')).toEqual([]);
    expect((await rack.state()).violations).toEqual([]);
    await after.stop();
  });
});

describe('the service is killed while it restarts a server', async () => {
  const steps = await stepsOf('restart-server');

  // Most of a life is waiting, so several of them share the cores.
  it.concurrent.for(pointsOf(steps))('at %s', async (point, { onTestFinished }) => {
    const { site, rack } = await beginLikeBefore(onTestFinished);
    await rack.apply({ kind: 'panic', machine: 'web-1' });

    const after = await crashAt(site, point, 'restart-server', (service) =>
      service.post('/v1/failures', failure()),
    );
    const operation = await ended(after, 'restart-server');
    expect(operation.reason === null || operation.reason.length > 0).toBe(true);
    const running = await rack.machinesRunning('web-1');
    expect(running).toEqual(operation.state === 'done' ? ['spare-1'] : []);
    expect((await rack.state()).violations).toEqual([]);
    await after.stop();
  });
});

function pointsOf(steps: readonly string[]): string[] {
  return steps.flatMap((step) => POINTS.map((point) => `${step}:${point}`));
}

/** The journaled steps of an operation that nothing disturbs. */
async function stepsOf(kind: 'take-snapshot' | 'restart-server'): Promise<readonly string[]> {
  const { site, service, rack } = await begin();
  await snapshotTaken(service, 1);
  if (kind === 'take-snapshot') await service.post('/v1/alerts', alert('hot'));
  if (kind === 'restart-server') {
    await rack.apply({ kind: 'panic', machine: 'web-1' });
    await service.post('/v1/failures', failure());
  }
  const { id } = await ended(service, kind);
  const found = (await service.get(`/v1/operations/${id}`)) as { steps: { step: string }[] };
  await service.stop();
  await site.remove();
  return found.steps.map(({ step }) => step);
}

async function begin(): Promise<{ site: Site; service: RunningService; rack: RackControl }> {
  const site = await prepareSite();
  return { site, service: await startProgram(site), rack: rackOf(site) };
}

let kills = 0;

/** A site whose service has taken one snapshot that nothing disturbed, and is stopped. Made once, and copied. */
let before: Promise<Site> | null = null;

async function prepared(): Promise<Site> {
  const { site, service } = await begin();
  await snapshotTaken(service, 1);
  await service.stop();
  return site;
}

afterAll(async () => {
  figure(`real kills at a point of a step: ${kills}`);
  await (await before)?.remove();
});

async function beginLikeBefore(later: Finally): Promise<{ site: Site; rack: RackControl }> {
  before ??= prepared();
  const site = await prepareSite();
  later(() => site.remove());
  await cp((await before).stateDir, site.stateDir, { recursive: true });
  return { site, rack: rackOf(site) };
}

function rackOf(site: Site): RackControl {
  return createRackControl(fileRack({ file: join(site.stateDir, 'rack.json'), clock: wallClock }));
}

/** Starts a service that will kill itself at the point, gives it something to do, and starts another after it. */
async function crashAt(
  site: Site,
  point: string,
  kind: string,
  act: (service: RunningService) => Promise<{ status: number }>,
): Promise<RunningService> {
  const crashing = await startProgram(site, { REKINDLE_CRASH_AT: point });
  // Acknowledged before anything was done about it, so the next service must know it.
  expect((await act(crashing)).status).toBe(202);
  const survived = ended(crashing, kind).then(
    () => true,
    () => false,
  );
  if (await Promise.race([survived, crashing.exited.then(() => false)])) {
    expect(WITHIN_A_TRANSACTION).toContain(point.slice(point.lastIndexOf(':') + 1));
    return crashing;
  }
  expect(await crashing.exited).toBe('SIGKILL');
  kills += 1;
  return startProgram(site);
}

async function snapshotTaken(service: RunningService, count: number): Promise<void> {
  await service.post('/v1/servers/web-1/snapshot', { by: 'test', condition: 'scheduled' });
  await eventually(
    () => snapshots(service),
    (rows) => rows.filter(({ state }) => state === 'complete').length === count,
    'a snapshot',
  );
  await eventually(
    () => operations(service),
    (rows) => rows.every(({ state }) => state !== 'running'),
    'a quiet service',
  );
}

async function ended(service: RunningService, kind: string): Promise<OperationRow> {
  // Each scene begins with one snapshot that nothing disturbs.
  const least = kind === 'take-snapshot' ? 2 : 1;
  const rows = await eventually(
    () => operations(service),
    (all) =>
      all.filter((row) => row.kind === kind).length >= least && all.every(({ state }) => state !== 'running'),
    `the end of ${kind}`,
  );
  const [newest] = rows.filter((row) => row.kind === kind);
  if (newest === undefined) throw new Error(`no ${kind}`);
  return newest;
}

async function operations(service: RunningService): Promise<OperationRow[]> {
  return ((await service.get('/v1/operations')) as { items: OperationRow[] }).items;
}

async function snapshots(service: RunningService): Promise<SnapshotRow[]> {
  return ((await service.get('/v1/snapshots')) as { items: SnapshotRow[] }).items;
}

function alert(id: string): object {
  return { id, server: 'web-1', labels: { alertname: 'NodeTemperatureHigh' }, value: 91 };
}

function failure(): object {
  return { id: 'down', server: 'web-1', cause: 'panic' };
}
