import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  createRackControl,
  FAULT_NAMES,
  memoryRack,
  misbehave,
  simDriver,
  type RackCommand,
  type RackState,
} from '../../../src/hw/sim/index.js';
import { createVirtualClock } from '../../../src/virtual-clock.js';
import { simRig, settlePromises, type SimRig } from './rig.js';
import { simWorld } from './world.js';

/** Something done to the rack, after a pause. */
type Act = { readonly afterMs: number } & (
  | { readonly do: 'command'; readonly command: RackCommand }
  | { readonly do: 'off' | 'snapshot'; readonly machine: string }
  | { readonly do: 'connect' | 'disconnect'; readonly drive: string; readonly machine: string }
);

const machine = fc.constantFrom('web-1', 'web-2', 'spare-1');
const drive = fc.constantFrom('disk-1', 'disk-2', 'd1', 'd2');
const afterMs = fc.nat(3_000);

const command: fc.Arbitrary<RackCommand> = fc.oneof(
  fc.record({ kind: fc.constantFrom('power-cut' as const, 'panic' as const), machine }),
  fc.record({ kind: fc.constant('power-restore' as const), machine, start: fc.boolean() }),
  fc.record({ kind: fc.constant('mark-memory' as const), machine, mark: fc.constant('leak') }),
  fc.record({
    kind: fc.constant('set-health' as const),
    drive,
    health: fc.constantFrom('ok' as const, 'failed' as const),
  }),
  fc
    .tuple(fc.oneof(machine, drive), fc.constantFrom(...FAULT_NAMES), fc.boolean())
    .map(([target, name, once]) => {
      const parsed = misbehave(target, once ? `${name}*1` : name);
      if (!parsed.ok) throw new Error(parsed.message);
      return parsed.command;
    }),
);

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ afterMs, do: fc.constant('command' as const), command }),
  fc.record({ afterMs, do: fc.constantFrom('off' as const, 'snapshot' as const), machine }),
  fc.record({ afterMs, do: fc.constantFrom('connect' as const, 'disconnect' as const), drive, machine }),
);

const acts = fc.array(act, { maxLength: 12 });

/** Does one thing and does not care how it ends: half of them are refused. */
async function doAct(rig: SimRig, one: Act, index: number): Promise<void> {
  const open = rig.driver.open({ machines: [rig.active, rig.bystander, rig.backup], drives: rig.drives });
  const order = { operation: `op-${index}`, signal: new AbortController().signal };
  switch (one.do) {
    case 'command':
      return rig.control.apply(one.command);
    case 'off':
      return open.machine(one.machine).power?.off(order);
    case 'snapshot': {
      const snapshot = { ...order, snapshot: `s-${index}`, server: one.machine, drive: 'd1' };
      await open.machine(one.machine).memory?.snapshot(snapshot);
      return;
    }
    case 'connect':
    case 'disconnect':
      return open.drive(one.drive).storage?.[one.do]({ ...order, machine: one.machine });
  }
}

/** Plays a story; `lookEveryMs` also looks at the rack that often, which must change nothing. */
async function play(story: readonly Act[], lookEveryMs: number | null): Promise<RackState> {
  const { rig } = await simWorld();
  const untilMs = rig.clock.now() + story.reduce((sum, one) => sum + one.afterMs, 0) + 20_000;
  for (let atMs = rig.clock.now(); lookEveryMs !== null && atMs < untilMs; atMs += lookEveryMs) {
    void rig.clock.sleep(atMs - rig.clock.now()).then(() => rig.control.state());
  }
  for (const [index, one] of story.entries()) {
    await rig.pass(one.afterMs);
    doAct(rig, one, index).catch(() => undefined);
    await settlePromises();
  }
  await rig.clock.runUntil(untilMs, settlePromises);
  return rig.control.state();
}

describe('the time of the simulated rack', () => {
  it('changes memory and disk of a running server together', async () => {
    const { rig, control } = await simWorld();
    const before = await control.memoryOf('web-1');
    await rig.pass(1_000);
    const after = await control.memoryOf('web-1');
    expect(after?.ticks).toBeGreaterThan(before?.ticks ?? 0);
    expect((await control.diskOf('disk-1'))?.writes).toBe(after?.writes);
  });

  it('makes the same of the same story, whatever happens in it', async () => {
    await fc.assert(
      fc.asyncProperty(acts, async (story) => {
        expect(await play(story, null)).toEqual(await play(story, null));
      }),
      { numRuns: 40 },
    );
  });

  it('goes on alike whether or not anybody looks', async () => {
    await fc.assert(
      fc.asyncProperty(acts, async (story) => {
        const { nowMs: _unwatchedAt, ...unwatched } = await play(story, null);
        const { nowMs: _watchedAt, ...watched } = await play(story, 700);
        expect(watched).toEqual(unwatched);
      }),
      { numRuns: 40 },
    );
  });

  it('loses nothing of the rack when it is written down and read again', async () => {
    await fc.assert(
      fc.asyncProperty(acts, async (story) => {
        const state = await play(story, null);
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      }),
      { numRuns: 40 },
    );
  });

  it('never runs back, even when the clock is put back', async () => {
    let nowMs = 60_000;
    const holder = memoryRack({ ...createVirtualClock(), now: () => nowMs });
    const { active, drives } = simRig();
    await simDriver({ holder, clock: holder.clock })
      .open({ machines: [active], drives })
      .close();
    const control = createRackControl(holder);
    nowMs = 70_000;
    await control.apply({ kind: 'mark-memory', machine: 'web-1', mark: 'here' });
    const before = await control.memoryOf('web-1');
    nowMs = 10_000;
    expect(await control.memoryOf('web-1')).toEqual(before);
  });
});
