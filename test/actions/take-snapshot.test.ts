import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActionLog } from '../../src/actions/durable.js';
import { SimulatedCrash } from '../../src/actions/crash.js';
import { completeSnapshots, expectNoHarm, expectNoRemains, reserved } from './truth.js';
import { DISK, SERVER, clockSet, openWorld, snapshotPlan, type How, type World } from './world.js';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(async () => {
  await expectNoHarm(world);
  expect(await reserved(world)).toEqual([]);
  await world.close();
});

const take = (plan: Parameters<typeof snapshotPlan>[0] = {}, how: How = {}) =>
  world.operate('take-snapshot', { snapshot: snapshotPlan(plan) }, how);

async function rows(): Promise<readonly string[]> {
  const all = await world.store.snapshots({ server: SERVER });
  return all.map(({ id, drive, state }) => `${id} ${drive} ${state}`);
}

describe('taking a snapshot', () => {
  it('puts memory and disk of one instant onto the first drive of the plan', async () => {
    await world.mark(SERVER, 'before');
    const end = await take({ drives: ['d3', 'd1'] });
    await world.mark(SERVER, 'after');
    expect(end).toEqual({
      state: 'done',
      reason: null,
      result: { kind: 'snapshot', snapshot: 'op-1-1', drive: 'd3', tried: [] },
    });
    const held = await world.rack.snapshotOf('d3', 'op-1-1');
    expect(held?.memory?.marks).toEqual(['before']);
    expect(held?.disk.writes).toBe(held?.memory?.writes);
  });

  it('records snapshot, drive and condition together, read back as whole', async () => {
    await take({ drives: ['d3'], condition: 'overheating', cause: 'hardware', kind: 'additional' });
    expect(await completeSnapshots(world)).toMatchObject([
      {
        id: 'op-1-1',
        drive: 'd3',
        condition: 'overheating',
        cause: 'hardware',
        kind: 'additional',
        generation: 1,
        state: 'complete',
        verified: 'ok',
        event: 'event-1',
        operation: 'op-1',
        policyRevision: 'sha256:0',
      },
    ]);
  });

  it('records what the driver measured', async () => {
    await take({ drives: ['d3'] });
    const [row] = await completeSnapshots(world);
    const manifest = await world.elapse(
      world.hardware.storage('d3').inspect('op-1-1', new AbortController().signal),
    );
    expect(manifest).toMatchObject({
      checksum: row?.checksum,
      memoryBytes: row?.memoryBytes,
      diskBytes: row?.diskBytes,
      takenAtMs: Date.parse(row?.takenAt ?? ''),
    });
  });

  it('leaves the server running', async () => {
    await take();
    expect(await world.rack.machinesRunning(SERVER)).toEqual([SERVER]);
  });

  it('tells the steps of the method', async () => {
    const told: ActionLog[] = [];
    await take({}, { log: (entry) => told.push(entry) });
    const steps = new Set(told.map((entry) => (entry.kind === 'note' ? entry.note.methodStep : null)));
    expect([...steps].filter((step) => step !== null).sort()).toEqual([3, 4, 5]);
  });

  it('tells how far it is, growing', async () => {
    const shares: number[] = [];
    const log: How['log'] = (entry) => {
      if (entry.kind === 'note' && entry.note.progress !== undefined) shares.push(entry.note.progress);
    };
    await take({}, { log });
    expect(shares.length).toBeGreaterThan(3);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
  });
});

describe('the law of the other drive', () => {
  it('holds against a plan that names the drive of the previous snapshot', async () => {
    await take({ drives: ['d1'] });
    const end = await take({ drives: ['d1', 'd2'] });
    expect(end.result).toMatchObject({ drive: 'd2', tried: [{ drive: 'd1', code: 'holds-previous' }] });
  });

  it('blocks when there is no other drive, and keeps the previous snapshot', async () => {
    await take({ drives: ['d1'] });
    const before = await world.rack.snapshotOf('d1', 'op-1-1');
    const end = await take({ drives: ['d1'] });
    expect(end.state).toBe('blocked');
    expect(end.reason).toContain('d1');
    expect(await world.rack.snapshotOf('d1', 'op-1-1')).toEqual(before);
    expect(await rows()).toEqual(['op-1-1 d1 complete']);
  });
});

describe('a drive that does not take it', () => {
  it('is passed over while another operation has reserved it', async () => {
    const other = await world.order('take-snapshot', { snapshot: snapshotPlan() });
    await world.store.change('test', (table) => table.reserveDrive('d3', other.id));
    const end = await take({ drives: ['d3', 'd1'] });
    expect(end.result).toMatchObject({ drive: 'd1', tried: [{ drive: 'd3', code: 'reserved' }] });
    await world.store.change('test', (table) => table.release(other.id));
  });

  it.each([
    'snapshot-fails',
    'snapshot-damaged',
    'snapshot-truncated',
    'drive-full',
    'drive-fails',
    'unanswered',
  ])('is given up for the next one: %s', async (fault) => {
    await world.fault('d3', fault);
    const end = await take({ drives: ['d3', 'd1'] });
    expect(end.result).toMatchObject({ snapshot: 'op-1-2', drive: 'd1', tried: [{ drive: 'd3' }] });
    expect(await rows()).toEqual(['op-1-1 d3 failed', 'op-1-2 d1 complete']);
  });

  it.each(['snapshot-fails', 'snapshot-damaged', 'snapshot-truncated', 'drive-full'])(
    'keeps no remains: %s',
    async (fault) => {
      await world.fault('d3', fault);
      await take({ drives: ['d3', 'd1'] });
      expect(await world.rack.snapshotOf('d3', 'op-1-1')).toBeNull();
      await expectNoRemains(world);
    },
  );

  it('is named with its reason when none is left', async () => {
    await world.fault('d3', 'drive-full');
    await world.fault('d1', 'snapshot-fails');
    const end = await take({ drives: ['d3', 'd1'] });
    expect(end.state).toBe('blocked');
    expect(end.reason).toMatch(/d3: d3 ran full .*; d1: writing op-1-2 to d1 broke off/);
    expect(end.result).toMatchObject({
      snapshot: null,
      tried: [{ drive: 'd3', code: 'no-space' }, { drive: 'd1' }],
    });
    expect(await completeSnapshots(world)).toEqual([]);
  });

  it('is said to hold remains when they could not be removed', async () => {
    await world.fault('d3', 'drive-fails');
    await take({ drives: ['d3', 'd1'] });
    const entries = await world.store.journal({ subject: 'snapshot:op-1-1', limit: 10 });
    expect(JSON.stringify(entries.at(-1))).toContain('remains could not be removed');
  });
});

describe('a machine that does not answer', () => {
  it('ends the operation with the reason of each drive', async () => {
    await world.fault(SERVER, 'unanswered');
    const end = await take({ drives: ['d3', 'd1'] });
    expect(end.state).toBe('blocked');
    expect(end.result).toMatchObject({ tried: [{ drive: 'd3' }, { drive: 'd1' }] });
  });

  it('has taken the snapshot all the same when only its answer was lost', async () => {
    await world.fault(SERVER, 'reply-lost*1');
    const end = await take({ drives: ['d3', 'd1'] });
    expect(end).toMatchObject({ state: 'done', result: { drive: 'd3', tried: [] } });
    expect(await rows()).toEqual(['op-1-1 d3 complete']);
  });
});

describe('the deadline', () => {
  it('gives up a snapshot that does not end, and undoes it', async () => {
    await world.fault('d3', 'snapshot-stalls');
    const began = world.clock.now();
    const end = await take({ drives: ['d3', 'd1'], deadlineMs: 20_000 });
    expect(end.state).toBe('blocked');
    expect(end.reason).toMatch(/^deadline: /);
    expect(world.clock.now() - began).toBeLessThan(25_000);
    expect(await rows()).toEqual(['op-1-1 d3 failed']);
    expect(await world.rack.snapshotOf('d3', 'op-1-1')).toBeNull();
  });

  it('comes no earlier when the clock is set forward meanwhile', async () => {
    const end = await take({ drives: ['d3'] }, clockSet(world, 3_600_000, 'drive-1/order'));
    expect(end.state).toBe('done');
  });

  it('comes no later when the clock is set back meanwhile', async () => {
    await world.fault('d3', 'snapshot-fails');
    await world.fault('d1', 'snapshot-stalls');
    const began = world.clock.now();
    const end = await take(
      { drives: ['d3', 'd1'], deadlineMs: 20_000 },
      clockSet(world, -3_600_000, 'drive-1/order', 1),
    );
    expect(end.reason).toMatch(/^deadline: /);
    expect(world.clock.now() - began).toBeLessThan(25_000);
  });

  it('counts from the creation of the operation, also over a crash', async () => {
    const operation = await world.order('take-snapshot', { snapshot: snapshotPlan({ deadlineMs: 20_000 }) });
    const crash = world.execute(operation, {
      async observe({ step, at }) {
        if (step === 'drive-1/order' && at === 'after-intent') throw new SimulatedCrash('there');
      },
    });
    await expect(crash).rejects.toThrow(SimulatedCrash);
    await world.wait(30_000);
    const end = await world.execute(operation);
    expect(end.reason).toMatch(/^deadline: /);
    expect(await rows()).toEqual(['op-1-1 d3 failed']);
  });
});

describe('a snapshot that is not wanted any more', () => {
  const abortAt = (step: string): How => {
    const giveUp = new AbortController();
    return {
      signal: giveUp.signal,
      async observe(point) {
        if (point.step === step && point.at === 'after-intent') giveUp.abort(new Error('web-1 has failed'));
      },
    };
  };

  it('is undone, and no other drive is tried', async () => {
    const end = await take({ drives: ['d3', 'd1'] }, abortAt('drive-1/order'));
    expect(end.state).toBe('blocked');
    expect(end.reason).toMatch(/^aborted: .*web-1 has failed/);
    expect(await rows()).toEqual(['op-1-1 d3 failed']);
    await expectNoRemains(world);
  });

  it('is kept when it is on the drive already', async () => {
    const end = await take({ drives: ['d3'] }, abortAt('drive-1/verify'));
    expect(end.state).toBe('done');
    expect(await rows()).toEqual(['op-1-1 d3 complete']);
  });

  it('is not even begun when the operation was aborted before', async () => {
    const end = await take({ drives: ['d3'] }, { signal: AbortSignal.abort(new Error('web-1 has failed')) });
    expect(end).toMatchObject({ state: 'blocked', reason: 'operation-aborted: web-1 has failed' });
    expect(await rows()).toEqual([]);
  });
});

describe('the disk of the server', () => {
  it('takes no snapshot, whatever the plan says', async () => {
    const end = await take({ drives: [DISK] });
    expect(end.state).toBe('blocked');
    expect(await world.rack.machinesRunning(SERVER)).toEqual([SERVER]);
  });
});
