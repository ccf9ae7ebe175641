import { describe, expect, it } from 'vitest';
import { advance } from '../../src/engine/advance.js';
import { alert } from './support/events.js';
import { alertPolicy, compares, label, measured, policySet } from './support/policies.js';
import { codes, decided, verdict } from './support/read.js';
import { at, MINUTE } from './support/time.js';
import { match, snapshot, symptom, view } from './support/view.js';

describe('an alert that no policy speaks of', () => {
  it('orders nothing and says so', async () => {
    const decision = await decided(alert(0, { labels: { alertname: 'Watchdog' } }));
    expect(verdict(decision)).toBe('none: no-policy-matched');
  });

  it('leaves nothing to remember', async () => {
    const decision = await decided(alert(0, { labels: { alertname: 'Watchdog' } }));
    expect(decision.remember).toEqual({ matches: [], symptoms: [], closed: [], orders: [] });
  });

  it('is not the business of a policy for other servers', async () => {
    const policies = policySet({ alerts: [alertPolicy({ servers: { tier: 'db' } })] });
    expect(verdict(await decided(alert(), { policies }))).toBe('none: no-policy-matched');
  });

  it.each([{ tier: 'web' }, { role: 'active' }, { name: 'web-1' }, {}])(
    'differs from one of a server that the policy selects by %j',
    async (servers) => {
      const policies = policySet({ alerts: [alertPolicy({ servers })] });
      expect(verdict(await decided(alert(), { policies }))).toBe('snapshot: matched');
    },
  );

  it('is not selected through what every object inherits', async () => {
    const policies = policySet({ alerts: [alertPolicy({ servers: { constructor: 'Object' } })] });
    expect(verdict(await decided(alert(), { policies }))).toBe('none: no-policy-matched');
  });
});

describe('an alert that meets a condition', () => {
  it('orders an additional snapshot under the name of the condition, with its cause', async () => {
    const { snapshot: plan } = await decided(alert());
    expect(plan).toMatchObject({
      kind: 'additional',
      condition: 'overheating',
      cause: 'hardware',
      pinned: false,
    });
  });

  it('says with which policy, at which place of which file, and on what evidence', async () => {
    const { reasons } = await decided(alert());
    expect(reasons[0]).toMatchObject({
      code: 'matched',
      policy: 'overheating',
      file: 'overheating.yaml',
      line: 4,
      evidence: [{ path: '$.labels.alertname', expected: 'TooHot', found: 'TooHot', held: true }],
    });
  });

  it('opens a symptom that is met', async () => {
    const { remember } = await decided(alert());
    expect(remember.symptoms).toEqual([
      { condition: 'overheating', cause: 'hardware', policy: 'overheating', met: true },
    ]);
  });
});

describe('an alert that says as its value what is no number', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY])('(%d) measures nothing', async (value) => {
    const policies = policySet({
      alerts: [alertPolicy({ when: { all: [compares('alert', '$.value', 'equal', null)] } })],
    });
    const { reasons } = await decided(alert(0, { value }), { policies });
    expect(reasons[0]).toMatchObject({ code: 'matched', evidence: [{ found: null }] });
  });
});

describe('a condition that wants three alerts within two minutes', () => {
  const thrice = { times: 3, withinMs: 2 * MINUTE };
  const policies = policySet({ alerts: [alertPolicy({ repeated: thrice })] });

  it('is counting at the first', async () => {
    const decision = await decided(alert(10), { policies });
    expect(verdict(decision)).toBe('none: counting');
    expect(decision.reasons[0]?.text).toBe('1 of 3 within 2m');
  });

  it('is counting at the second', async () => {
    const decision = await decided(alert(10), { policies, view: view({ matches: [match(9)] }) });
    expect(decision.reasons[0]?.text).toBe('2 of 3 within 2m');
  });

  it('is met by the third', async () => {
    const known = view({ matches: [match(8.5), match(9)] });
    expect(verdict(await decided(alert(10), { policies, view: known }))).toBe('snapshot: matched');
  });

  it('counts only the alerts that meet it', async () => {
    const strict = policySet({ alerts: [alertPolicy({ repeated: thrice, when: { all: [measured(85)] } })] });
    const known = view({ matches: [match(8.5), match(9)] });
    expect(verdict(await decided(alert(10, { value: 84 }), { policies: strict, view: known }))).toBe(
      'none: no-policy-matched',
    );
  });

  it('remembers each match, and that the symptom shows but is not met', async () => {
    const { remember } = await decided(alert(10), { policies });
    expect(remember.matches).toEqual([{ policy: 'overheating', digest: 'digest of overheating' }]);
    expect(remember.symptoms).toMatchObject([{ policy: 'overheating', met: false }]);
  });

  it('no longer counts an alert that is two minutes old', async () => {
    const known = view({ matches: [match(8), match(9)] });
    expect((await decided(alert(10), { policies, view: known })).reasons[0]?.text).toBe('2 of 3 within 2m');
  });

  it('still counts an alert that is a millisecond younger', async () => {
    const known = view({ matches: [match(8 + 1 / 60_000), match(9)] });
    expect(verdict(await decided(alert(10), { policies, view: known }))).toBe('snapshot: matched');
  });

  it('counts alerts of the same instant', async () => {
    const known = view({ matches: [match(10), match(10)] });
    expect(verdict(await decided(alert(10), { policies, view: known }))).toBe('snapshot: matched');
  });

  it('does not count an alert twice that is decided again', async () => {
    const waiting = alert(10);
    const known = view({ matches: [match(9), match(10, { event: waiting.id })] });
    expect(verdict(await decided(waiting, { policies, view: known }))).toBe('none: counting');
  });

  it('does not count what came after the alert, when the alert is late', async () => {
    const known = view({ matches: [match(10.5), match(11)] });
    expect((await decided(alert(10), { policies, view: known })).reasons[0]?.text).toBe('1 of 3 within 2m');
  });

  it('does not count what another server reported', async () => {
    const known = view({ matches: [match(9, { server: 'web-2' }), match(9.5, { server: 'web-2' })] });
    expect(verdict(await decided(alert(10), { policies, view: known }))).toBe('none: counting');
  });

  it('counts anew after the policy was edited', async () => {
    const edited = policySet({
      alerts: [alertPolicy({ repeated: thrice, digest: 'digest of the edited one' })],
    });
    const known = view({ matches: [match(8.5), match(9)] });
    expect((await decided(alert(10), { policies: edited, view: known })).reasons[0]?.text).toBe(
      '1 of 3 within 2m',
    );
  });

  it('counts the alerts of a server that reports under the name of its machine', async () => {
    const known = view({
      servers: [{ name: 'web-1', machine: 'spare-1', takenOverAt: at(0) }],
      matches: [match(8.5), match(9)],
    });
    expect(verdict(await decided(alert(10, { server: 'spare-1' }), { policies, view: known }))).toBe(
      'snapshot: matched',
    );
  });
});

describe('the cooldown of ten minutes', () => {
  const taken = { kind: 'additional', condition: 'overheating', takenAt: at(0) } as const;

  it.each(['complete', 'writing'] as const)('runs from a snapshot that is %s', async (state) => {
    const known = view({ snapshots: [snapshot('s1', 'd1', { ...taken, state })] });
    const decision = await decided(alert(5), { view: known });
    expect(verdict(decision)).toBe('refused: in-cooldown');
    expect(decision.reasons[0]?.text).toBe(
      `a snapshot for overheating was taken at ${at(0)}; at most one in 10m`,
    );
  });

  it('is over after ten minutes', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1', taken)] });
    expect(verdict(await decided(alert(9.999), { view: known }))).toBe('refused: in-cooldown');
    expect(verdict(await decided(alert(10), { view: known }))).toBe('snapshot: matched');
  });

  it.each(['failed', 'deleting'] as const)('does not run from a snapshot that is %s', async (state) => {
    const known = view({ snapshots: [snapshot('s1', 'd1', { ...taken, state })] });
    expect(verdict(await decided(alert(5), { view: known }))).toBe('snapshot: matched');
  });

  it('does not run from a snapshot that turned out to be damaged', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1', { ...taken, verified: 'failed' })] });
    expect(verdict(await decided(alert(5), { view: known }))).toBe('snapshot: matched');
  });

  it.each([
    ['a scheduled snapshot', { kind: 'scheduled' }],
    ['a snapshot for another condition', { condition: 'memory-leak' }],
    ['a snapshot of another server', { server: 'web-2' }],
  ] as const)('does not run from %s', async (_, difference) => {
    const known = view({ snapshots: [snapshot('s1', 'd1', { ...taken, ...difference })] });
    expect(verdict(await decided(alert(5), { view: known }))).toBe('snapshot: matched');
  });

  it('names the newest snapshot that cools, in whatever order they are listed', async () => {
    const known = [snapshot('s2', 'd2', { ...taken, takenAt: at(4) }), snapshot('s1', 'd1', taken)];
    const decision = await decided(alert(5), { view: view({ snapshots: known }) });
    expect(decision.reasons[0]?.text).toContain(at(4));
  });

  it('holds for an alert that is older than the snapshot', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1', { ...taken, takenAt: at(6) })] });
    expect(verdict(await decided(alert(5), { view: known }))).toBe('refused: in-cooldown');
  });

  it('does not hold up the symptom', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1', taken)] });
    const { remember } = await decided(alert(5), { view: known });
    expect(remember.symptoms).toMatchObject([{ condition: 'overheating', met: true }]);
  });
});

describe('an alert that meets several policies', () => {
  const leak = alertPolicy({ name: 'memory-leak', priority: 200, cause: 'software' });
  const hot = alertPolicy({ name: 'overheating', priority: 100 });
  const policies = policySet({ alerts: [hot, leak] });

  it('orders the snapshot of the policy with the highest priority', async () => {
    const decision = await decided(alert(), { policies });
    expect(decision.snapshot).toMatchObject({
      policy: 'memory-leak',
      condition: 'memory-leak',
      cause: 'software',
    });
  });

  it('says which other policies it meets', async () => {
    expect(codes(await decided(alert(), { policies }))).toEqual([
      'matched memory-leak',
      'placed spread',
      'also-matched overheating',
    ]);
  });

  it('opens the symptom of each', async () => {
    const { remember } = await decided(alert(), { policies });
    expect(remember.symptoms.map(({ policy }) => policy)).toEqual(['memory-leak', 'overheating']);
  });

  it('orders the snapshot of the next policy while the first one is in cooldown', async () => {
    const known = view({
      snapshots: [snapshot('s1', 'd1', { kind: 'additional', condition: 'memory-leak' })],
    });
    const decision = await decided(alert(5), { policies, view: known });
    expect(codes(decision)).toEqual(['matched overheating', 'placed spread', 'in-cooldown memory-leak']);
  });

  it('orders the snapshot of the next policy while the first one is counting', async () => {
    const counting = alertPolicy({
      name: 'memory-leak',
      priority: 200,
      repeated: { times: 2, withinMs: MINUTE },
    });
    const decision = await decided(alert(), { policies: policySet({ alerts: [hot, counting] }) });
    expect(codes(decision)).toEqual(['matched overheating', 'placed spread', 'counting memory-leak']);
  });

  it('is refused for the cooldown of one, though another one is counting', async () => {
    const counting = alertPolicy({
      name: 'memory-leak',
      priority: 200,
      repeated: { times: 2, withinMs: MINUTE },
    });
    const known = view({
      snapshots: [snapshot('s1', 'd1', { kind: 'additional', condition: 'overheating' })],
    });
    const decision = await decided(alert(5), {
      policies: policySet({ alerts: [hot, counting] }),
      view: known,
    });
    expect(decision.outcome).toBe('refused');
    expect(codes(decision)).toEqual(['in-cooldown overheating', 'counting memory-leak']);
  });

  it('goes by name between equal priorities', async () => {
    const twins = policySet({ alerts: [alertPolicy({ name: 'b' }), alertPolicy({ name: 'a' })] });
    expect((await decided(alert(), { policies: twins })).snapshot?.policy).toBe('a');
  });

  it('is decided by the sound ones when one cannot be evaluated', async () => {
    const broken = alertPolicy({
      name: 'broken',
      priority: 900,
      when: { all: [compares('alert', '$.value', 'in', 5)] },
    });
    const decision = await decided(alert(), { policies: policySet({ alerts: [broken, hot] }) });
    expect(codes(decision)).toEqual(['matched overheating', 'placed spread', 'condition-error broken']);
  });

  it('that cannot be evaluated orders nothing and says so', async () => {
    const broken = alertPolicy({ name: 'broken', when: { all: [compares('alert', '$.value', 'in', 5)] } });
    const decision = await decided(alert(), { policies: policySet({ alerts: [broken] }) });
    expect(codes(decision)).toEqual(['condition-error broken', 'no-policy-matched']);
    expect(decision.outcome).toBe('none');
  });
});

describe('a policy that only observes', () => {
  const watching = alertPolicy({ name: 'trial', priority: 900, mode: 'observe' });

  it('gives the decision that it would make, marked as observed', async () => {
    const decision = await decided(alert(), { policies: policySet({ alerts: [watching] }) });
    expect(decision).toMatchObject({ outcome: 'snapshot', mode: 'observe', snapshot: { drive: 'd1' } });
    expect(codes(decision)).toEqual(['matched trial', 'placed spread', 'observe trial']);
  });

  it('does not stand in the way of a policy that acts, whatever its priority', async () => {
    const acting = alertPolicy({ name: 'overheating', priority: 1 });
    const decision = await decided(alert(), { policies: policySet({ alerts: [watching, acting] }) });
    expect(decision).toMatchObject({
      outcome: 'snapshot',
      mode: 'enforce',
      snapshot: { policy: 'overheating' },
    });
    expect(codes(decision)).toEqual(['matched overheating', 'placed spread', 'observe trial']);
  });
});

describe('an alert that is resolved', () => {
  const open = view({ symptoms: [symptom()] });

  async function closed(
    policy: Parameters<typeof alertPolicy>[0],
    labels: Record<string, string>,
    value = 20,
  ) {
    const policies = policySet({ alerts: [alertPolicy(policy)] });
    const decision = await decided(alert(9, { status: 'resolved', labels, value }), { policies, view: open });
    return decision.remember.closed;
  }

  it('orders nothing', async () => {
    const decision = await decided(alert(9, { status: 'resolved' }), { view: open });
    expect(verdict(decision)).toBe('none: not-firing');
    expect(decision.remember).toMatchObject({ matches: [], symptoms: [], orders: [] });
  });

  it('closes the symptom of the policy whose labels it has', async () => {
    const decision = await decided(alert(9, { status: 'resolved' }), { view: open });
    expect(decision.remember.closed).toEqual(['overheating']);
    expect(advance(policySet(), open, decision).symptoms).toEqual([]);
  });

  it('closes it although the value is below the threshold now', async () => {
    const when = { all: [label('alertname', 'TooHot'), measured(85)] };
    expect(await closed({ when }, { alertname: 'TooHot' })).toEqual(['overheating']);
  });

  it('closes nothing when a label differs', async () => {
    const when = { all: [label('alertname', 'TooHot'), label('zone', 'b')] };
    expect(await closed({ when }, { alertname: 'TooHot', zone: 'a' })).toEqual([]);
  });

  it('closes nothing for a policy that asks for no label: nobody can tell that it is about the same', async () => {
    expect(await closed({ when: { all: [measured(85)] } }, { alertname: 'TooHot' })).toEqual([]);
  });

  it('closes nothing for a policy of other servers', async () => {
    expect(await closed({ servers: { tier: 'db' } }, { alertname: 'TooHot' })).toEqual([]);
  });

  it('closes the symptom of a policy that asks for one of several labels', async () => {
    const when = { any: [label('alertname', 'TooHot'), label('alertname', 'FanStopped')] };
    expect(await closed({ when }, { alertname: 'FanStopped' })).toEqual(['overheating']);
    expect(await closed({ when }, { alertname: 'DiskFull' })).toEqual([]);
  });

  it('closes the symptom of a policy that excludes a label', async () => {
    const when = { all: [label('alertname', 'TooHot'), { not: label('env', 'test') }] };
    expect(await closed({ when }, { alertname: 'TooHot', env: 'prod' })).toEqual(['overheating']);
    expect(await closed({ when }, { alertname: 'TooHot', env: 'test' })).toEqual([]);
  });

  it('closes the symptom of a policy that says labels with brackets', async () => {
    const when = { all: [compares('alert', "$['labels']['alertname']", 'equal', 'TooHot')] };
    expect(await closed({ when }, { alertname: 'TooHot' })).toEqual(['overheating']);
  });

  it('closes the symptom of a policy that asks that the alert fires', async () => {
    const when = { all: [label('alertname', 'TooHot'), compares('alert', '$.status', 'equal', 'firing')] };
    expect(await closed({ when }, { alertname: 'TooHot' })).toEqual(['overheating']);
  });
});

describe('a server', () => {
  const moved = view({
    servers: [{ name: 'web-1', machine: 'spare-1', disk: 'd1', takenOverAt: at(10) }],
    machines: [
      { name: 'web-1', state: 'fenced' },
      { name: 'spare-1', state: 'serving' },
    ],
    drives: [
      { name: 'd1', role: 'active', server: 'web-1' },
      { name: 'disk-1', role: 'quarantined', server: null },
    ],
  });

  it('that is not in the inventory is unknown', async () => {
    expect(verdict(await decided(alert(0, { server: 'web-9' })))).toBe('none: unknown-server');
  });

  it('that is a backup and runs nothing has no memory to save', async () => {
    expect(verdict(await decided(alert(0, { server: 'spare-1' })))).toBe('none: not-active');
  });

  it('that was taken over goes on under its own name', async () => {
    expect(verdict(await decided(alert(20), { view: moved }))).toBe('snapshot: matched');
  });

  it('that was taken over is also meant by the name of the machine that runs it now', async () => {
    const decision = await decided(alert(20, { server: 'spare-1' }), { view: moved });
    expect(verdict(decision)).toBe('snapshot: matched');
    expect(decision.snapshot?.drives).toEqual(['d2', 'd3']);
  });

  it('that has failed has no memory left to save', async () => {
    const known = view({ servers: [{ name: 'web-1', state: 'failed', failedAt: at(0) }] });
    const decision = await decided(alert(1), { view: known });
    expect(codes(decision)).toEqual(['server-failed', 'matched overheating']);
    expect(decision.outcome).toBe('refused');
  });

  it.each([9, 10])(
    'is not judged by a report of minute %d when a takeover answered it in minute 10',
    async (minute) => {
      const decision = await decided(alert(minute), { view: moved });
      expect(verdict(decision)).toBe('none: before-takeover');
      expect(decision.remember.symptoms).toEqual([]);
    },
  );

  it('is judged by a report from after the takeover', async () => {
    expect(verdict(await decided(alert(10 + 1 / 60_000), { view: moved }))).toBe('snapshot: matched');
  });
});
