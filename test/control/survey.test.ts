import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { surveyDrives } from '../../src/control/survey.js';
import { toInstant } from '../../src/engine/time.js';
import { HardwareError, type DriveStatus } from '../../src/hw/contract.js';
import { quiet } from '../../src/quiet.js';
import type { Store } from '../../src/store/store.js';
import { openMemoryStore } from '../../src/store/memory/index.js';
import { createVirtualClock, type VirtualClock } from '../../src/virtual-clock.js';
import { policySet } from '../engine/support/policies.js';

const POLICIES = policySet({});
const [FIRST = '', SECOND = ''] = POLICIES.inventory.drives.keys();

let clock: VirtualClock;
let store: Store;
let closing: AbortController;
let faults: string[];
/** What every drive answers but those that are named here. */
const ROOM = { freeBytes: 123, health: 'ok' } as const;
let others: Map<string, (signal: AbortSignal) => Promise<DriveStatus>>;

beforeEach(async () => {
  clock = createVirtualClock(Date.parse('2026-01-01T00:00:00.000Z'));
  store = openMemoryStore({ clock });
  closing = new AbortController();
  faults = [];
  others = new Map();
  await store.syncInventory(POLICIES.inventory, toInstant(clock.now()));
});

afterEach(() => store.close());

async function survey(only: ReadonlySet<string> | null = null): Promise<void> {
  let isOver = false;
  void surveyDrives(
    {
      store,
      clock,
      policySet: () => POLICIES,
      storage: (drive) => ({
        status: others.get(drive) ?? (() => Promise.resolve({ capacityBytes: 1_000, ...ROOM })),
      }),
      onFault: (what) => faults.push(what),
    },
    { signal: closing.signal, only },
  ).then(() => {
    isOver = true;
  });
  await clock.runUntil(clock.now() + 60_000, quiet);
  expect(isOver).toBe(true);
}

async function row(drive: string) {
  const found = (await store.drives()).find(({ name }) => name === drive);
  return { freeBytes: found?.freeBytes, health: found?.health };
}

describe('a survey of the drives', () => {
  it('writes what each answers into the disk table', async () => {
    await survey();
    for (const drive of POLICIES.inventory.drives.keys()) expect(await row(drive)).toEqual(ROOM);
    expect(faults).toEqual([]);
  });

  it('asks only those that it is told to', async () => {
    const before = await row(SECOND);
    await survey(new Set([FIRST]));
    expect(await row(FIRST)).toEqual(ROOM);
    expect(await row(SECOND)).toEqual(before);
  });

  it.each([
    ['stops when it is told to', (signal: AbortSignal) => stopped(signal)],
    ['does not even stop', () => new Promise<never>(() => undefined)],
  ])('takes the answers of the others when one does not answer and %s', async (_, hang) => {
    const before = await row(FIRST);
    others.set(FIRST, hang);
    await survey();
    expect(await row(FIRST)).toEqual(before);
    expect(await row(SECOND)).toEqual(ROOM);
    expect(faults).toEqual([`drive ${FIRST} could not be measured`]);
  });

  it('takes a drive for failed that says so, and nothing else', async () => {
    others.set(FIRST, () => Promise.reject(new HardwareError('drive-failed', FIRST, 'it is broken')));
    others.set(SECOND, () => Promise.reject(new HardwareError('no-answer', SECOND, 'silence')));
    const before = await row(SECOND);
    await survey();
    expect(await row(FIRST)).toEqual({ freeBytes: 0, health: 'failed' });
    expect(await row(SECOND)).toEqual(before);
    expect(faults).toEqual([`drive ${SECOND} could not be measured`]);
  });

  it('tells of no fault when the service stops meanwhile', async () => {
    others.set(FIRST, stopped);
    clock.after(1, () => {
      closing.abort(new Error('the service is stopping'));
    });
    await survey();
    expect(faults).toEqual([]);
  });
});

function stopped(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new HardwareError('aborted', FIRST, 'given up'));
    });
  });
}
