/** An AlertPolicy that is said never to order a snapshot, under the engine that orders them. */
import fc from 'fast-check';
import type { TopLevelCondition } from 'json-rules-engine';
import { describe, expect, it } from 'vitest';
import { checkPolicySet } from '../../src/check/index.js';
import { advance } from '../../src/engine/advance.js';
import type { AlertEvent } from '../../src/engine/event.js';
import type { Mode } from '../../src/engine/decision.js';
import type { AlertPolicy, PolicySet, Selector } from '../../src/engine/policy-set.js';
import { activeServer, drive, inventory } from '../engine/support/inventory.js';
import { alert } from '../engine/support/events.js';
import { alertPolicy, label, measured, policySet } from '../engine/support/policies.js';
import { decided } from '../engine/support/read.js';
import { MINUTE } from '../engine/support/time.js';
import { view } from '../engine/support/view.js';

const RACK = inventory({
  with: { machines: [activeServer('web-2', 'disk-2')], drives: [drive('disk-2', 'array-b')] },
});

const setOf = (...alerts: readonly AlertPolicy[]): PolicySet => policySet({ alerts, inventory: RACK });

const settings = fc.record({
  when: fc.constantFrom<TopLevelCondition[]>(
    { all: [label('alertname', 'TooHot')] },
    { all: [label('alertname', 'TooHot'), measured(90)] },
    { any: [label('alertname', 'TooHot'), label('alertname', 'FanStopped')] },
  ),
  repeated: fc.constantFrom(
    { times: 1, withinMs: 0 },
    { times: 2, withinMs: 5 * MINUTE },
    { times: 2, withinMs: 9 * MINUTE },
    { times: 3, withinMs: 9 * MINUTE },
  ),
  condition: fc.constantFrom('overheating', 'overheating', 'hot'),
  cooldownMs: fc.constantFrom(0, 4 * MINUTE, 8 * MINUTE),
  priority: fc.constantFrom(100, 200),
  servers: fc.constantFrom<Selector[]>({}, { name: 'web-1' }, { name: 'web-2' }),
  mode: fc.constantFrom<Mode[]>('enforce', 'enforce', 'enforce', 'observe'),
});

const policies = fc
  .tuple(settings, settings)
  .map(([a, b]) => setOf(alertPolicy({ name: 'first', ...a }), alertPolicy({ name: 'second', ...b })));

/** Not in the order of time: an alert may arrive late. */
const alerts = fc
  .array(
    fc.record({
      minute: fc.integer({ min: 0, max: 30 }),
      value: fc.constantFrom(80, 95),
      hot: fc.boolean(),
      server: fc.constantFrom('web-1', 'web-2'),
    }),
    { minLength: 5, maxLength: 12 },
  )
  .map((list) =>
    list.map(({ minute, value, hot, server }, index) =>
      alert(minute, {
        id: `alert-${index}`,
        value,
        server,
        labels: { alertname: hot ? 'TooHot' : 'FanStopped' },
      }),
    ),
  );

/** The policies that ordered a snapshot in this story. */
async function ordering(set: PolicySet, story: readonly AlertEvent[]): Promise<ReadonlySet<string>> {
  const ordered = new Set<string>();
  let state = view({ inventory: RACK });
  for (const event of story) {
    const decision = await decided(event, { policies: set, view: state });
    const [because] = decision.reasons.filter(({ code }) => code === 'matched');
    if (because?.policy) ordered.add(because.policy);
    state = advance(set, state, decision);
  }
  return ordered;
}

const shadowedIn = (...list: readonly AlertPolicy[]): readonly string[] => shadowed(setOf(...list));

function shadowed(set: PolicySet): readonly string[] {
  return checkPolicySet(set)
    .filter(({ code }) => code === 'ALERT_SHADOWED')
    .map(({ message }) => message.split(' ')[0] ?? '');
}

describe('an AlertPolicy that is said never to order', () => {
  it('never orders, whatever alerts come', async () => {
    let claims = 0;
    await fc.assert(
      fc.asyncProperty(policies, alerts, async (set, story) => {
        const never = shadowed(set);
        fc.pre(never.length > 0);
        claims += 1;
        const ordered = await ordering(set, story);
        expect(never.filter((name) => ordered.has(name))).toEqual([]);
      }),
      { numRuns: 200, maxSkipsPerRun: 1000 },
    );
    expect(claims).toBeGreaterThan(0);
  });
});

describe('an AlertPolicy behind one of the same condition', () => {
  const first = { name: 'first', condition: 'hot' };
  const second = alertPolicy({ name: 'second', condition: 'hot' });

  it('never orders', () => {
    expect(shadowedIn(alertPolicy(first), second)).toEqual(['second']);
  });

  it.each([
    ['needs more alerts', { repeated: { times: 2, withinMs: MINUTE } }],
    ['cools down for longer', { cooldownMs: 11 * MINUTE }],
    ['records another condition', { condition: 'very-hot' }],
    ['records another condition, without a cooldown', { condition: 'very-hot', cooldownMs: 0 }],
    ['selects fewer servers', { servers: { name: 'web-1' } }],
    ['only observes', { mode: 'observe' as const }],
    ['asks for more', { when: { all: [label('alertname', 'TooHot'), measured(90)] } }],
  ])('may order when the first %s', (_, difference) => {
    expect(shadowedIn(alertPolicy({ ...first, ...difference }), second)).toEqual([]);
  });

  it('may order when its window is wider', () => {
    const of = (withinMs: number) => ({ repeated: { times: 2, withinMs } });
    const wide = alertPolicy({ name: 'second', condition: 'hot', ...of(9 * MINUTE) });
    expect(shadowedIn(alertPolicy({ ...first, ...of(5 * MINUTE) }), wide)).toEqual([]);
    expect(shadowedIn(alertPolicy({ ...first, ...of(9 * MINUTE) }), wide)).toEqual(['second']);
  });

  it('is left alone when it only observes: to be counted is what it is there for', () => {
    expect(shadowedIn(alertPolicy(first), { ...second, mode: 'observe' })).toEqual([]);
  });

  it('is left alone when its own condition never holds: that is another finding', () => {
    const never = { all: [label('alertname', 'TooHot'), label('alertname', 'FanStopped')] };
    expect(shadowedIn(alertPolicy(first), alertPolicy({ ...first, name: 'second', when: never }))).toEqual(
      [],
    );
  });

  it('may order where an alert that arrives late is inside the cooldown of the first, of another condition', async () => {
    const list = [
      alertPolicy({ ...first, cooldownMs: 0 }),
      alertPolicy({ name: 'second', condition: 'overheating', cooldownMs: 0 }),
    ];
    const set = setOf(...list);
    const late = [alert(19), alert(0)];
    expect([...(await ordering(set, late))]).toEqual(['first', 'second']);
    expect(shadowed(set)).toEqual([]);
  });
});
