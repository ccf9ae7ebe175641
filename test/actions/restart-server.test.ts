import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActionEnd, RestartResult } from '../../src/actions/action.js';
import type { ActionLog } from '../../src/actions/durable.js';
import type { RestartPlan } from '../../src/engine/decision.js';
import { toInstant } from '../../src/engine/time.js';
import { proveOff } from '../../src/hw/fence.js';
import { connections, expectFencedBeforeEachStart, expectNoHarm, reserved } from './truth.js';
import {
  DISK,
  EARLY,
  LATE,
  SEQUENCE,
  SERVER,
  clockSet,
  openWorldWithFailure,
  restartPlan,
  snapshotPlan,
  type How,
  type World,
} from './world.js';

let world: World;
beforeEach(async () => {
  world = await openWorldWithFailure();
});
afterEach(async () => {
  await expectNoHarm(world);
  await expectFencedBeforeEachStart(world);
  await world.close();
});

const HOUR_MS = 3_600_000;

const restart = (plan: Partial<RestartPlan> = {}, how: How = {}): Promise<ActionEnd> =>
  world.operate('restart-server', { restart: restartPlan(plan) }, how);

function resultOf(end: ActionEnd): RestartResult {
  if (end.result?.kind !== 'restart') throw new Error(`not the end of a restart: ${end.reason ?? 'done'}`);
  return end.result;
}

const running = (): Promise<readonly string[]> => world.rack.machinesRunning(SERVER);

async function marksOn(machine: string): Promise<readonly string[] | undefined> {
  return (await world.rack.memoryOf(machine))?.marks;
}

async function startsOf(machine: string): Promise<number> {
  const log = await world.log();
  return log.filter(
    (entry) => entry.change === 'start' && entry.machine === machine && entry.operation !== null,
  ).length;
}

async function machineStates(): Promise<Readonly<Record<string, string>>> {
  const { machines } = await world.store.view(toInstant(world.clock.now()));
  return Object.fromEntries(machines.map(({ name, state }) => [name, state]));
}

async function offsOf(machine: string): Promise<number> {
  const log = await world.log();
  return log.filter((entry) => entry.change === 'power-off' && entry.machine === machine).length;
}

/** Somebody switches a machine on right before each of these steps. */
function comingBack(machine: string, steps: readonly string[]): How {
  return {
    async observe({ step, at }) {
      if (at !== 'before-intent' || !steps.includes(step)) return;
      await world.rack.apply({ kind: 'power-restore', machine, start: true });
    },
  };
}

/** The restart gave up with a reason, the server runs nowhere, and nothing that was touched stays connected. */
async function expectNothingRuns(end: ActionEnd): Promise<void> {
  expect(end.state).toBe('blocked');
  expect(end.reason).not.toBe('');
  expect(await running()).toEqual([]);
}

describe('a restart', () => {
  it('wakes the backup with the memory of the chosen snapshot', async () => {
    const end = await restart();
    expect(end).toEqual({
      state: 'done',
      reason: null,
      result: {
        kind: 'restart',
        backup: 'spare-1',
        snapshot: LATE,
        drive: 'd2',
        tried: [],
        unproven: [],
        inDoubt: [],
      },
    });
    expect(await running()).toEqual(['spare-1']);
    expect(await marksOn('spare-1')).toEqual(['early', 'late']);
  });

  it('goes on from where the memory was: the same boot, and a disk that fits', async () => {
    const held = await world.rack.snapshotOf('d2', LATE);
    await restart();
    const memory = await world.rack.memoryOf('spare-1');
    expect(memory?.boot).toBe(held?.memory?.boot);
    expect(memory?.ticks).toBeGreaterThan(held?.memory?.ticks ?? Infinity);
    expect((await world.rack.diskOf('d2'))?.writes).toBe(memory?.writes);
  });

  it('wakes the older memory when the plan says so', async () => {
    await restart({
      attempts: [{ snapshot: EARLY, condition: 'scheduled', drive: 'd1', backup: 'spare-2', score: 1 }],
    });
    expect(await marksOn('spare-2')).toEqual(['early']);
  });

  it('fences, disconnects, connects and starts, in this order', async () => {
    await restart();
    const log = await world.log();
    const ours = log.filter(({ operation }) => operation === 'op-3');
    expect(ours.map(({ change, machine, drive }) => [change, machine, drive])).toEqual([
      ['power-off', SERVER, null],
      ['disconnect', SERVER, DISK],
      ['connect', 'spare-1', 'd2'],
      ['power-on', 'spare-1', null],
      ['start', 'spare-1', 'd2'],
    ]);
  });

  it('records the takeover and gives back what it had reserved', async () => {
    await restart();
    const { servers } = await world.store.view(toInstant(world.clock.now()));
    expect(servers).toMatchObject([{ name: SERVER, machine: 'spare-1', disk: 'd2', state: 'up' }]);
    expect(await machineStates()).toEqual({ [SERVER]: 'fenced', 'spare-1': 'serving', 'spare-2': 'idle' });
    expect(await reserved(world)).toEqual([]);
    expect(await connections(world)).toEqual({ d2: ['spare-1'] });
  });

  it('records that the snapshot was read back at the time of use', async () => {
    const before = (await world.store.snapshots({})).find(({ id }) => id === LATE)?.verifiedAt;
    await restart();
    const after = (await world.store.snapshots({})).find(({ id }) => id === LATE);
    expect(after?.verified).toBe('ok');
    expect(after?.verifiedAt).not.toBe(before);
  });

  it('tells what it does as step 8 of the method', async () => {
    const told: ActionLog[] = [];
    await restart({}, { log: (entry) => told.push(entry) });
    const steps = told.flatMap((entry) => (entry.kind === 'note' ? [entry.note.methodStep] : []));
    expect([...new Set(steps)]).toEqual([8]);
  });

  it('takes a sign of life that the server itself sends', async () => {
    await world.fault('spare-1', 'no-heartbeat');
    const end = await restart(
      {},
      {
        async observe({ step, at }) {
          const later = toInstant(world.clock.now() + 1);
          if (step === 'attempt-1/heartbeat' && at === 'after-intent')
            await world.store.heartbeat(SERVER, later);
        },
      },
    );
    expect(resultOf(end).backup).toBe('spare-1');
  });

  it('does not take a sign of life that it had before, even one from a clock that was ahead', async () => {
    await world.store.heartbeat(SERVER, toInstant(world.clock.now() + 3_600_000));
    await world.fault('spare-1', 'no-heartbeat');
    const end = await restart();
    expect(resultOf(end)).toMatchObject({ backup: 'spare-2', tried: [{ code: 'no-heartbeat' }] });
  });
});

describe('a sign of life', () => {
  it.each([HOUR_MS, -HOUR_MS])('is waited for as long as ever when the clock is set by %i ms', async (ms) => {
    const end = await restart({}, clockSet(world, ms, 'attempt-1/heartbeat'));
    expect(resultOf(end)).toMatchObject({ backup: 'spare-1', tried: [] });
  });
});

describe('fencing', () => {
  it('takes a machine that is off already as fenced, and orders nothing', async () => {
    await world.rack.apply({ kind: 'power-cut', machine: SERVER });
    await world.fault(SERVER, 'off-refused');
    const end = await restart();
    expect(end.state).toBe('done');
  });

  it.each([
    'off-done-unanswered',
    'off-refused*1',
    'off-unanswered*1',
    'off-late=4000',
    'state-unclear*3',
    'slow',
  ])('succeeds when the machine reads back as off in the end: %s', async (fault) => {
    await world.fault(SERVER, fault);
    const end = await restart();
    expect(end.state).toBe('done');
    expect(await running()).toEqual(['spare-1']);
  });

  it.each([HOUR_MS, -HOUR_MS])('is waited for as long as ever when the clock is set by %i ms', async (ms) => {
    await world.fault(SERVER, 'off-late=4000');
    const once = { ...SEQUENCE, fence: { timeoutMs: 5_000, attempts: 1 } };
    expect(await restart({ sequence: once }, clockSet(world, ms, `fence/${SERVER}`))).toMatchObject({
      state: 'done',
    });
    expect(await offsOf(SERVER)).toBe(1);
  });

  it.each([
    'off-ignored',
    'off-refused',
    'off-unanswered',
    'off-late=60000',
    'state-unclear',
    'state-unanswered',
    'unanswered',
  ])('blocks the restart when off cannot be proven: %s', async (fault) => {
    await world.fault(SERVER, fault);
    const end = await restart();
    await expectNothingRuns(end);
    expect(end.reason).toMatch(/^not-proven-off: web-1 did not read back as off/);
    expect(end.reason).toContain('pull its plug');
    expect(await startsOf('spare-1')).toBe(0);
    expect(await reserved(world)).toEqual([]);
  });

  it('says what the machine answered, not only that it failed', async () => {
    await world.fault(SERVER, 'off-refused');
    const end = await restart();
    expect(end.reason).toContain('web-1 refuses to power off');
    expect(end.reason).toContain('last reading: on');
  });

  it('is done again for a machine that comes back before the start', async () => {
    const end = await restart({}, comingBack(SERVER, ['attempt-1/start']));
    expect(end.state).toBe('done');
    expect(await offsOf(SERVER)).toBe(2);
    expect(await running()).toEqual(['spare-1']);
  });

  it('blocks the restart for a machine that comes back again and again', async () => {
    const starts = ['attempt-1/start', 'attempt-1/start-2', 'attempt-1/start-3'];
    const end = await restart({}, comingBack(SERVER, starts));
    await expectNothingRuns(end);
    expect(end.reason).toMatch(/^unfenced: /);
    expect(await startsOf('spare-1')).toBe(0);
    expect(await startsOf('spare-2')).toBe(0);
    expect(await reserved(world)).toEqual([]);
    expect(await connections(world)).toEqual({});
  });

  it('harms nothing with a machine that switches itself on all the time', async () => {
    await world.fault(SERVER, 'comes-back=40');
    const end = await restart();
    expect(end.state).toBe('blocked');
    expect(await startsOf('spare-1')).toBe(0);
  });

  it('is repeated at the start when the state cannot be read there, and blocks if it never can', async () => {
    const end = await restart(
      {},
      {
        async observe({ step, at }) {
          if (step === 'attempt-1/start' && at === 'before-intent')
            await world.fault(SERVER, 'state-unclear');
        },
      },
    );
    await expectNothingRuns(end);
    expect(end.reason).toMatch(/^not-proven-off: /);
  });
});

describe('disconnecting the failed server', () => {
  it('is tried again', async () => {
    await world.fault(DISK, 'disconnect-refused*1');
    expect(await restart()).toMatchObject({ state: 'done' });
    expect(await connections(world)).toEqual({ d2: ['spare-1'] });
  });

  it('blocks the restart when the drive says that the access is not gone', async () => {
    await world.fault(DISK, 'disconnect-refused');
    const end = await restart();
    await expectNothingRuns(end);
    expect(end.reason).toMatch(/^still-connected: web-1 still has access to disk-web: disk-web refuses/);
  });

  it('does not wait for a disk that died with the server', async () => {
    await world.fault(DISK, 'unanswered');
    const end = await restart();
    expect(end.state).toBe('done');
    expect(resultOf(end).unproven).toMatchObject([{ drive: DISK, machine: SERVER }]);
    expect(await running()).toEqual(['spare-1']);
  });
});

describe('an attempt that fails', () => {
  const falls = async (): Promise<RestartResult> => {
    const end = await restart();
    const result = resultOf(end);
    expect(result).toMatchObject({ backup: 'spare-2', snapshot: EARLY, drive: 'd1' });
    expect(await marksOn('spare-2')).toEqual(['early']);
    expect(await reserved(world)).toEqual([]);
    expect(await connections(world)).toEqual({ d1: ['spare-2'] });
    return result;
  };

  it.each([
    ['spare-1', 'start-fails', 'refused'],
    ['spare-1', 'no-heartbeat', 'no-heartbeat'],
    ['spare-1', 'dies-after-start', 'no-heartbeat'],
    ['spare-1', 'unanswered', 'no-answer'],
    ['d2', 'connect-refused', 'refused'],
    ['d2', 'unanswered', 'no-answer'],
  ])('is undone, and the next one runs: %s %s', async (target, fault, code) => {
    await world.fault(target, fault);
    const { tried } = await falls();
    expect(tried).toMatchObject([{ snapshot: LATE, drive: 'd2', backup: 'spare-1', code }]);
  });

  it.each(['connect-refused*1', 'reply-lost*2', 'slow=4'])(
    'is not given up for a drive that gets there: %s',
    async (fault) => {
      await world.fault('d2', fault);
      expect(resultOf(await restart()).backup).toBe('spare-1');
    },
  );

  it.each(['spare-1', 'd2'])(
    'because %s is reserved by another operation leaves that alone',
    async (name) => {
      const other = await world.order('take-snapshot', { snapshot: snapshotPlan() });
      await world.store.change('test', (table) =>
        name === 'd2' ? table.reserveDrive(name, other.id) : table.reserveMachine(name, other.id),
      );
      const result = resultOf(await restart());
      expect(result).toMatchObject({ backup: 'spare-2', tried: [{ code: 'reserved' }] });
      expect(await reserved(world)).toEqual([name]);
      expect(await startsOf('spare-1')).toBe(0);
    },
  );

  it.each(['spare-2', 'd1'])(
    'is made again when %s, held by a running operation, is given back',
    async (name) => {
      const other = await world.order('take-snapshot', { snapshot: snapshotPlan() });
      await world.store.change('test', (table) =>
        name === 'd1' ? table.reserveDrive(name, other.id) : table.reserveMachine(name, other.id),
      );
      const only = { snapshot: EARLY, condition: 'scheduled', drive: 'd1', backup: 'spare-2', score: 1 };
      const began = world.clock.now();
      const end = await restart(
        { attempts: [only] },
        {
          async observe({ step, at }) {
            if (step === 'wait-3' && at === 'after-intent')
              await world.store.change('test', (table) => table.release(other.id));
          },
        },
      );
      expect(resultOf(end)).toMatchObject({ backup: 'spare-2', snapshot: EARLY, tried: [] });
      expect(world.clock.now() - began).toBeGreaterThan(7_000);
    },
  );

  it('is not waited for when what holds its drive has ended and will not give it back', async () => {
    const other = await world.order('take-snapshot', { snapshot: snapshotPlan() });
    await world.store.change('test', (table) => table.reserveDrive('d1', other.id));
    const at = toInstant(world.clock.now());
    await world.store.finishOperation(other.id, { state: 'blocked', reason: 'it', result: null, at });
    const only = { snapshot: EARLY, condition: 'scheduled', drive: 'd1', backup: 'spare-2', score: 1 };
    const end = await restart({ attempts: [only] });
    expect(end.reason).toMatch(/^no-attempt-left: .*d1 is reserved/);
    expect(resultOf(end).tried).toHaveLength(1);
  });

  it('is waited for so long and no longer', async () => {
    const other = await world.order('take-snapshot', { snapshot: snapshotPlan() });
    await world.store.change('test', (table) => table.reserveDrive('d1', other.id));
    const only = { snapshot: EARLY, condition: 'scheduled', drive: 'd1', backup: 'spare-2', score: 1 };
    const began = world.clock.now();
    const end = await restart({ attempts: [only] });
    expect(end.reason).toMatch(/^no-attempt-left: .*d1 is reserved/);
    expect(resultOf(end).tried).toHaveLength(1);
    expect(world.clock.now() - began).toBeLessThan(12 * 60_000);
  });

  it('because its snapshot is damaged falls back to the previous one, and says so in the disk table', async () => {
    await world.rack.apply({ kind: 'damage-snapshot', drive: 'd2', snapshot: LATE });
    const { tried } = await falls();
    expect(tried).toMatchObject([{ code: 'damaged' }]);
    const row = (await world.store.snapshots({})).find(({ id }) => id === LATE);
    expect(row?.verified).toBe('failed');
    expect(await startsOf('spare-1')).toBe(0);
  });

  it('because another memory lies under the name of its snapshot does not start that', async () => {
    await rewrite(LATE, 'd2');
    const { tried } = await falls();
    expect(tried).toMatchObject([{ code: 'damaged' }]);
  });

  it('because its snapshot is not in the disk table any more touches nothing', async () => {
    await world.store.change('test', (table) => table.beginDelete(LATE));
    const { tried } = await falls();
    expect(tried).toMatchObject([{ code: 'not-complete' }]);
  });

  it('is switched off before its drive is taken away', async () => {
    await world.fault('spare-1', 'no-heartbeat');
    await falls();
    const log = await world.log();
    const undone = log.filter(
      ({ machine, change }) => machine === 'spare-1' && (change === 'power-off' || change === 'disconnect'),
    );
    expect(undone.map(({ change }) => change)).toEqual(['power-off', 'disconnect']);
  });

  it('because somebody else has access to its drive leaves that alone', async () => {
    const order = { operation: 'by-hand', signal: new AbortController().signal, machine: 'spare-2' };
    await world.elapse(world.hardware.storage('d2').connect(order));
    const end = await restart({ attempts: restartPlan().attempts.slice(0, 1) });
    expect(resultOf(end)).toMatchObject({ backup: null, tried: [{ code: 'drive-in-use' }] });
    expect(await connections(world)).toEqual({ d2: ['spare-2'] });
  });

  it('leads to a cold boot at last: the disk is kept, the memory is not', async () => {
    const boot = (await world.rack.memoryOf(SERVER))?.boot;
    const writes = (await world.rack.diskOf(DISK))?.writes ?? 0;
    await world.rack.apply({ kind: 'damage-snapshot', drive: 'd2', snapshot: LATE });
    await world.rack.apply({ kind: 'damage-snapshot', drive: 'd1', snapshot: EARLY });
    const end = await restart();
    expect(resultOf(end)).toMatchObject({ backup: 'spare-2', snapshot: null, drive: DISK });
    const memory = await world.rack.memoryOf('spare-2');
    expect(memory?.boot).not.toBe(boot);
    expect(memory?.marks).toEqual([]);
    expect(memory?.writes).toBeGreaterThanOrEqual(writes);
  });

  it('is named with its reason when none is left, and nothing is held', async () => {
    await world.fault('spare-1', 'start-fails');
    await world.fault('spare-2', 'start-fails');
    const end = await restart();
    await expectNothingRuns(end);
    expect(end.reason).toMatch(
      /^no-attempt-left: .*op-2-1 from d2 on spare-1: .*op-1-1 from d1 on spare-2: .*cold boot/,
    );
    expect(resultOf(end).tried).toHaveLength(3);
    expect(await reserved(world)).toEqual([]);
    expect(await connections(world)).toEqual({});
  });
});

/** Whole, with a manifest that fits, and not what the disk table has recorded. */
async function rewrite(snapshot: string, drive: string): Promise<void> {
  const { hardware, rack } = world;
  const order = { operation: 'by-hand', signal: new AbortController().signal, snapshot };
  await rack.apply({ kind: 'power-cut', machine: SERVER });
  await rack.apply({ kind: 'power-restore', machine: SERVER, start: true });
  await world.wait(5_000);
  await world.elapse(hardware.storage(drive).discard(order));
  await world.elapse(hardware.memory(SERVER).snapshot({ ...order, server: SERVER, drive }));
}

describe('a backup that cannot be proven off again', () => {
  const leaveInDoubt = async (): Promise<ActionEnd> => {
    await world.fault('spare-1', 'no-heartbeat', 'off-ignored');
    return restart();
  };

  it('blocks the restart: two servers could run', async () => {
    const end = await leaveInDoubt();
    expect(end.state).toBe('blocked');
    expect(end.reason).toMatch(
      /^not-proven-off: spare-1 did not .* since no sign of life of web-1 on spare-1/,
    );
    expect(end.reason).toContain('spare-1 may run web-1 from d2');
    expect(resultOf(end).inDoubt).toEqual([{ machine: 'spare-1', drive: 'd2', operation: 'op-3' }]);
    expect(await startsOf('spare-2')).toBe(0);
  });

  it('stays reserved with its drive, and is of no use until a person has looked', async () => {
    await leaveInDoubt();
    expect(await reserved(world)).toEqual(['d2', 'spare-1']);
    expect(await machineStates()).toMatchObject({ 'spare-1': 'failed' });
  });

  it('blocks every later restart as long as it cannot be proven off', async () => {
    await leaveInDoubt();
    for (const _ of [1, 2]) {
      const end = await restart();
      expect(end.state).toBe('blocked');
      expect(end.reason).toMatch(/^not-proven-off: spare-1/);
      expect(resultOf(end).inDoubt).toEqual([{ machine: 'spare-1', drive: 'd2', operation: 'op-3' }]);
    }
    expect(await startsOf('spare-2')).toBe(0);
  });

  it('is fenced by the next restart once it can be, and everything is free again', async () => {
    await leaveInDoubt();
    await world.fault('spare-1', 'none');
    const end = await restart({ attempts: restartPlan().attempts.slice(1) });
    expect(resultOf(end)).toMatchObject({ backup: 'spare-2', inDoubt: [] });
    expect(await running()).toEqual(['spare-2']);
    expect(await reserved(world)).toEqual([]);
    expect(await machineStates()).toEqual({ [SERVER]: 'fenced', 'spare-1': 'idle', 'spare-2': 'serving' });
  });

  it('is not forgotten when a restart in between could not even begin', async () => {
    await leaveInDoubt();
    const between = await restart({}, { signal: AbortSignal.abort(new Error('ordered by a person')) });
    expect(between.state).toBe('blocked');
    const end = await restart();
    expect(end.reason).toMatch(/^not-proven-off: spare-1/);
    expect(await startsOf('spare-2')).toBe(0);
  });

  it('is fenced again when it comes back before the next start', async () => {
    await leaveInDoubt();
    await world.fault('spare-1', 'none');
    const offsBefore = await offsOf('spare-1');
    const attempts = restartPlan().attempts.slice(1);
    const end = await restart({ attempts }, comingBack('spare-1', ['attempt-1/start']));
    expect(end.state).toBe('done');
    expect((await offsOf('spare-1')) - offsBefore).toBe(2);
    expect(await running()).toEqual(['spare-2']);
  });

  it('is one whose drive says that it still has access, too', async () => {
    await world.fault('spare-1', 'start-fails');
    await world.fault('d2', 'disconnect-refused');
    const end = await restart();
    expect(end.state).toBe('blocked');
    expect(end.reason).toMatch(/^still-connected: spare-1 still has access to d2/);
    expect(await reserved(world)).toEqual(['d2', 'spare-1']);
  });
});

describe('a machine whose disk did not answer when it was fenced', () => {
  const again = { machine: 'spare-1', disk: 'd2', attempts: restartPlan().attempts.slice(1, 2) };

  beforeEach(async () => {
    await world.fault(DISK, 'unanswered');
    expect(await restart()).toMatchObject({ state: 'done', result: { backup: 'spare-1' } });
    await world.rack.apply({ kind: 'power-cut', machine: 'spare-1' });
  });

  it('is fenced again by the next restart: somebody may have switched it on', async () => {
    await world.rack.apply({ kind: 'power-restore', machine: SERVER, start: true });
    await world.wait(5_000);
    expect(await running()).toEqual([SERVER]);
    const end = await restart(again);
    expect(end.state).toBe('done');
    expect(await running()).toEqual(['spare-2']);
    expect(resultOf(end).unproven).toMatchObject([
      { drive: DISK, machine: 'spare-1' },
      { drive: DISK, machine: SERVER },
    ]);
  });

  it('blocks the next restart when it cannot be proven off', async () => {
    await world.fault(SERVER, 'unanswered');
    const end = await restart(again);
    expect(end.state).toBe('blocked');
    expect(end.reason).toMatch(
      /^not-proven-off: web-1 did not read back as off.*Mend its power control, or that drive, then/,
    );
    expect(await startsOf('spare-2')).toBe(0);
  });

  it('is of no concern any more once the disk has answered without it', async () => {
    await world.fault(SERVER, 'unanswered');
    await world.store.change('op-3', (table) =>
      table.recordIsolated('op-3', { drive: DISK, machine: SERVER }),
    );
    expect(await restart(again)).toMatchObject({ state: 'done', result: { backup: 'spare-2' } });
  });
});

describe('a plan that does not fit the world any more', () => {
  it('touches nothing when the server runs on another machine by now', async () => {
    await restart();
    const end = await restart();
    expect(end.state).toBe('blocked');
    expect(end.reason).toMatch(/^stale-plan: the plan fences web-1, and web-1 runs on spare-1 by now/);
    expect(await running()).toEqual(['spare-1']);
  });

  it('touches nothing when a backup says that it runs the server already', async () => {
    await startByHand('spare-2');
    const end = await restart();
    expect(end.state).toBe('blocked');
    expect(end.reason).toMatch(/^runs-already: spare-2 says that it runs web-1 already/);
    expect(await running()).toEqual(['spare-2']);
    expect(await startsOf('spare-1')).toBe(0);
  });

  async function startByHand(backup: string): Promise<void> {
    const { hardware, clock } = world;
    const order = { operation: 'by-hand', signal: new AbortController().signal };
    const work = async (): Promise<void> => {
      await hardware.power(SERVER).off(order);
      await clock.sleep(1_000);
      await hardware.storage('d1').connect({ ...order, machine: backup });
      const power = hardware.power(SERVER);
      const proof = await proveOff(
        { machine: SERVER, server: SERVER, operation: 'by-hand', power, clock },
        order.signal,
      );
      await hardware.memory(backup).resume({ ...order, server: SERVER, snapshot: EARLY, drive: 'd1', proof });
    };
    await world.elapse(work());
  }
});

describe('a restart that is aborted', () => {
  const abortAt = (step: string, at = 'after-intent'): How => {
    const giveUp = new AbortController();
    return {
      signal: giveUp.signal,
      async observe(point) {
        if (point.step === step && point.at === at) giveUp.abort(new Error('ordered by a person'));
      },
    };
  };

  it.each(['attempt-1/connect', 'attempt-1/start', 'attempt-1/heartbeat'])(
    'undoes what it began and tries nothing else: %s',
    async (step) => {
      const end = await restart({}, abortAt(step));
      await expectNothingRuns(end);
      expect(end.reason).toMatch(/^aborted: .*ordered by a person/);
      expect(resultOf(end).tried).toHaveLength(1);
      expect(await reserved(world)).toEqual([]);
      expect(await connections(world)).toEqual({});
      expect(await startsOf('spare-2')).toBe(0);
    },
  );

  it('is done all the same when the server runs on the backup already', async () => {
    const end = await restart({}, abortAt('attempt-1/heartbeat', 'after-result'));
    expect(end.state).toBe('done');
  });
});

describe('times of the sequence', () => {
  it('bound a start that hangs', async () => {
    await world.fault('spare-1', 'slow=1000');
    const began = world.clock.now();
    const end = await restart({ sequence: { ...SEQUENCE, start: { timeoutMs: 10_000, attempts: 1 } } });
    expect(['done', 'blocked']).toContain(end.state);
    expect(world.clock.now() - began).toBeLessThan(300_000);
  });
});
