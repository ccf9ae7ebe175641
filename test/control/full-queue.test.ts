import { describe, expect, it } from 'vitest';
import { createControlRoom, QueueFull, type ControlRoom } from '../../src/control/index.js';
import type { Journalist } from '../../src/control/journalist.js';
import { openHardware } from '../../src/hw/index.js';
import { memoryRack, simDriver } from '../../src/hw/sim/index.js';
import { openMemoryStore } from '../../src/store/memory/index.js';
import { createVirtualClock } from '../../src/virtual-clock.js';
import { alert, failure } from '../engine/support/events.js';
import { policySet } from '../engine/support/policies.js';

const LIMIT = 10;
const ignore = (): void => undefined;
const NOBODY: Journalist = {
  ...{ accepted: ignore, decided: ignore, began: ignore, noted: ignore, stepFailed: ignore },
  ...{ ended: ignore, stoodBy: ignore, isolated: ignore, fault: ignore },
};

/** A control room in which nothing is ever decided. */
function stuckRoom(): ControlRoom {
  const clock = createVirtualClock(Date.UTC(2026, 0, 1, 12));
  const store = openMemoryStore({ clock });
  const set = policySet({});
  const hardware = openHardware(
    set.inventory,
    new Map([['sim', simDriver({ holder: memoryRack(clock), clock })]]),
  );
  return createControlRoom({
    store: { ...store, recordDecision: () => new Promise(() => undefined) },
    clock,
    policySet: () => set,
    hardware: () => hardware,
    journalist: NOBODY,
    queueLimit: LIMIT,
    schedules: false,
    surveyEveryMs: null,
  });
}

/** How many single events are taken until one is refused. */
async function fill(
  room: ControlRoom,
  make: (number: number) => Parameters<ControlRoom['accept']>[0][number],
): Promise<number> {
  for (let number = 0; ; number += 1) {
    try {
      await room.accept([make(number)]);
    } catch (error) {
      expect(error).toBeInstanceOf(QueueFull);
      return number;
    }
  }
}

describe('a queue that a flood of alerts has filled', () => {
  it('takes no more alerts, and still takes failures', async () => {
    const room = stuckRoom();
    // One of them is being decided and does not wait.
    expect(await fill(room, (number) => alert(0, { id: `alert-${number}` }))).toBe(LIMIT + 1);
    expect(await fill(room, (number) => failure(0, { id: `failure-${number}` }))).toBeGreaterThanOrEqual(
      LIMIT / 2,
    );
  });

  it('has an end for failures too', async () => {
    expect(await fill(stuckRoom(), (number) => failure(0, { id: `failure-${number}` }))).toBeLessThanOrEqual(
      2 * LIMIT,
    );
  });

  it('takes nothing of a call that is too much, so that it can be sent again as it is', async () => {
    const room = stuckRoom();
    const many = Array.from({ length: LIMIT + 1 }, (_, number) => alert(0, { id: `alert-${number}` }));
    await expect(room.accept(many)).rejects.toThrow(QueueFull);
    expect(room.waiting()).toBe(0);
  });
});
