import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { remembering } from '../../src/engine/remembering.js';
import { compileCondition, type Condition } from '../../src/engine/condition.js';
import { alertPolicy, compares, label, measured, policySet } from './support/policies.js';

const remembered = (when: Parameters<typeof compileCondition>[0]): Condition => {
  const { alertPolicies } = remembering()(policySet({ alerts: [alertPolicy({ when })] }));
  const [policy] = alertPolicies;
  if (policy === undefined) throw new Error('there is no policy');
  return policy.when;
};

const trees = [
  { all: [label('alertname', 'TooHot'), measured(90)] },
  { any: [label('alertname', 'TooHot'), { not: measured(90) }] },
  { all: [compares('alert', '$.labels.feed', 'equal', { fact: 'server', path: '$.labels.feed' })] },
  { all: [compares('alert', '$.labels.feed', 'equal', { fact: 'server' })] },
  { all: [compares('alert', '$', 'equal', 'anything')] },
];

const facts = fc.record({
  alert: fc.record(
    {
      labels: fc.record(
        { alertname: fc.constantFrom('TooHot', 'Other'), feed: fc.constantFrom('left', 'right', 'null') },
        { requiredKeys: [] },
      ),
      value: fc.constantFrom(null, 89, 90, '90'),
    },
    { requiredKeys: [] },
  ),
  server: fc.record({ labels: fc.record({ feed: fc.constantFrom('left', null) }, { requiredKeys: [] }) }),
});

describe('a condition that remembers', () => {
  it('says what the condition says, whatever was asked before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...trees), fc.array(facts, { maxLength: 20 }), async (tree, asked) => {
        const condition = remembered(tree);
        const plain = compileCondition(tree);
        for (const one of asked) expect(await condition.holds(one)).toEqual(await plain.holds(one));
      }),
      { numRuns: 200 },
    );
  });

  it('is not misled by what it does not look at', async () => {
    const condition = remembered({ all: [label('alertname', 'TooHot')] });
    const verdicts = [1, 2].map((at) => condition.holds({ alert: { at, labels: { alertname: 'TooHot' } } }));
    expect(verdicts[0]).toBe(verdicts[1]);
  });

  it('forgets the oldest verdicts when there are too many', async () => {
    const condition = remembered({ all: [measured(90)] });
    const first = condition.holds({ alert: { value: 0 } });
    const others = Array.from({ length: 20_000 }, (_, index) => ({ alert: { value: index + 1 } }));
    await Promise.all(others.map((facts) => condition.holds(facts)));
    expect(condition.holds({ alert: { value: 0 } })).not.toBe(first);
  });

  it('keeps the part of itself that was asked for', () => {
    const condition = remembered({ all: [label('alertname', 'TooHot'), measured(90)] });
    const ofLabels = ({ path }: { readonly path: string }): boolean => path.startsWith('$.labels');
    expect(condition.only(ofLabels)).toBe(condition.only(ofLabels));
    expect(condition.only(() => false)).toBeNull();
  });
});
