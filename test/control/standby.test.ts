import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Follower } from '../../src/control/follower.js';
import { createStandby } from '../../src/control/standby.js';
import type { Journalist } from '../../src/control/journalist.js';
import type { PolicySet } from '../../src/engine/policy-set.js';
import type { View } from '../../src/engine/view.js';
import { HardwareError, type StandbyCapability } from '../../src/hw/contract.js';
import type { Hardware } from '../../src/hw/index.js';
import { createVirtualClock, type VirtualClock } from '../../src/virtual-clock.js';
import { policySet, restartPolicy } from '../engine/support/policies.js';
import { at } from '../engine/support/time.js';
import { snapshot, view } from '../engine/support/view.js';

const ARMED = policySet({ restarts: [restartPolicy({ standby: 'armed' })] });

let clock: VirtualClock;
let policies: PolicySet;
let seen: View;
/** What each backup holds. */
let held: Map<string, string>;
/** What was ordered, in its order. */
let orders: string[];
let said: string[];
/** Called before anything is loaded. */
let loading: (machine: string, signal: AbortSignal) => Promise<void>;
/** A backup whose driver has no standby. */
let unable: string | null;
let standby: Follower;
let closing: AbortController;

beforeEach(() => {
  clock = createVirtualClock(Date.parse(at(60)));
  policies = ARMED;
  seen = view({ snapshots: [snapshot('s1', 'd1')] });
  [held, orders, said] = [new Map<string, string>(), [], []];
  loading = () => Promise.resolve();
  unable = null;
  closing = new AbortController();
  standby = createStandby({
    clock,
    policySet: () => policies,
    hardware: () => hardware(),
    view: () => Promise.resolve(seen),
    journalist: journalist(),
    closing: closing.signal,
  });
});

afterEach(close);

describe('a backup', () => {
  it('holds the snapshot that would be woken on it', async () => {
    await reconsider();
    expect(orders).toEqual(['arm spare-1 s1']);
    expect(said).toEqual(['spare-1: s1 of web-1']);
  });

  it('goes over to the next snapshot when there is one', async () => {
    await reconsider();
    seen = view({ snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2')] });
    await reconsider();
    expect(orders).toEqual(['arm spare-1 s1', 'arm spare-1 s2']);
  });

  it('is left alone while nothing changes', async () => {
    await reconsider();
    await reconsider();
    await reconsider();
    expect(orders).toEqual(['arm spare-1 s1']);
  });

  it('lets go when no policy asks for it any more', async () => {
    await reconsider();
    policies = policySet();
    await reconsider();
    expect(orders).toEqual(['arm spare-1 s1', 'disarm spare-1']);
    expect(said.at(-1)).toBe('spare-1: nothing');
  });

  it('lets go of what a restart has left that went another way', async () => {
    policies = policySet();
    held.set('spare-2', 's0');
    await reconsider();
    expect(orders).toEqual(['disarm spare-2']);
  });

  it('is not touched while a restart has reserved it', async () => {
    seen = view({
      snapshots: [snapshot('s1', 'd1')],
      machines: [
        { name: 'spare-1', reservedBy: 'op-1' },
        { name: 'spare-2', state: 'serving' },
      ],
    });
    held.set('spare-1', 's0');
    await reconsider();
    expect(orders).toEqual([]);
  });

  it('that cannot hold anything ready is no fault', async () => {
    unable = 'spare-1';
    await reconsider();
    expect([orders, said]).toEqual([[], []]);
  });
});

it('a backup that gave way to a restart is no fault', async () => {
  loading = (machine) => Promise.reject(new HardwareError('aborted', machine, 'it gave way'));
  await reconsider();
  expect(said).toEqual([]);
});

describe('a backup that cannot load the snapshot', () => {
  it('is told of once, and tried again at the next look', async () => {
    loading = (machine) => Promise.reject(new HardwareError('refused', machine, 'no memory left'));
    await reconsider();
    await reconsider();
    expect(said).toEqual(['fault: no memory left']);
    loading = () => Promise.resolve();
    await reconsider();
    expect(held.get('spare-1')).toBe('s1');
  });

  it('does not keep another from its own', async () => {
    loading = (machine) =>
      machine === 'spare-1' ? Promise.reject(new HardwareError('refused', machine, 'no')) : Promise.resolve();
    held.set('spare-2', 's0');
    await reconsider();
    expect(orders).toContain('disarm spare-2');
  });
});

it('what comes while a snapshot is being loaded is looked at after it', async () => {
  let loaded = (): void => undefined;
  loading = () =>
    new Promise((resolve) => {
      loaded = resolve;
    });
  standby.reconsider();
  await settle();
  seen = view({ snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2')] });
  standby.reconsider();
  loaded();
  loading = () => Promise.resolve();
  await settle();
  expect(orders).toEqual(['arm spare-1 s1', 'arm spare-1 s2']);
});

it('ends with the service, also while a snapshot is being loaded', async () => {
  let stopped = false;
  loading = (_machine, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        stopped = true;
        reject(new Error('stopped'));
      });
    });
  standby.reconsider();
  await settle();
  await close();
  expect(stopped).toBe(true);
  expect(said).toEqual([]);
});

async function close(): Promise<void> {
  closing.abort(new Error('the service is stopping'));
  await standby.settled();
}

async function reconsider(): Promise<void> {
  standby.reconsider();
  await settle();
}

/** Nothing here waits for time, only for other promises. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function standbyOf(machine: string): StandbyCapability {
  return {
    async arm({ snapshot: id, signal }) {
      await loading(machine, signal);
      orders.push(`arm ${machine} ${id}`);
      held.set(machine, id);
    },
    disarm() {
      orders.push(`disarm ${machine}`);
      held.delete(machine);
      return Promise.resolve();
    },
    armed: () => Promise.resolve(held.get(machine) ?? null),
  };
}

function hardware(): Hardware {
  const cannot = (): never => {
    throw new Error('nothing but standby is asked for');
  };
  return {
    power: cannot,
    memory: cannot,
    storage: cannot,
    standby: (machine) => (machine === unable ? null : standbyOf(machine)),
    watch: cannot,
    close: () => Promise.resolve(),
  };
}

function journalist(): Journalist {
  const ignore = (): void => undefined;
  return {
    accepted: ignore,
    decided: ignore,
    began: ignore,
    noted: ignore,
    stepFailed: ignore,
    ended: ignore,
    isolated: () => undefined,
    stoodBy({ machine, server, snapshot: id }) {
      said.push(`${machine}: ${id === null ? 'nothing' : `${id} of ${server ?? ''}`}`);
    },
    fault: (_what, error) => said.push(`fault: ${error instanceof Error ? error.message : String(error)}`),
  };
}
