import { describe, expect, it } from 'vitest';

import type { Clock } from '../../src/clock.js';
import { HardwareError, type PowerCapability } from '../../src/hw/contract.js';
import { PROOF_VALID_MS, proveOff, type FenceProof } from '../../src/hw/fence.js';
import { createVirtualClock } from '../../src/virtual-clock.js';
import { hardwareCode } from './driver-contract.js';

const { signal } = new AbortController();

/** A machine whose power state reads as given. */
function machineReading(read: () => Promise<'on' | 'off'>): PowerCapability {
  const notHere = (): never => {
    throw new Error('a proof needs the state and nothing else');
  };
  return { state: read, off: notHere, boot: notHere, guest: notHere };
}

const isOff = machineReading(async () => 'off');

function prove(power: PowerCapability, clock: Clock = createVirtualClock()): Promise<FenceProof> {
  return proveOff({ machine: 'web-1', server: 'web-1', operation: 'op-1', power, clock }, signal);
}

describe('a fence proof', () => {
  it('exists for a machine that reads back as off', async () => {
    expect(await prove(isOff)).toMatchObject({ machine: 'web-1', server: 'web-1', operation: 'op-1' });
  });

  it('does not exist for a machine that reads back as on', async () => {
    expect(await hardwareCode(prove(machineReading(async () => 'on')))).toBe('unfenced');
  });

  it.each(['unclear', 'no-answer', 'refused', 'aborted'] as const)(
    'does not exist for a machine whose state is: %s',
    async (code) => {
      const silent = machineReading(() => Promise.reject(new HardwareError(code, 'web-1', 'no state')));
      expect(await hardwareCode(prove(silent))).toBe(code);
    },
  );

  it('covers the server and the operation that it was made for', async () => {
    const proof = await prove(isOff);
    expect(() => {
      proof.assertCovers({ server: 'web-1', operation: 'op-1' });
    }).not.toThrow();
  });

  it.each([
    ['another server', { server: 'web-2', operation: 'op-1' }],
    ['another operation', { server: 'web-1', operation: 'op-2' }],
  ])('does not cover %s', async (_, order) => {
    const proof = await prove(isOff);
    expect(() => {
      proof.assertCovers(order);
    }).toThrow(expect.objectContaining({ code: 'unfenced', subject: order.server }));
  });

  it.each([
    ['holds while it is fresh', PROOF_VALID_MS, null],
    ['expires', PROOF_VALID_MS + 1, 'unfenced'],
  ])('%s', async (_, ageMs, code) => {
    const clock = createVirtualClock();
    const proof = await prove(isOff, clock);
    clock.advanceTo(ageMs);
    const covered = (async () => {
      proof.assertCovers({ server: 'web-1', operation: 'op-1' });
    })();
    expect(await covered.then(() => null, codeOf)).toBe(code);
  });

  it('is as old as the question, not as the answer', async () => {
    const clock = createVirtualClock();
    const slow = machineReading(async () => {
      clock.advanceTo(PROOF_VALID_MS + 1);
      return 'off';
    });
    const proof = await prove(slow, clock);
    expect(() => {
      proof.assertCovers({ server: 'web-1', operation: 'op-1' });
    }).toThrow(expect.objectContaining({ code: 'unfenced' }));
  });

  it('is as old as it is, whatever the clock was set to since', async () => {
    const world = createVirtualClock();
    let aheadMs = 0;
    const clock = { ...world, now: () => world.now() + aheadMs };
    const covers = (proof: FenceProof) => () => {
      proof.assertCovers({ server: 'web-1', operation: 'op-1' });
    };
    const proof = await prove(isOff, clock);
    aheadMs = 3_600_000;
    expect(covers(proof)).not.toThrow();
    aheadMs = -PROOF_VALID_MS;
    world.advanceTo(PROOF_VALID_MS + 1);
    expect(covers(proof)).toThrow(expect.objectContaining({ code: 'unfenced' }));
  });

  it('does not survive being written down', async () => {
    const copy: unknown = JSON.parse(JSON.stringify(await prove(isOff)));
    expect(copy).not.toHaveProperty('assertCovers');
  });
});

function codeOf(error: unknown): string {
  return error instanceof HardwareError ? error.code : String(error);
}
