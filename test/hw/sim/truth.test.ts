import { describe, expect, it } from 'vitest';

import { proveOff } from '../../../src/hw/fence.js';
import { fenceAndConnect, simWorld, type World } from './world.js';

async function kinds(world: World): Promise<string[]> {
  return (await world.rack()).violations.map(({ kind }) => kind);
}

/** Starts web-1 on spare-1 with a proof that was true when it was made. */
async function takeOverWith(world: World, drive: string): Promise<void> {
  const proof = await world.run(world.prove('web-1'));
  await world.run(world.connect(drive, 'spare-1'));
  await world.run(world.resume('spare-1', 's-1', drive, proof));
}

describe('the truth monitor', () => {
  it('finds nothing wrong with a takeover done in order', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    const proof = await fenceAndConnect(world, 'd1');
    await world.run(world.resume('spare-1', 's-1', 'd1', proof));
    await world.rig.pass(10_000);
    await world.run(world.snapshot('s-2', 'd2', { machine: 'spare-1' }));
    expect(await kinds(world)).toEqual([]);
  });

  it('sees a server running twice after a failed machine came back to its disk', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    await world.misbehave('web-1', 'comes-back=2000');
    await world.run(world.off('web-1'));
    await takeOverWith(world, 'd1');
    expect(await kinds(world)).toEqual([]);
    await world.rig.pass(5_000);
    expect((await world.rack()).violations).toMatchObject([
      { kind: 'two-writers', subject: 'web-1', machines: ['spare-1', 'web-1'] },
    ]);
  });

  it('sees it at the time at which it began, however late anybody looks', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    await world.misbehave('web-1', 'comes-back=2000');
    await world.run(world.off('web-1'));
    await takeOverWith(world, 'd1');
    await world.rig.pass(3_600_000);
    const { violations, log } = await world.rack();
    const cameBack = log.findLast(({ change, machine }) => change === 'power-on' && machine === 'web-1');
    expect(violations[0]?.atMs).toBe(cameBack?.atMs);
  });

  it('sees one that was over again before anybody looked', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    await world.misbehave('web-1', 'comes-back=1000');
    await world.misbehave('web-1', 'off-late=5000');
    await world.run(world.off('web-1'));
    await world.rig.pass(5_100);
    await world.misbehave('web-1', 'none');
    await takeOverWith(world, 'd1');
    await world.misbehave('spare-1', 'off-late=10000');
    await world.run(world.off('spare-1'));
    await world.rig.pass(60_000);
    expect(await kinds(world)).toEqual(['two-writers']);
    expect(await world.control.machinesRunning('web-1')).toEqual(['web-1']);
  });

  it('lets a machine that came back without its disk be', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    await world.misbehave('web-1', 'comes-back=2000');
    const proof = await fenceAndConnect(world, 'd1');
    await world.run(world.resume('spare-1', 's-1', 'd1', proof));
    await world.rig.pass(10_000);
    expect(await world.run(world.state('web-1'))).toBe('on');
    expect(await world.control.memoryOf('web-1')).toBeNull();
    expect(await kinds(world)).toEqual([]);
  });

  it('counts a halted server as running while its machine is on and may write', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    const lying = { ...world.power('web-1'), state: async () => 'off' as const };
    await world.control.apply({ kind: 'panic', machine: 'web-1' });
    const subject = { machine: 'web-1', server: 'web-1', operation: 'op-1', power: lying };
    const proof = await proveOff({ ...subject, clock: world.rig.clock }, world.signal);
    await world.run(world.connect('d1', 'spare-1'));
    await world.run(world.resume('spare-1', 's-1', 'd1', proof));
    expect(await kinds(world)).toEqual(['two-writers']);
  });

  it('sees a drive connected to two machines', async () => {
    const world = await simWorld();
    await world.run(world.connect('disk-1', 'spare-1'));
    expect((await world.rack()).violations).toMatchObject([
      { kind: 'two-connections', subject: 'disk-1', machines: ['spare-1', 'web-1'] },
    ]);
  });

  it('sees a server that runs from a drive to which its machine is not connected', async () => {
    const world = await simWorld();
    await world.rig.holder.apply((state) => ({
      state: {
        ...state,
        drives: state.drives.map((drive) =>
          drive.name === 'disk-1' ? { ...drive, connections: [] } : drive,
        ),
      },
      result: null,
    }));
    expect((await world.rack()).violations).toMatchObject([
      { kind: 'runs-unconnected', subject: 'disk-1', machines: ['web-1'] },
    ]);
  });

  it('reports a violation once while it lasts, and again when it begins again', async () => {
    const world = await simWorld();
    await world.run(world.connect('disk-1', 'spare-1'));
    await world.run(world.snapshot('s-1', 'd1'));
    expect(await kinds(world)).toHaveLength(1);
    await world.run(world.disconnect('disk-1', 'spare-1'));
    await world.run(world.connect('disk-1', 'spare-1'));
    expect(await kinds(world)).toHaveLength(2);
  });
});

describe('the log', () => {
  it('shows that the fence came before the start', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    const proof = await fenceAndConnect(world, 'd1');
    await world.run(world.resume('spare-1', 's-1', 'd1', proof));
    const { log } = await world.rack();
    const ordered = log.filter(({ operation }) => operation === 'op-1');
    expect(ordered.map(({ change, machine, drive }) => [change, machine, drive])).toEqual([
      ['power-off', 'web-1', null],
      ['disconnect', 'web-1', 'disk-1'],
      ['connect', 'spare-1', 'd1'],
      ['power-on', 'spare-1', null],
      ['start', 'spare-1', 'd1'],
    ]);
    expect(log.map(({ number }) => number)).toEqual(log.map((_, index) => index + 1));
  });

  it('says nothing about orders that changed nothing', async () => {
    const world = await simWorld();
    await world.run(world.off('spare-1'));
    await world.run(world.connect('disk-1', 'web-1'));
    await world.run(world.disconnect('d1', 'spare-1'));
    expect((await world.rack()).log.filter(({ operation }) => operation !== null)).toEqual([]);
  });
});
