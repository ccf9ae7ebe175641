import { describe, expect, it } from 'vitest';

import { FAULTS, FAULT_NAMES, parseFault, type FaultName } from '../../../src/hw/sim/index.js';
import { fenceAndConnect, simWorld, type World } from './world.js';

/** For each fault, what it does to those who use the rack. */
const BEHAVIOUR: Record<FaultName, (world: World) => Promise<void>> = {
  async 'off-ignored'(world) {
    await world.misbehave('web-1', 'off-ignored');
    await world.run(world.off('web-1'));
    await world.rig.pass(10_000);
    expect(await world.run(world.state('web-1'))).toBe('on');
  },
  async 'off-refused'(world) {
    await world.misbehave('web-1', 'off-refused');
    expect(await world.codeOf(world.off('web-1'))).toBe('refused');
    await world.rig.pass(10_000);
    expect(await world.run(world.state('web-1'))).toBe('on');
  },
  async 'off-unanswered'(world) {
    await world.misbehave('web-1', 'off-unanswered');
    expect(await world.codeOf(world.off('web-1'))).toBe('no-answer');
    await world.rig.pass(10_000);
    expect(await world.run(world.state('web-1'))).toBe('on');
  },
  async 'off-done-unanswered'(world) {
    await world.misbehave('web-1', 'off-done-unanswered');
    expect(await world.codeOf(world.off('web-1'))).toBe('no-answer');
    expect(await world.run(world.state('web-1'))).toBe('off');
  },
  async 'off-late'(world) {
    await world.misbehave('web-1', 'off-late=5000');
    await world.run(world.off('web-1'));
    await world.rig.pass(4_000);
    expect(await world.run(world.state('web-1'))).toBe('on');
    await world.rig.pass(2_000);
    expect(await world.run(world.state('web-1'))).toBe('off');
  },
  async 'state-unclear'(world) {
    await world.misbehave('web-1', 'state-unclear');
    expect(await world.codeOf(world.state('web-1'))).toBe('unclear');
  },
  async 'state-unanswered'(world) {
    await world.misbehave('web-1', 'state-unanswered');
    expect(await world.codeOf(world.state('web-1'))).toBe('no-answer');
  },
  async 'comes-back'(world) {
    await world.misbehave('web-1', 'comes-back=3000');
    await world.run(world.off('web-1'));
    await world.rig.pass(1_000);
    expect(await world.run(world.state('web-1'))).toBe('off');
    await world.rig.pass(3_000);
    expect(await world.run(world.state('web-1'))).toBe('on');
    expect(await world.control.machinesRunning('web-1')).toEqual(['web-1']);
  },
  async 'start-fails'(world) {
    await world.run(world.snapshot('s-1', 'd1'));
    const proof = await fenceAndConnect(world, 'd1');
    await world.misbehave('spare-1', 'start-fails');
    expect(await world.codeOf(world.resume('spare-1', 's-1', 'd1', proof))).toBe('refused');
    expect(await world.run(world.state('spare-1'))).toBe('off');
  },
  async 'no-heartbeat'(world) {
    await world.run(world.snapshot('s-1', 'd1'));
    const proof = await fenceAndConnect(world, 'd1');
    await world.misbehave('spare-1', 'no-heartbeat');
    await world.run(world.resume('spare-1', 's-1', 'd1', proof));
    await world.rig.pass(10_000);
    const guest = await world.run(world.power('spare-1').guest(world.signal));
    expect(guest).toEqual({ server: 'web-1', heartbeatAt: null });
  },
  async 'dies-after-start'(world) {
    await world.run(world.snapshot('s-1', 'd1'));
    const proof = await fenceAndConnect(world, 'd1');
    await world.misbehave('spare-1', 'dies-after-start=1000');
    await world.run(world.resume('spare-1', 's-1', 'd1', proof));
    await world.rig.pass(2_000);
    const last = await world.run(world.power('spare-1').guest(world.signal));
    await world.rig.pass(2_000);
    expect(last?.heartbeatAt).not.toBeNull();
    expect(await world.run(world.power('spare-1').guest(world.signal))).toEqual(last);
    expect(await world.run(world.state('spare-1'))).toBe('on');
  },
  async 'snapshot-fails'(world) {
    await world.misbehave('web-1', 'snapshot-fails');
    expect(await world.codeOf(world.snapshot('s-1', 'd1'))).toBe('refused');
    expect(await world.control.snapshotOf('d1', 's-1')).toBeNull();
    expect(await world.control.machinesRunning('web-1')).toEqual(['web-1']);
  },
  async 'snapshot-stalls'(world) {
    await world.misbehave('d1', 'snapshot-stalls');
    const giveUp = new AbortController();
    const snapshot = world.snapshot('s-1', 'd1', { signal: giveUp.signal });
    snapshot.catch(() => undefined);
    await world.rig.pass(600_000);
    expect(await world.run(world.storage('d1').inspect('s-1', world.signal))).toBe('partial');
    giveUp.abort(new Error('deadline'));
    expect(await world.codeOf(snapshot)).toBe('aborted');
    expect(await world.run(world.storage('d1').inspect('s-1', world.signal))).toBe('absent');
  },
  async 'snapshot-damaged'(world) {
    await world.misbehave('d1', 'snapshot-damaged*1');
    await world.run(world.snapshot('s-1', 'd1'));
    const good = await world.run(world.snapshot('s-2', 'd1'));
    expect(await world.run(world.storage('d1').verify('s-1', world.signal))).toBe('damaged');
    expect(await world.run(world.storage('d1').verify(good.snapshot, world.signal))).toBe('ok');
    const held = await world.control.snapshotOf('d1', 's-1');
    expect(held?.memory?.ticks).not.toBe(held?.disk.writes);
  },
  async 'snapshot-truncated'(world) {
    await world.misbehave('web-1', 'snapshot-truncated');
    await world.run(world.snapshot('s-1', 'd1'));
    const proof = await fenceAndConnect(world, 'd1');
    expect(await world.run(world.storage('d1').verify('s-1', world.signal))).toBe('damaged');
    expect(await world.codeOf(world.resume('spare-1', 's-1', 'd1', proof))).toBe('damaged');
    expect(await world.run(world.state('spare-1'))).toBe('off');
  },
  async 'drive-full'(world) {
    await world.misbehave('d1', 'drive-full');
    expect(await world.codeOf(world.snapshot('s-1', 'd1'))).toBe('no-space');
    expect(await world.control.snapshotOf('d1', 's-1')).toBeNull();
    await world.run(world.snapshot('s-2', 'd2'));
  },
  async 'drive-fails'(world) {
    await world.misbehave('d1', 'drive-fails');
    expect(await world.codeOf(world.snapshot('s-1', 'd1'))).toBe('drive-failed');
    const { health } = await world.run(world.storage('d1').status(world.signal));
    expect(health).toBe('failed');
    expect(await world.codeOf(world.storage('d1').inspect('s-1', world.signal))).toBe('drive-failed');
  },
  async 'connect-refused'(world) {
    await world.misbehave('d1', 'connect-refused');
    expect(await world.codeOf(world.connect('d1', 'spare-1'))).toBe('refused');
    expect(await world.run(world.storage('d1').connections(world.signal))).toEqual([]);
  },
  async 'disconnect-refused'(world) {
    await world.misbehave('disk-1', 'disconnect-refused');
    expect(await world.codeOf(world.disconnect('disk-1', 'web-1'))).toBe('refused');
    expect(await world.run(world.storage('disk-1').connections(world.signal))).toEqual(['web-1']);
  },
  async unanswered(world) {
    await world.misbehave('web-1', 'unanswered');
    expect(await world.codeOf(world.state('web-1'))).toBe('no-answer');
    expect(await world.codeOf(world.off('web-1'))).toBe('no-answer');
    await world.misbehave('web-1', 'none');
    expect(await world.run(world.state('web-1'))).toBe('on');
  },
  async 'reply-lost'(world) {
    await world.misbehave('d1', 'reply-lost*1');
    expect(await world.codeOf(world.connect('d1', 'spare-1'))).toBe('no-answer');
    expect(await world.run(world.storage('d1').connections(world.signal))).toEqual(['spare-1']);
    await world.run(world.connect('d1', 'spare-1'));
  },
  async slow(world) {
    const time = async (id: string): Promise<number> => {
      const before = world.rig.clock.now();
      await world.run(world.snapshot(id, 'd1'));
      return world.rig.clock.now() - before;
    };
    const usual = await time('s-1');
    await world.misbehave('web-1', 'slow=7');
    expect(await time('s-2')).toBe(usual * 7);
  },
};

describe('a fault', () => {
  it.each(FAULT_NAMES.map((name) => ({ name, text: FAULTS[name].text })))(
    '$name: $text',
    async ({ name }) => {
      const world = await simWorld();
      await BEHAVIOUR[name](world);
      expect((await world.rack()).violations).toEqual([]);
    },
  );

  it('strikes as often as it was set to, then no more', async () => {
    const world = await simWorld();
    await world.misbehave('web-1', 'off-refused*2');
    expect(await world.codeOf(world.off('web-1'))).toBe('refused');
    expect(await world.codeOf(world.off('web-1'))).toBe('refused');
    await world.run(world.off('web-1'));
  });

  it('strikes until it is cleared', async () => {
    const world = await simWorld();
    await world.misbehave('web-1', 'state-unclear');
    await world.misbehave('web-1', 'slow');
    for (let call = 0; call < 3; call += 1) {
      expect(await world.codeOf(world.state('web-1'))).toBe('unclear');
    }
    await world.control.apply({ kind: 'clear-faults', target: 'web-1', fault: 'state-unclear' });
    expect(await world.run(world.state('web-1'))).toBe('on');
    const left = (await world.rack()).machines.find(({ name }) => name === 'web-1')?.faults;
    expect(left?.map(({ name }) => name)).toEqual(['slow']);
  });

  it('replaces the one of the same name', async () => {
    const world = await simWorld();
    await world.misbehave('web-1', 'off-late=5000');
    await world.misbehave('web-1', 'off-late=100');
    await world.run(world.off('web-1'));
    await world.rig.pass(200);
    expect(await world.run(world.state('web-1'))).toBe('off');
  });

  it('strikes only what it is set on', async () => {
    const world = await simWorld();
    await world.misbehave('web-1', 'off-ignored');
    await world.run(world.off('web-2'));
    await world.rig.pass(100);
    expect(await world.run(world.state('web-2'))).toBe('off');
  });

  it('of the resume that loses its answer leaves the server running once', async () => {
    const world = await simWorld();
    await world.run(world.snapshot('s-1', 'd1'));
    const proof = await fenceAndConnect(world, 'd1');
    await world.misbehave('spare-1', 'reply-lost*1');
    expect(await world.codeOf(world.resume('spare-1', 's-1', 'd1', proof))).toBe('no-answer');
    await world.run(world.resume('spare-1', 's-1', 'd1', proof));
    expect(await world.control.machinesRunning('web-1')).toEqual(['spare-1']);
  });

  it.each([
    ['web-1', 'connect-refused'],
    ['d1', 'off-refused'],
  ])('cannot be set where it makes no sense: on %s, %s', async (target, fault) => {
    const world = await simWorld();
    await expect(world.misbehave(target, fault)).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('cannot be set on what the rack does not have', async () => {
    const world = await simWorld();
    await expect(world.misbehave('web-9', 'slow')).rejects.toMatchObject({ code: 'unknown-name' });
  });
});

describe('the text of a fault', () => {
  it.each([
    ['off-refused', { name: 'off-refused', value: 0, remaining: null }],
    ['off-refused*2', { name: 'off-refused', value: 0, remaining: 2 }],
    ['slow', { name: 'slow', value: 10, remaining: null }],
    ['slow=4', { name: 'slow', value: 4, remaining: null }],
    ['comes-back=1500*1', { name: 'comes-back', value: 1_500, remaining: 1 }],
  ])('%s is read', (text, fault) => {
    expect(parseFault(text)).toEqual({ ok: true, fault });
  });

  it.each(['', 'no-such', 'constructor', 'slow=', 'slow=-1', 'slow*', 'slow*0', 'off-refused=3', 'slow 4'])(
    '"%s" is refused',
    (text) => {
      expect(parseFault(text)).toMatchObject({ ok: false });
    },
  );

  it('that is unknown is answered with all that exist', () => {
    const parsed = parseFault('of-refused');
    expect(parsed.ok ? '' : parsed.message).toContain('off-refused');
  });
});
