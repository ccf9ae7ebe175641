import { describe, expect, it } from 'vitest';
import { advance } from '../../src/engine/advance.js';
import type { EngineEvent } from '../../src/engine/event.js';
import type { PolicySet } from '../../src/engine/policy-set.js';
import type { View } from '../../src/engine/view.js';
import { alert, failure, restartOrder, retentionDue } from './support/events.js';
import { GiB } from './support/inventory.js';
import { alertPolicy, placementPolicy, policySet, restartPolicy } from './support/policies.js';
import { decided, drives, verdict } from './support/read.js';
import { at, MINUTE } from './support/time.js';
import { match, snapshot, symptom, view } from './support/view.js';

/** The world after one event after the other. */
async function after(
  events: readonly EngineEvent[],
  start: View = view(),
  policies: PolicySet = policySet(),
) {
  let known = start;
  for (const event of events)
    known = advance(policies, known, await decided(event, { policies, view: known }));
  return known;
}

describe('after a snapshot was ordered', () => {
  it('it is in the disk table, complete, on its drive, under its condition', async () => {
    const { snapshots } = await after([alert(5)]);
    expect(snapshots).toMatchObject([
      {
        server: 'web-1',
        generation: 1,
        kind: 'additional',
        condition: 'overheating',
        cause: 'hardware',
        drive: 'd1',
        takenAt: at(5),
        memoryBytes: 4 * GiB,
        state: 'complete',
        verified: 'ok',
      },
    ]);
  });

  it('its drive has less room', async () => {
    const known = await after([alert(5)], view({ drives: [{ name: 'disk-1', freeBytes: 60 * GiB }] }));
    expect(known.drives.find(({ name }) => name === 'd1')?.freeBytes).toBe((64 - 8) * GiB);
  });

  it('the next one is the next generation, on another drive', async () => {
    const known = await after([alert(0), alert(10)], view({ snapshots: [snapshot('s7', 'd3')] }));
    expect(known.snapshots.map(({ generation, drive }) => [generation, drive])).toEqual([
      [7, 'd3'],
      [8, 'd1'],
      [9, 'd2'],
    ]);
  });

  it('the cooldown runs', async () => {
    expect(verdict(await decided(alert(5), { view: await after([alert(0)]) }))).toBe('refused: in-cooldown');
  });

  it('under a policy that observes, nothing was taken', async () => {
    const policies = policySet({ alerts: [alertPolicy({ mode: 'observe' })] });
    expect((await after([alert(0)], view(), policies)).snapshots).toEqual([]);
  });

  it('and refused, nothing was taken', async () => {
    const full = view({ drives: ['d1', 'd2', 'd3'].map((name) => ({ name, freeBytes: 0 })) });
    expect((await after([alert(0)], full)).snapshots).toEqual([]);
  });
});

describe('after alerts', () => {
  const policies = policySet({ alerts: [alertPolicy({ repeated: { times: 3, withinMs: 5 * MINUTE } })] });

  it('the third meets a condition that wants three', async () => {
    const known = await after([alert(0), alert(1)], view(), policies);
    expect(verdict(await decided(alert(2), { policies, view: known }))).toBe('snapshot: matched');
  });

  it('the symptom lasts from the first to the last of them', async () => {
    const { symptoms } = await after([alert(0), alert(1), alert(2)], view(), policies);
    expect(symptoms).toEqual([symptom({ firstAt: at(0), lastAt: at(2), met: true })]);
  });

  it('a symptom that was met stays met', async () => {
    const met = view({ symptoms: [symptom({ firstAt: at(-30), lastAt: at(-30) })] });
    expect((await after([alert(0)], met, policies)).symptoms).toMatchObject([{ met: true }]);
  });

  it('a late one does not make the symptom shorter', async () => {
    const open = view({ symptoms: [symptom({ firstAt: at(0), lastAt: at(10) })] });
    expect((await after([alert(5)], open)).symptoms).toMatchObject([{ firstAt: at(0), lastAt: at(10) }]);
    expect((await after([alert(-5)], open)).symptoms).toMatchObject([{ firstAt: at(-5), lastAt: at(10) }]);
  });

  it('a resolved one closes the symptom of its policy and no other', async () => {
    const open = view({
      symptoms: [symptom(), symptom({ policy: 'memory-leak' }), symptom({ server: 'web-2' })],
    });
    const { symptoms } = await after([alert(5, { status: 'resolved' })], open);
    expect(symptoms.map(({ server, policy }) => `${server} ${policy}`)).toEqual([
      'web-1 memory-leak',
      'web-2 overheating',
    ]);
  });

  it('from a machine are remembered for the server that it runs', async () => {
    const moved = view({ servers: [{ name: 'web-1', machine: 'spare-1', takenOverAt: at(-1) }] });
    const { matches, symptoms } = await after([alert(0, { server: 'spare-1' })], moved);
    expect([matches[0]?.server, symptoms[0]?.server]).toEqual(['web-1', 'web-1']);
  });

  it('of a server that nobody knows nothing is remembered', async () => {
    expect(await after([alert(0, { server: 'web-9' })])).toEqual(view());
  });
});

describe('after a restart', () => {
  const start = view({ snapshots: [snapshot('s1', 'd2')], symptoms: [symptom()], matches: [match(0)] });

  it('the server runs on the backup server, from the drive of the snapshot', async () => {
    const known = await after([failure(30)], start);
    expect(known.servers).toEqual([
      { name: 'web-1', machine: 'spare-1', disk: 'd2', state: 'up', failedAt: null, takenOverAt: at(30) },
    ]);
  });

  it('the failed machine is fenced and the backup server serves', async () => {
    const { machines } = await after([failure(30)], start);
    expect(machines.map(({ name, state }) => [name, state])).toEqual([
      ['spare-1', 'serving'],
      ['spare-2', 'idle'],
      ['web-1', 'fenced'],
    ]);
  });

  it('the drive of the snapshot is the active disk and the old disk is quarantined', async () => {
    const known = await after([failure(30)], start);
    expect(drives(await decided(alert(40), { view: known }))).toEqual({
      d1: 0,
      d2: 'active-disk',
      d3: 0,
      'disk-1': 'quarantined',
    });
  });

  it('what was reported before is forgotten', async () => {
    const known = await after([failure(30)], start);
    expect([known.matches, known.symptoms]).toEqual([[], []]);
  });

  it('a second failure goes to the other backup server', async () => {
    const known = await after([failure(30)], start);
    const decision = await decided(failure(90), { view: known });
    expect(decision.restart).toMatchObject({
      machine: 'spare-1',
      disk: 'd2',
      attempts: [{ backup: 'spare-2' }],
    });
  });

  it('by cold boot the disk stays the active one', async () => {
    const policies = policySet({ restarts: [restartPolicy({ coldBoot: 'last-resort' })] });
    const known = await after([failure(30)], view(), policies);
    expect(known.servers).toMatchObject([{ machine: 'spare-1', disk: 'disk-1' }]);
    expect(known.drives.find(({ name }) => name === 'disk-1')).toMatchObject({
      role: 'active',
      server: 'web-1',
    });
  });

  it('ordered by a person the same is true', async () => {
    expect((await after([restartOrder(30)], start)).servers).toMatchObject([{ machine: 'spare-1' }]);
  });
});

describe('after a failure that was not answered with a restart', () => {
  it('because nothing could be started, the server has failed', async () => {
    const policies = policySet();
    const known = await after([failure(30)], view(), policies);
    expect(known.servers).toMatchObject([{ machine: 'web-1', state: 'failed', failedAt: at(30) }]);
    expect(verdict(await decided(alert(31), { policies, view: known }))).toBe('refused: server-failed');
  });

  it('because the policy observes, nothing changes', async () => {
    const policies = policySet({ restarts: [restartPolicy({ mode: 'observe' })] });
    const start = view({ snapshots: [snapshot('s1', 'd1')] });
    expect((await after([failure(30)], start, policies)).servers).toEqual(start.servers);
  });

  it('because a takeover was too short a time ago, nothing changes', async () => {
    const policies = policySet({ restarts: [restartPolicy({ guard: { cooldownMs: 15 * MINUTE } })] });
    const start = view({ servers: [{ name: 'web-1', machine: 'spare-1', takenOverAt: at(20) }] });
    expect((await after([failure(30)], start, policies)).servers).toEqual(start.servers);
  });

  it('the time of the failure is that of the first report', async () => {
    expect((await after([failure(30), failure(40)])).servers).toMatchObject([{ failedAt: at(30) }]);
  });
});

describe('after retention', () => {
  const policies = policySet({ placements: [placementPolicy({ retain: { scheduled: 1 } })] });
  const start = view({
    snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2')],
    drives: [
      { name: 'd1', freeBytes: 50 * GiB },
      { name: 'd2', freeBytes: 50 * GiB },
    ],
  });

  it('the retired snapshots are gone', async () => {
    expect((await after([retentionDue(30)], start, policies)).snapshots.map(({ id }) => id)).toEqual(['s2']);
  });

  it('their drives have the room again', async () => {
    const { drives: rows } = await after([retentionDue(30)], start, policies);
    expect(rows.find(({ name }) => name === 'd1')?.freeBytes).toBe(55 * GiB);
    expect(rows.find(({ name }) => name === 'd2')?.freeBytes).toBe(50 * GiB);
  });
});
