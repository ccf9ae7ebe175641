import { describe, expect, it } from 'vitest';
import type { Retention } from '../../src/engine/policy-set.js';
import type { View } from '../../src/engine/view.js';
import { retentionDue } from './support/events.js';
import {
  alertPolicy,
  placementPolicy,
  policySet,
  restartPolicy,
  schedulePolicy,
} from './support/policies.js';
import { decided, retained, verdict } from './support/read.js';
import { at } from './support/time.js';
import { snapshot, symptom, view } from './support/view.js';

/** What becomes of the snapshots when so many of each kind are kept. */
async function retainedBy(retain: Partial<Retention>, known: View) {
  const policies = policySet({ placements: [placementPolicy({ retain })] });
  return retained(await decided(retentionDue(60), { policies, view: known }));
}

describe('how many generations are kept', () => {
  it('is counted from the newest', async () => {
    const known = view({
      snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2'), snapshot('s3', 'd1'), snapshot('s4', 'd2')],
    });
    expect(await retainedBy({ scheduled: 2 }, known)).toEqual({
      s1: 'retired',
      s2: 'retired',
      s3: 'within-retention',
      s4: 'last-restorable',
    });
  });

  it('is counted by generation and not by clock', async () => {
    const known = view({
      snapshots: [snapshot('s1', 'd1', { takenAt: at(50) }), snapshot('s2', 'd2', { takenAt: at(-50) })],
    });
    expect(await retainedBy({ scheduled: 1 }, known)).toEqual({ s1: 'retired', s2: 'last-restorable' });
  });

  it('does not fall with age: a server that was off for a year keeps its snapshots', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1', { takenAt: '2025-03-01T12:00:00.000Z' })] });
    expect(await retainedBy({ scheduled: 1 }, known)).toEqual({ s1: 'last-restorable' });
  });

  it('is counted for each kind on its own', async () => {
    const known = view({
      snapshots: [
        snapshot('s1', 'd1', { kind: 'additional' }),
        snapshot('s2', 'd2', { kind: 'manual' }),
        snapshot('s3', 'd1', { kind: 'after-takeover' }),
        snapshot('s4', 'd2'),
        snapshot('s5', 'd1', { kind: 'additional' }),
        snapshot('s6', 'd2'),
      ],
    });
    expect(await retainedBy({ scheduled: 1, additional: 1, manual: 1, 'after-takeover': 1 }, known)).toEqual({
      s1: 'retired',
      s2: 'within-retention',
      s3: 'within-retention',
      s4: 'retired',
      s5: 'within-retention',
      s6: 'last-restorable',
    });
  });

  it.each([
    ['writing', {}],
    ['failed', { s3: 'retired' }],
    ['deleting', { s3: 'retired' }],
  ] as const)(
    'does not count a snapshot that is %s, and clears away what nobody writes any more',
    async (state, gone) => {
      const known = view({
        snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2'), snapshot('s3', 'd3', { state })],
      });
      expect(await retainedBy({ scheduled: 2 }, known)).toEqual({
        s1: 'within-retention',
        s2: 'last-restorable',
        ...gone,
      });
    },
  );

  it('does not count the snapshots of other servers, nor touch them', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2', { server: 'web-2' })] });
    expect(await retainedBy({ scheduled: 1 }, known)).toEqual({ s1: 'last-restorable' });
  });

  it('is the most that any policy of the kind keeps for the server', async () => {
    const policies = policySet({
      schedules: [
        schedulePolicy({ name: 'hourly', snapshot: { placement: 'few', deadlineMs: 1 } }),
        schedulePolicy({ name: 'daily', snapshot: { placement: 'many', deadlineMs: 1 } }),
        schedulePolicy({
          name: 'others',
          servers: { tier: 'db' },
          snapshot: { placement: 'most', deadlineMs: 1 },
        }),
      ],
      placements: [
        placementPolicy({ name: 'few', retain: { scheduled: 1 } }),
        placementPolicy({ name: 'many', retain: { scheduled: 2 } }),
        placementPolicy({ name: 'most', retain: { scheduled: 9 } }),
      ],
    });
    const known = view({ snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2'), snapshot('s3', 'd1')] });
    expect(retained(await decided(retentionDue(), { policies, view: known }))).toEqual({
      s1: 'retired',
      s2: 'within-retention',
      s3: 'last-restorable',
    });
  });

  it('is all of them when no policy says how many', async () => {
    const policies = policySet({ schedules: [], alerts: [], restarts: [] });
    const snapshots = Array.from({ length: 20 }, (_, index) => snapshot(`s${index + 1}`, 'd1'));
    expect(verdict(await decided(retentionDue(), { policies, view: view({ snapshots }) }))).toBe(
      'none: nothing-to-retire',
    );
  });

  it.each([
    ['additional', { alerts: [alertPolicy({ placement: 'one' })], schedules: [], restarts: [] }],
    ['after-takeover', { restarts: [restartPolicy({ placement: 'one' })], alerts: [], schedules: [] }],
    [
      'manual',
      {
        schedules: [schedulePolicy({ snapshot: { placement: 'one', deadlineMs: 1 } })],
        alerts: [],
        restarts: [],
      },
    ],
  ] as const)(
    'of %s snapshots is said by the placement of the policies that order them',
    async (kind, ordered) => {
      const one = placementPolicy({ name: 'one', retain: { additional: 1, 'after-takeover': 1, manual: 1 } });
      const known = view({ snapshots: [snapshot('s1', 'd1', { kind }), snapshot('s2', 'd2', { kind })] });
      const decision = await decided(retentionDue(), {
        policies: policySet({ ...ordered, placements: [one] }),
        view: known,
      });
      expect(retained(decision)).toEqual({ s1: 'retired', s2: 'last-restorable' });
    },
  );

  it('is said with the snapshot that goes', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2')] });
    const policies = policySet({ placements: [placementPolicy({ retain: { scheduled: 1 } })] });
    const decision = await decided(retentionDue(), { policies, view: known });
    expect(verdict(decision)).toBe('retire: beyond-retention');
    expect(decision.retire?.snapshots).toEqual([
      {
        snapshot: 's1',
        drive: 'd1',
        text: 'the scheduled snapshot number 2 counted from the newest; 1 are kept',
      },
    ]);
  });
});

describe('a damaged snapshot', () => {
  const damaged = { verified: 'failed' } as const;

  it('is retired and does not count', async () => {
    const known = view({
      snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2'), snapshot('s3', 'd1', damaged)],
    });
    expect(await retainedBy({ scheduled: 2 }, known)).toEqual({
      s1: 'within-retention',
      s2: 'last-restorable',
      s3: 'retired',
    });
  });

  it('stays while there is nothing better', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1', damaged), snapshot('s2', 'd2', damaged)] });
    expect(await retainedBy({ scheduled: 1 }, known)).toEqual({ s1: 'retired', s2: 'last-restorable' });
  });

  it('stays when it is pinned', async () => {
    const known = view({
      snapshots: [snapshot('s1', 'd1', { ...damaged, pinned: true }), snapshot('s2', 'd2')],
    });
    expect(await retainedBy({ scheduled: 1 }, known)).toMatchObject({ s1: 'pinned' });
  });
});

describe('a snapshot that cannot be started from where it is', () => {
  it.each([
    ['its drive has failed', { drives: [{ name: 'd2', health: 'failed' as const }] }],
    ['its drive is quarantined', { drives: [{ name: 'd2', role: 'quarantined' as const }] }],
    [
      'another server runs from its drive',
      { drives: [{ name: 'd2', role: 'active' as const, server: 'db-1' }] },
    ],
  ])('because %s does not stand in for one that can', async (_, drives) => {
    const known = view({ ...drives, snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2')] });
    expect(await retainedBy({ scheduled: 1 }, known)).toMatchObject({ s1: 'last-restorable' });
  });

  it('takes no place among those that are kept', async () => {
    const known = view({
      drives: [{ name: 'd2', health: 'failed' }],
      snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd3'), snapshot('s3', 'd2')],
    });
    expect(await retainedBy({ scheduled: 2 }, known)).toEqual({
      s1: 'within-retention',
      s2: 'last-restorable',
      s3: 'within-retention',
    });
  });

  it('goes when enough newer ones can be started', async () => {
    const known = view({
      drives: [{ name: 'd2', health: 'failed' }],
      snapshots: [snapshot('s1', 'd2'), snapshot('s2', 'd1'), snapshot('s3', 'd3')],
    });
    expect(await retainedBy({ scheduled: 2 }, known)).toMatchObject({ s1: 'retired' });
  });
});

describe('what is kept whatever the count', () => {
  const one: Partial<Retention> = { scheduled: 1 };

  it('is a pinned snapshot', async () => {
    const known = view({
      snapshots: [snapshot('s1', 'd1', { pinned: true }), snapshot('s2', 'd2'), snapshot('s3', 'd1')],
    });
    expect(await retainedBy(one, known)).toEqual({ s1: 'pinned', s2: 'retired', s3: 'last-restorable' });
  });

  it('is what lies on the drive that the server runs from', async () => {
    const known = view({
      servers: [{ name: 'web-1', machine: 'spare-1', disk: 'd1' }],
      drives: [{ name: 'd1', role: 'active', server: 'web-1' }],
      snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2')],
    });
    expect(await retainedBy(one, known)).toEqual({ s1: 'runs-from', s2: 'last-restorable' });
  });

  it('is the newest snapshot from before the first symptom, while a symptom is open', async () => {
    const known = view({
      snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2'), snapshot('s3', 'd1'), snapshot('s4', 'd2')],
      symptoms: [symptom({ firstAt: at(2.5) }), symptom({ policy: 'memory-leak', firstAt: at(3.5) })],
    });
    expect(await retainedBy(one, known)).toEqual({
      s1: 'retired',
      s2: 'before-symptom',
      s3: 'retired',
      s4: 'last-restorable',
    });
  });

  it('is no snapshot of the very instant of the first symptom', async () => {
    const known = view({
      snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2'), snapshot('s3', 'd1')],
      symptoms: [symptom({ firstAt: at(2) })],
    });
    expect(await retainedBy(one, known)).toMatchObject({ s1: 'before-symptom', s2: 'retired' });
  });

  it('is nothing more once the symptom is closed', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2')] });
    expect(await retainedBy(one, known)).toMatchObject({ s1: 'retired' });
  });

  it('is nothing for the symptoms of another server', async () => {
    const known = view({
      snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2')],
      symptoms: [symptom({ server: 'web-2', firstAt: at(1.5) })],
    });
    expect(await retainedBy(one, known)).toMatchObject({ s1: 'retired' });
  });

  it('is a damaged one from before the symptom only if it is sound', async () => {
    const known = view({
      snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2', { verified: 'failed' }), snapshot('s3', 'd3')],
      symptoms: [symptom({ firstAt: at(2.5) })],
    });
    expect(await retainedBy(one, known)).toMatchObject({ s1: 'before-symptom', s2: 'retired' });
  });
});

describe('without any complete snapshot', () => {
  it('there is nothing to retire', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1', { state: 'writing' })] });
    const decision = await decided(retentionDue(), { view: known });
    expect(verdict(decision)).toBe('none: nothing-to-retire');
    expect(decision.retire).toEqual({ snapshots: [], kept: [] });
  });
});
