/** What the check claims of conditions, against json-rules-engine itself on every combination of telling values. */
import fc from 'fast-check';
import type { TopLevelCondition } from 'json-rules-engine';
import { describe, expect, it } from 'vitest';
import { alwaysHolds, canHold, implies } from '../../src/check/truth.js';
import { compileCondition, type Condition } from '../../src/engine/condition.js';
import { compares, label, measured } from '../engine/support/policies.js';

const numbers = fc.constantFrom(1, 2, 3);
const texts = fc.constantFrom('x', 'y', '2');
const singles = fc.oneof(numbers, texts, fc.constant(null));

const leaves = fc
  .tuple(
    fc.constantFrom('$.value', "$['value']", '$.labels.a', "$.labels['a']"),
    fc.oneof(
      fc.tuple(fc.constantFrom('equal', 'notEqual'), singles),
      fc.tuple(fc.constantFrom('in', 'notIn'), fc.array(singles, { minLength: 1, maxLength: 3 })),
      fc.tuple(
        fc.constantFrom('lessThan', 'lessThanInclusive', 'greaterThan', 'greaterThanInclusive'),
        numbers,
      ),
    ),
  )
  .map(([path, [operator, value]]) => compares('alert', path, operator, value));

type Node = ReturnType<typeof compares> | TopLevelCondition;

const { node: nodes } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    leaves,
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((all): Node => ({ all })),
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((any): Node => ({ any })),
    tie('node').map((not): Node => ({ not })),
  ),
}));
const conditions = nodes.map((node) => compileCondition({ all: [node] }));

/** At, between and beyond the constants above, as numbers and as texts. */
const POOL = [0, 1, 1.5, 2, 2.5, 3, 4].flatMap((number): unknown[] => [number, String(number), ` ${number}`]);
const VALUES = [...POOL, 'x', 'y', 'other', null, undefined];

/** What the condition says of every combination, by the engine that decides in production. */
async function said(condition: Condition): Promise<readonly boolean[]> {
  const facts = VALUES.flatMap((value) => VALUES.map((a) => ({ alert: { value, labels: { a } } })));
  const verdicts = await Promise.all(facts.map((one) => condition.holds(one)));
  return verdicts.map(({ held }) => held);
}

describe('what is claimed of a condition', () => {
  it('agrees with json-rules-engine on whether it can hold and whether it always does', async () => {
    await fc.assert(
      fc.asyncProperty(conditions, async (condition) => {
        const held = await said(condition);
        expect(canHold(condition.tree)).toBe(held.includes(true));
        expect(alwaysHolds(condition.tree)).toBe(!held.includes(false));
      }),
      { numRuns: 60 },
    );
  });

  it('agrees with json-rules-engine on whether one implies the other', async () => {
    await fc.assert(
      fc.asyncProperty(conditions, conditions, async (first, second) => {
        const [a, b] = await Promise.all([said(first), said(second)]);
        expect(implies(first.tree, second.tree)).toBe(a.every((held, index) => !held || b[index]));
      }),
      { numRuns: 40 },
    );
  });
});

const tree = (condition: TopLevelCondition) => compileCondition(condition).tree;

describe('a condition', () => {
  it('holds for a value outside of the range between two others', () => {
    const outside = {
      any: [
        compares('alert', '$.value', 'lessThan', 85),
        compares('alert', '$.value', 'greaterThanInclusive', 85),
      ],
    };
    // An alert without a value is neither below nor above.
    expect(alwaysHolds(tree(outside))).toBe(false);
  });

  it('covers all numbers where there always is one', () => {
    const all = {
      any: [
        compares('drive', '$.freeBytes', 'lessThan', 85),
        compares('drive', '$.freeBytes', 'greaterThanInclusive', 85),
      ],
    };
    expect(alwaysHolds(tree(all))).toBe(true);
  });

  it('contradicts itself when it asks of another fact that it equals and that it does not', () => {
    const other = { fact: 'server', path: '$.labels.feed' };
    const both = ['equal', 'notEqual'].map((operator) =>
      compares('backup', '$.labels.feed', operator, other),
    );
    expect(canHold(tree({ all: both }))).toBe(false);
    expect(canHold(tree({ any: both }))).toBe(true);
  });

  it('contradicts itself when a list contains something and does not', () => {
    const both = ['contains', 'doesNotContain'].map((operator) =>
      compares('backup', '$.reaches', operator, 'array-a'),
    );
    expect(canHold(tree({ all: both }))).toBe(false);
  });

  it('that may fail on a value that is no list is not said to hold', () => {
    const listed = compares('alert', '$.labels.a', 'in', { fact: 'server', path: '$.labels.b' });
    expect(alwaysHolds(tree({ any: [listed, { not: listed }] }))).toBeNull();
    expect(implies(tree({ all: [listed] }), tree({ all: [listed] }))).toBeNull();
  });

  it('can hold between two constants', () => {
    const between = [
      compares('alert', '$.value', 'greaterThan', 1),
      compares('alert', '$.value', 'lessThan', 2),
    ];
    expect(canHold(tree({ all: between }))).toBe(true);
  });

  it('can hold for a text that is the same number in other characters', () => {
    const two = [
      compares('alert', '$.labels.a', 'greaterThanInclusive', 2),
      compares('alert', '$.labels.a', 'lessThanInclusive', 2),
      compares('alert', '$.labels.a', 'notIn', [2, '2']),
    ];
    expect(canHold(tree({ all: two }))).toBe(true);
  });

  it('is left alone when there is too much to try', () => {
    const many = Array.from({ length: 17 }, (_, index) => label(`label${index}`, 'x'));
    expect(canHold(tree({ all: many }))).toBeNull();
    expect(canHold(tree({ all: many.slice(1) }))).toBe(true);
  });

  it('with more comparisons implies the one with fewer, and a higher threshold the lower', () => {
    const hot = tree({ all: [label('alertname', 'TooHot'), measured(95)] });
    const warm = tree({ all: [label('alertname', 'TooHot'), measured(85)] });
    expect([implies(hot, warm), implies(warm, hot)]).toEqual([true, false]);
  });
});
