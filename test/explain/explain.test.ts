import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/explain/index.js';
import { explainCondition, comparisonsOf, turnsTo } from '../../src/explain/tree.js';
import { compileCondition } from '../../src/engine/condition.js';
import { decide } from '../../src/engine/decide.js';
import { initialView } from '../../src/engine/world.js';
import { events, worlds } from '../engine/support/arbitrary.js';
import { alert, failure } from '../engine/support/events.js';
import { alertPolicy, label, measured, policySet, restartPolicy } from '../engine/support/policies.js';
import { MINUTE } from '../engine/support/time.js';
import { snapshot } from '../engine/support/view.js';

const HOT = { all: [label('alertname', 'TooHot'), measured(85)] };

async function flipsFor(
  policies: ReturnType<typeof policySet>,
  event: Parameters<typeof explain>[1],
  changed: Partial<ReturnType<typeof initialView>> = {},
): Promise<readonly string[]> {
  const view = { ...initialView(policies.inventory), ...changed };
  const { flips } = await explain(policies, event, view);
  return flips.map(
    ({ changes, decision }) =>
      `${changes.map(({ what, from, to }) => `${what} ${JSON.stringify(from)} → ${JSON.stringify(to)}`).join(' and ')}: ${decision.outcome}`,
  );
}

describe('a condition explained', () => {
  it('is the tree that the policy states, each part with its verdict and each comparison with what it met', async () => {
    const condition = compileCondition({ any: [{ not: HOT }, label('alertname', 'Fan')] });
    const facts = { alert: { labels: { alertname: 'TooHot' }, value: 91 } };
    expect(await explainCondition(condition, facts)).toMatchObject({
      met: false,
      any: [
        {
          met: false,
          not: {
            met: true,
            all: [
              { found: 'TooHot', met: true },
              { found: 91, met: true },
            ],
          },
        },
        { path: '$.labels.alertname', operator: 'equal', expected: 'Fan', found: 'TooHot', met: false },
      ],
    });
  });

  it('says what would have to come out otherwise, rather a value than a name', async () => {
    const condition = compileCondition({ any: [{ all: [label('alertname', 'Fan'), measured(10)] }, HOT] });
    const explained = await explainCondition(condition, {
      alert: { labels: { alertname: 'TooHot' }, value: 20 },
    });
    if (explained === null) throw new Error('the condition has an error');
    expect(turnsTo(explained, true).map(({ comparison }) => comparison.expected)).toEqual([85]);
    expect(turnsTo(explained, false)).toEqual([]);
  });
});

describe('what would have changed a decision', () => {
  const policies = policySet({
    alerts: [alertPolicy({ when: HOT, repeated: { times: 1, withinMs: 0 } })],
    restarts: [restartPolicy({ coldBoot: 'never' })],
  });

  it('is the value that was not reached, before any other name', async () => {
    const [first] = await flipsFor(policies, alert(0, { labels: { alertname: 'TooHot' }, value: 71 }));
    expect(first).toBe('alert $.value 71 → 85: snapshot');
  });

  it('is the value that was reached', async () => {
    const flips = await flipsFor(policies, alert(0, { labels: { alertname: 'TooHot' }, value: 91 }));
    expect(flips).toContain('alert $.value 91 → 84: none');
  });

  it('is how many more of the same would have been enough', async () => {
    const counting = policySet({
      alerts: [alertPolicy({ when: HOT, repeated: { times: 4, withinMs: 10 * MINUTE } })],
    });
    const [first] = await flipsFor(counting, alert(0, { labels: { alertname: 'TooHot' }, value: 91 }));
    expect(first).toBe('more alerts like this 0 → 3: snapshot');
  });

  it('is the end of a cooldown', async () => {
    const hot = alert(5, { labels: { alertname: 'TooHot' }, value: 91 });
    const taken = snapshot('s1', 'd1', { condition: 'overheating', kind: 'additional' });
    const flips = await flipsFor(policies, hot, { snapshots: [taken] });
    expect(flips.find((one) => one.startsWith('at '))).toMatch(
      /^at "[^"]+:05:00\.000Z" → "[^"]+:11:00\.000Z": snapshot$/,
    );
  });

  it('is what a server that could not be restarted was in want of', async () => {
    const { machines } = initialView(policies.inventory);
    const flips = await flipsFor(policies, failure(5), {
      snapshots: [snapshot('s1', 'd1')],
      machines: machines.map((row) => (row.state === 'idle' ? { ...row, state: 'failed' } : row)),
    });
    expect(flips.length).toBeGreaterThan(0);
    for (const flip of flips) expect(flip).toMatch(/^server \S+ state "failed" → "idle": restart$/);
  });
});

describe('whatever is decided', () => {
  it('what is said to change it does, and is nothing that was the case', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, events, async ({ policies, view }, event) => {
        const { decision, flips } = await explain(policies, event, view);
        expect(decision).toEqual(await decide(policies, event, view));
        for (const { changes, decision: other } of flips) {
          expect(changes.length).toBeGreaterThan(0);
          for (const { from, to } of changes) expect(to).not.toEqual(from);
          expect({ ...other, event: decision.event, id: decision.id, at: decision.at }).not.toEqual(decision);
        }
      }),
    );
  });

  it('a condition is explained as the engine judges it', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, events, async ({ policies, view }, event) => {
        const { policies: explained } = await explain(policies, event, view);
        const { reasons } = await decide(policies, event, view);
        const met = reasons
          .filter(({ code }) => code === 'matched' || code === 'counting')
          .map(({ policy }) => policy);
        for (const { policy, condition } of explained) {
          if (condition === null) continue;
          if (met.includes(policy)) expect(condition.met).toBe(true);
          const evidence = reasons.find((one) => one.policy === policy)?.evidence;
          if (evidence !== undefined)
            expect(comparisonsOf(condition).map((one) => one.met)).toEqual(evidence.map(({ held }) => held));
        }
      }),
    );
  });
});
