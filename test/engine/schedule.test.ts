import { describe, expect, it } from 'vitest';
import { advance } from '../../src/engine/advance.js';
import { nextSchedules } from '../../src/engine/schedule.js';
import type { OrderView, View } from '../../src/engine/view.js';
import { alert, scheduleDue } from './support/events.js';
import { activeServer, drive, inventory } from './support/inventory.js';
import { alertPolicy, policySet, schedulePolicy } from './support/policies.js';
import { decided, verdict } from './support/read.js';
import { at, MINUTE } from './support/time.js';
import { snapshot, view } from './support/view.js';

interface Looking {
  /** Minutes after noon at which the service began to look; noon when left out. */
  readonly since?: number;
  readonly now: number;
}

/** When each schedule is due, as minutes after noon would read. */
function due(policies: ReturnType<typeof policySet>, known: View, { since = 0, now }: Looking) {
  return nextSchedules(policies, known, { since: at(since), now: at(now) }).map(
    ({ server, policy, at: when }) => [server, policy, when],
  );
}

function ordered(minutes: number, more: Partial<OrderView> = {}): OrderView {
  return { server: 'web-1', policy: 'quarterly', action: 'snapshot', at: at(minutes), ...more };
}

describe('a schedule of every fifteen minutes', () => {
  const policies = policySet();

  it('is due at once for a server that it never ordered a snapshot for', () => {
    expect(due(policies, view(), { since: 0, now: 3 })).toEqual([['web-1', 'quarterly', at(0)]]);
  });

  it('is due fifteen minutes after the last order', () => {
    expect(due(policies, view({ orders: [ordered(0)] }), { now: 3 })).toEqual([
      ['web-1', 'quarterly', at(15)],
    ]);
  });

  it('is due when the time has come', () => {
    expect(due(policies, view({ orders: [ordered(0)] }), { now: 15 })).toEqual([
      ['web-1', 'quarterly', at(15)],
    ]);
  });

  it('is due once when it was missed many times, and keeps its beat', () => {
    expect(due(policies, view({ orders: [ordered(0)] }), { since: 62, now: 63 })).toEqual([
      ['web-1', 'quarterly', at(60)],
    ]);
  });

  it('is due after the order still, when the clock runs back', () => {
    expect(due(policies, view({ orders: [ordered(60)] }), { now: 10 })).toEqual([
      ['web-1', 'quarterly', at(75)],
    ]);
  });

  it('does not count what another policy ordered, nor a restart, nor an order for another server', () => {
    const orders = [
      ordered(0, { policy: 'other' }),
      ordered(0, { action: 'restart' }),
      ordered(0, { server: 'web-2' }),
    ];
    expect(due(policies, view({ orders }), { since: 1, now: 3 })).toEqual([['web-1', 'quarterly', at(1)]]);
  });

  it('has one id for each time that it is due', () => {
    const looked = [3, 10].map((now) =>
      nextSchedules(policies, view({ orders: [ordered(0)] }), { since: at(0), now: at(now) }),
    );
    expect(looked[0]).toEqual(looked[1]);
    expect(looked[0]?.[0]?.id).toBe(`schedule:quarterly:web-1:${at(15)}`);
  });
});

describe('a schedule by cron', () => {
  const policies = policySet({ schedules: [schedulePolicy({ timing: { cron: '0 * * * *' } })] });

  it('is due the next time after the service began to look', () => {
    expect(due(policies, view(), { since: 10, now: 20 })).toEqual([['web-1', 'quarterly', at(60)]]);
  });

  it('is due the next time after the last order', () => {
    expect(due(policies, view({ orders: [ordered(60)] }), { now: 61 })).toEqual([
      ['web-1', 'quarterly', at(120)],
    ]);
  });

  it('is due when the time has come', () => {
    expect(due(policies, view({ orders: [ordered(60)] }), { now: 120 })).toEqual([
      ['web-1', 'quarterly', at(120)],
    ]);
  });

  it('is due once, for the last time that was missed', () => {
    expect(due(policies, view({ orders: [ordered(0)] }), { since: 300, now: 310 })).toEqual([
      ['web-1', 'quarterly', at(300)],
    ]);
  });

  it('reads hours as UTC', () => {
    const nightly = policySet({ schedules: [schedulePolicy({ timing: { cron: '0 3 * * *' } })] });
    expect(due(nightly, view(), { now: 1 })).toEqual([['web-1', 'quarterly', '2026-03-02T03:00:00.000Z']]);
  });

  it('that never comes is never due', () => {
    const never = policySet({ schedules: [schedulePolicy({ timing: { cron: '0 0 30 2 *' } })] });
    expect(due(never, view(), { now: 1 })).toEqual([]);
  });
});

describe('schedules', () => {
  const rack = inventory({
    with: {
      machines: [activeServer('db-1', 'disk-2', { labels: { tier: 'db' } })],
      drives: [drive('disk-2', 'array-b')],
    },
  });

  it('are for the active servers that they select, backup servers not among them', () => {
    const policies = policySet({
      inventory: rack,
      schedules: [
        schedulePolicy({ name: 'all' }),
        schedulePolicy({ name: 'databases', servers: { tier: 'db' } }),
      ],
    });
    expect(due(policies, view({ inventory: rack }), { now: 0 })).toEqual([
      ['db-1', 'all', at(0)],
      ['web-1', 'all', at(0)],
      ['db-1', 'databases', at(0)],
    ]);
  });

  it('are listed soonest first', () => {
    const policies = policySet({ inventory: rack });
    const known = view({ inventory: rack, orders: [ordered(5), ordered(1, { server: 'db-1' })] });
    expect(due(policies, known, { now: 6 }).map(([server]) => server)).toEqual(['db-1', 'web-1']);
  });

  it('pass over a server that has failed', () => {
    const failed = view({ servers: [{ name: 'web-1', state: 'failed', failedAt: at(0) }] });
    expect(due(policySet(), failed, { now: 1 })).toEqual([]);
  });

  it('pass over a server that is gone from the inventory', () => {
    const gone = { ...view(), servers: [{ ...view().servers[0], name: 'web-9' }] };
    expect(due(policySet(), gone as View, { now: 1 })).toEqual([]);
  });

  it('follow a server to the machine that runs it now', () => {
    const moved = view({ servers: [{ name: 'web-1', machine: 'spare-1', takenOverAt: at(0) }] });
    expect(due(policySet(), moved, { now: 1 })).toEqual([['web-1', 'quarterly', at(0)]]);
  });
});

describe('a schedule that is due', () => {
  it('orders a scheduled snapshot under the condition of the policy', async () => {
    const decision = await decided(scheduleDue());
    expect(verdict(decision)).toBe('snapshot: schedule-due');
    expect(decision.snapshot).toMatchObject({
      kind: 'scheduled',
      condition: 'scheduled',
      policy: 'quarterly',
    });
  });

  it('counts from there', async () => {
    const known = advance(policySet(), view(), await decided(scheduleDue(3)));
    expect(due(policySet(), known, { now: 4 })).toEqual([['web-1', 'quarterly', at(18)]]);
  });

  it('waits for a drive that is busy: it stays due', async () => {
    const busy = view({ drives: ['d1', 'd2', 'd3'].map((name) => ({ name, reservedBy: 'op-7' })) });
    const decision = await decided(scheduleDue(3), { view: busy });
    expect(verdict(decision)).toBe('refused: drives-busy');
    expect(due(policySet(), advance(policySet(), busy, decision), { now: 4 })).toEqual([
      ['web-1', 'quarterly', at(0)],
    ]);
  });

  it('is tried again the next time when there is no drive for it', async () => {
    const full = view({ drives: ['d1', 'd2', 'd3'].map((name) => ({ name, freeBytes: 0 })) });
    const decision = await decided(scheduleDue(3), { view: full });
    expect(verdict(decision)).toBe('refused: no-drive');
    expect(due(policySet(), advance(policySet(), full, decision), { now: 4 })).toEqual([
      ['web-1', 'quarterly', at(18)],
    ]);
  });

  it('is not put off by the snapshots of an alert policy of the same name', async () => {
    const policies = policySet({ alerts: [alertPolicy({ name: 'quarterly' })] });
    const known = view({ orders: [ordered(0)], snapshots: [snapshot('s1', 'd1')] });
    const after = advance(policies, known, await decided(alert(10), { policies, view: known }));
    expect(due(policies, after, { now: 11 })).toEqual([['web-1', 'quarterly', at(15)]]);
  });

  it('orders nothing once its policy is gone', async () => {
    expect(verdict(await decided(scheduleDue(0, { policy: 'gone' })))).toBe('none: no-policy-matched');
  });

  it('orders nothing for a server that has failed meanwhile', async () => {
    const failed = view({ servers: [{ name: 'web-1', state: 'failed', failedAt: at(0) }] });
    expect(verdict(await decided(scheduleDue(1), { view: failed }))).toBe('refused: server-failed');
  });

  it('is no report: a takeover of the same minute does not make it old', async () => {
    const moved = view({ servers: [{ name: 'web-1', machine: 'spare-1', takenOverAt: at(5) }] });
    expect(verdict(await decided(scheduleDue(5), { view: moved }))).toBe('snapshot: schedule-due');
  });

  it('that comes every minute moves on by a minute each time', async () => {
    const policies = policySet({ schedules: [schedulePolicy({ timing: { everyMs: MINUTE } })] });
    let known = view();
    const times: string[] = [];
    for (const now of [0, 1, 2]) {
      const [next] = nextSchedules(policies, known, { since: at(0), now: at(now) });
      if (!next) continue;
      times.push(next.at);
      known = advance(policies, known, await decided(next, { policies, view: known }));
    }
    expect(times).toEqual([at(0), at(1), at(2)]);
  });
});
