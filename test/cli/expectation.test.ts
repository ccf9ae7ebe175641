import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differences } from '../../src/cli/events/expectation.js';

describe('an expectation of a decision', () => {
  it('leaves open what it does not name', () => {
    expect(differences({ outcome: 'snapshot' }, { outcome: 'snapshot', mode: 'enforce' })).toEqual([]);
  });

  it('names the place, what was expected and what is there', () => {
    const actual = { snapshot: { drive: 'd1' }, reasons: [{ code: 'matched' }] };
    expect(differences({ snapshot: { drive: 'd2' }, reasons: [{ code: 'counting' }] }, actual)).toEqual([
      { path: 'snapshot.drive', expected: 'd2', actual: 'd1' },
      { path: 'reasons[0].code', expected: 'counting', actual: 'matched' },
    ]);
  });

  it('asks for as many elements as it has', () => {
    expect(differences({ reasons: [{}] }, { reasons: [{ code: 'matched' }, { code: 'placed' }] })).toEqual([
      { path: 'reasons.length', expected: 1, actual: 2 },
    ]);
  });

  it('does not take an inherited property for one that is there', () => {
    expect(differences({ toString: 'x' }, {})).toEqual([
      { path: 'toString', expected: 'x', actual: undefined },
    ]);
  });

  it('is met by the decision that it was copied from', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(differences(value, value)).toEqual([]);
      }),
    );
  });

  it('is still met when keys are taken out of it', () => {
    const decision = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(decision, fc.func(fc.boolean()), (actual, keep) => {
        const fewer = Object.fromEntries(Object.entries(actual).filter(([key]) => keep(key)));
        expect(differences(fewer, actual)).toEqual([]);
      }),
    );
  });

  it('is not met by a decision in which a value that it names is another', () => {
    const pair = fc.tuple(fc.dictionary(fc.string(), fc.integer(), { minKeys: 1 }), fc.nat());
    fc.assert(
      fc.property(pair, ([expected, which]) => {
        const keys = Object.keys(expected);
        const key = keys[which % keys.length] ?? '';
        const actual = { ...expected, [key]: 'another' };
        expect(differences(expected, actual)).toHaveLength(1);
      }),
    );
  });
});
