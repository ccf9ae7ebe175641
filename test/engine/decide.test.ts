import { describe, expect, it } from 'vitest';
import { decisionId } from '../../src/engine/decide.js';
import { alert, failure, restartOrder, scheduleDue, snapshotOrder, takeoverDone } from './support/events.js';
import {
  alertPolicy,
  placementPolicy,
  policySet,
  restartPolicy,
  schedulePolicy,
} from './support/policies.js';
import { attempts, codes, decided, drives, verdict } from './support/read.js';
import { at, MINUTE } from './support/time.js';
import { snapshot, view } from './support/view.js';

describe('a decision', () => {
  it('carries the event, the time of the event and the revision of the policies', async () => {
    expect(await decided(alert(7))).toMatchObject({
      at: at(7),
      event: { kind: 'alert', id: 'alert-7', server: 'web-1' },
      policyRevision: 'sha256:0',
    });
  });

  it('has the same id for the same event, whatever is decided', async () => {
    const first = await decided(alert(0));
    const second = await decided(alert(0), { policies: policySet({ alerts: [] }) });
    expect([first.id, second.id]).toEqual([decisionId('alert-0'), decisionId('alert-0')]);
    expect((await decided(alert(1))).id).not.toBe(first.id);
  });

  it('names the server when the event named the machine that runs it', async () => {
    const moved = view({ servers: [{ name: 'web-1', machine: 'spare-1', takenOverAt: at(-1) }] });
    expect((await decided(alert(0, { server: 'spare-1' }), { view: moved })).event.server).toBe('web-1');
  });

  it('keeps the name of a server that nobody knows', async () => {
    expect((await decided(alert(0, { server: 'web-9' }))).event.server).toBe('web-9');
  });

  it('has for each reason of a policy the place in the files', async () => {
    const { reasons } = await decided(alert());
    expect(reasons.map(({ file, line }) => [file, line])).toEqual([
      ['overheating.yaml', 4],
      ['spread.yaml', 4],
    ]);
  });

  it('about a server that lost its place in the inventory is that it is unknown', async () => {
    const rack = policySet().inventory;
    const machines = new Map([...rack.machines].filter(([name]) => name !== 'web-1'));
    const policies = policySet({ inventory: { ...rack, machines } });
    expect(verdict(await decided(alert(), { policies, view: view() }))).toBe('none: unknown-server');
  });
});

describe('a snapshot that a person orders', () => {
  it('is taken under the condition that the person gives', async () => {
    const decision = await decided(snapshotOrder(0, { condition: 'before-upgrade', pinned: true }));
    expect(codes(decision)).toEqual(['ordered-by-operator', 'placed spread']);
    expect(decision.snapshot).toMatchObject({ kind: 'manual', condition: 'before-upgrade', pinned: true });
    expect(decision.reasons[0]?.text).toBe('ordered by jane');
  });

  it('goes where the periodic snapshots of the server go', async () => {
    const policies = policySet({
      schedules: [schedulePolicy({ snapshot: { placement: 'roomy', deadlineMs: MINUTE } })],
      placements: [
        placementPolicy({ name: 'spread' }),
        placementPolicy({ name: 'roomy', prefer: [{ weight: 10, most: 'freeBytes' }] }),
      ],
    });
    expect(codes(await decided(snapshotOrder(), { policies }))).toContain('placed roomy');
  });

  it('goes where the additional ones go when there are no periodic ones', async () => {
    expect(codes(await decided(snapshotOrder(), { policies: policySet({ schedules: [] }) }))).toContain(
      'placed spread',
    );
  });

  it('is placed by the law alone when no policy places anything for the server', async () => {
    const policies = policySet({ schedules: [], alerts: [], restarts: [] });
    const decision = await decided(snapshotOrder(), {
      policies,
      view: view({ snapshots: [snapshot('s1', 'd1')] }),
    });
    expect(codes(decision)).toContain('placed built-in');
    expect(drives(decision)).toMatchObject({ d1: 'holds-previous', d2: 0, d3: 0 });
  });

  it('goes to no other drive than the one that the person names', async () => {
    const decision = await decided(snapshotOrder(0, { drive: 'd3' }));
    expect(drives(decision)).toMatchObject({ d1: 'not-asked-for', d2: 'not-asked-for', d3: 0 });
    expect(decision.snapshot?.drives).toEqual(['d3']);
  });

  it('does not go to the drive of the previous snapshot, though a person names it', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd3')] });
    const decision = await decided(snapshotOrder(0, { drive: 'd3' }), { view: known });
    expect(verdict(decision)).toBe('refused: no-drive');
    expect(drives(decision)).toMatchObject({ d3: 'holds-previous' });
  });

  it('waits for the drive that the person names when it is reserved', async () => {
    const known = view({ drives: [{ name: 'd3', reservedBy: 'op-7' }] });
    expect(verdict(await decided(snapshotOrder(0, { drive: 'd3' }), { view: known }))).toBe(
      'refused: drives-busy',
    );
  });

  it('is not held up by the cooldown of a policy', async () => {
    const known = view({
      snapshots: [snapshot('s1', 'd1', { kind: 'additional', condition: 'overheating', takenAt: at(0) })],
    });
    expect(verdict(await decided(snapshotOrder(1, { condition: 'overheating' }), { view: known }))).toBe(
      'snapshot: ordered-by-operator',
    );
  });

  it('does not put off a schedule, whoever ordered it', async () => {
    expect((await decided(snapshotOrder(0, { by: 'quarterly' }))).remember.orders).toEqual([]);
  });
});

describe('a restart that a person orders', () => {
  it('is planned like one after a failure', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1')] });
    expect(attempts(await decided(restartOrder(), { view: known }))).toEqual(
      attempts(await decided(failure(), { view: known })),
    );
  });

  it('needs a restart policy as well', async () => {
    const decision = await decided(restartOrder(), { policies: policySet({ restarts: [] }) });
    expect(codes(decision)).toEqual(['no-restart-policy', 'ordered-by-operator']);
  });

  it('is no report: a takeover of the same minute does not make it old', async () => {
    const known = view({
      servers: [{ name: 'web-1', machine: 'spare-1', takenOverAt: at(0) }],
      snapshots: [snapshot('s1', 'd1')],
    });
    expect(verdict(await decided(restartOrder(0), { view: known }))).toBe('restart: attempts-planned');
  });
});

describe('a takeover that has completed', () => {
  it('is followed by a snapshot of the new state', async () => {
    const decision = await decided(takeoverDone());
    expect(codes(decision)).toEqual(['takeover-complete web', 'placed spread']);
    expect(decision.snapshot).toMatchObject({ kind: 'after-takeover', condition: 'after-takeover' });
  });

  it('is followed by nothing when its policy says so', async () => {
    const policies = policySet({ restarts: [restartPolicy({ afterTakeover: 'nothing' })] });
    const decision = await decided(takeoverDone(), { policies });
    expect(decision.outcome).toBe('none');
    expect(decision.reasons.map(({ text }) => text)).toEqual([
      'the policy web asks for no snapshot after a takeover',
    ]);
  });

  it('is followed by nothing when its policy is gone', async () => {
    expect((await decided(takeoverDone(0, { policy: 'gone' }))).outcome).toBe('none');
  });
});

describe('every snapshot that is ordered', () => {
  it('has the deadline of its policy', async () => {
    const policies = policySet({
      alerts: [alertPolicy({ deadlineMs: 1000 })],
      schedules: [schedulePolicy({ snapshot: { placement: 'spread', deadlineMs: 2000 } })],
    });
    expect((await decided(alert(), { policies })).snapshot?.deadlineMs).toBe(1000);
    expect((await decided(scheduleDue(), { policies })).snapshot?.deadlineMs).toBe(2000);
  });

  it('has five minutes when no policy gives it a deadline', async () => {
    expect((await decided(snapshotOrder())).snapshot?.deadlineMs).toBe(5 * MINUTE);
    expect((await decided(takeoverDone())).snapshot?.deadlineMs).toBe(5 * MINUTE);
  });
});
