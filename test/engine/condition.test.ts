import type { TopLevelCondition } from 'json-rules-engine';
import { describe, expect, it } from 'vitest';
import { compileCondition, type Facts, type Verdict } from '../../src/engine/condition.js';
import { compares, label, measured } from './support/policies.js';

const HOT: TopLevelCondition = { all: [label('alertname', 'TooHot'), measured(85)] };

function hotAlert(value: unknown = 91): Facts {
  return { alert: { labels: { alertname: 'TooHot' }, value } };
}

async function held(condition: TopLevelCondition, facts: Facts): Promise<boolean> {
  return (await compileCondition(condition).holds(facts)).held;
}

describe('a condition', () => {
  it('holds when all of `all` hold', async () => {
    expect(await held(HOT, hotAlert(85))).toBe(true);
    expect(await held(HOT, hotAlert(84))).toBe(false);
  });

  it('holds when one of `any` holds', async () => {
    const either = { any: [label('alertname', 'FanStopped'), label('alertname', 'TooHot')] };
    expect(await held(either, hotAlert())).toBe(true);
    expect(await held({ any: [label('alertname', 'FanStopped')] }, hotAlert())).toBe(false);
  });

  it('holds when what stands under `not` does not', async () => {
    expect(await held({ not: label('alertname', 'FanStopped') }, hotAlert())).toBe(true);
    expect(await held({ not: label('alertname', 'TooHot') }, hotAlert())).toBe(false);
  });

  it('compares one fact with another', async () => {
    const elsewhere = {
      all: [compares('backup', '$.labels.rack', 'notEqual', { fact: 'server', path: '$.labels.rack' })],
    };
    expect(
      await held(elsewhere, { backup: { labels: { rack: 'a' } }, server: { labels: { rack: 'b' } } }),
    ).toBe(true);
    expect(
      await held(elsewhere, { backup: { labels: { rack: 'a' } }, server: { labels: { rack: 'a' } } }),
    ).toBe(false);
  });

  it('does not hold for a fact that is not there', async () => {
    expect(await held({ all: [compares('snapshot', '$.kind', 'equal', 'scheduled')] }, hotAlert())).toBe(
      false,
    );
  });

  it('leaves the document that it was compiled from as it was', () => {
    const document = structuredClone(HOT);
    compileCondition(document);
    expect(document).toEqual(HOT);
  });

  it('does not follow later changes of the document', async () => {
    const document = { all: [label('alertname', 'TooHot')] };
    const condition = compileCondition(document);
    document.all.splice(0, 1, label('alertname', 'FanStopped'));
    expect((await condition.holds(hotAlert())).held).toBe(true);
  });

  it('compiles a frozen document', async () => {
    const document = Object.freeze({ all: [Object.freeze(label('alertname', 'TooHot'))] });
    expect(await held(document, hotAlert())).toBe(true);
  });
});

describe('the evidence', () => {
  it('names every comparison, in the order of the policy, with the values it met', async () => {
    const { evidence } = await compileCondition(HOT).holds(hotAlert(80));
    expect(evidence).toEqual([
      {
        fact: 'alert',
        path: '$.labels.alertname',
        operator: 'equal',
        expected: 'TooHot',
        found: 'TooHot',
        held: true,
      },
      {
        fact: 'alert',
        path: '$.value',
        operator: 'greaterThanInclusive',
        expected: 85,
        found: 80,
        held: false,
      },
    ]);
  });

  it('reaches into nested conditions', async () => {
    const nested: TopLevelCondition = {
      any: [{ all: [label('a', '1'), { not: label('b', '2') }] }, label('c', '3')],
    };
    const { evidence } = await compileCondition(nested).holds({ alert: { labels: { a: '1' } } });
    expect(evidence.map(({ path, held: leafHeld }) => [path, leafHeld])).toEqual([
      ['$.labels.a', true],
      ['$.labels.b', false],
      ['$.labels.c', false],
    ]);
  });

  it('has the value of the other fact where two facts are compared', async () => {
    const enough = {
      all: [
        compares('backup', '$.memoryBytes', 'greaterThanInclusive', {
          fact: 'snapshot',
          path: '$.memoryBytes',
        }),
      ],
    };
    const { evidence } = await compileCondition(enough).holds({
      backup: { memoryBytes: 8 },
      snapshot: { memoryBytes: 4 },
    });
    expect(evidence).toMatchObject([{ expected: 4, found: 8, held: true }]);
  });

  it('has null for a value that is not there', async () => {
    const { evidence } = await compileCondition({ all: [measured(85)] }).holds({ alert: {} });
    expect(evidence).toMatchObject([{ found: null, held: false }]);
  });
});

describe('a condition that cannot be evaluated', () => {
  const broken: TopLevelCondition = { all: [compares('alert', '$.labels.alertname', 'in', 5)] };

  it('is a verdict with an error, and does not hold', async () => {
    const verdict = await compileCondition(broken).holds(hotAlert());
    expect(verdict).toMatchObject({ held: false, evidence: [] });
    expect(verdict.error).toContain('indexOf');
  });

  it('does not hold under `any` beside a comparison that does', async () => {
    const mixed = compileCondition({ any: [label('alertname', 'TooHot'), ...broken.all] });
    const verdict = await mixed.holds(hotAlert());
    expect(verdict.held).toBe(false);
    expect(verdict.error).not.toBeNull();
  });

  it('can be evaluated the next time, when the facts allow it', async () => {
    const list = compileCondition({
      all: [compares('alert', '$.labels.alertname', 'in', { fact: 'server', path: '$.names' })],
    });
    expect((await list.holds({ ...hotAlert(), server: { names: 5 } })).error).not.toBeNull();
    expect(await list.holds({ ...hotAlert(), server: { names: ['TooHot'] } })).toMatchObject({
      held: true,
      error: null,
    });
  });

  it('does not change the result of another condition that is evaluated at the same time', async () => {
    const [bad, good] = await Promise.all([
      compileCondition(broken).holds(hotAlert()),
      compileCondition(HOT).holds(hotAlert()),
    ]);
    expect(bad.error).not.toBeNull();
    expect(good).toMatchObject({ held: true, error: null });
  });

  it('does not change the result of its own overlapping evaluations', async () => {
    const condition = compileCondition({
      all: [compares('alert', '$.value', 'in', { fact: 'server', path: '$.numbers' })],
    });
    const verdicts = await Promise.all(
      [[1], 'no list', [2], 7, [1, 2]].map((numbers) =>
        condition.holds({ alert: { value: 1 }, server: { numbers } }),
      ),
    );
    expect(verdicts.map(({ held: each, error }) => (error === null ? each : 'error'))).toEqual([
      true,
      false,
      false,
      'error',
      true,
    ]);
  });

  it('with a path that is a script is an error and runs nothing', async () => {
    const script = { all: [compares('alert', '$..[?(globalThis.__escaped=1)]', 'equal', 1)] };
    const verdict = await compileCondition(script).holds(hotAlert());
    expect(verdict.held).toBe(false);
    expect(verdict.error).toContain('script');
    expect(globalThis).not.toHaveProperty('__escaped');
  });
});

describe('overlapping evaluations of one condition', () => {
  it('each give the result for their own facts', async () => {
    const condition = compileCondition(HOT);
    const values = Array.from({ length: 200 }, (_, index) => index);
    const verdicts = await Promise.all(values.map((value) => condition.holds(hotAlert(value))));
    expect(verdicts.map(({ held: each }) => each)).toEqual(values.map((value) => value >= 85));
    expect(verdicts.map(({ evidence }) => evidence[1]?.found)).toEqual(values);
  });
});

describe('what comes from outside', () => {
  it('cannot stand for another fact, however its labels are named', async () => {
    const condition = compileCondition({ all: [compares('server', '$.name', 'equal', 'web-1')] });
    const alert = {
      labels: { server: 'web-1', 'server.name': 'web-1', name: 'web-1' },
      server: { name: 'web-1' },
    };
    expect(await condition.holds({ alert, server: { name: 'db-1' } })).toMatchObject({ held: false });
  });

  it('may have labels named like parts of every object', async () => {
    const labels: unknown = JSON.parse(
      '{ "__proto__": "x", "constructor": "y", "hasOwnProperty": "z", "alertname": "TooHot" }',
    );
    expect(await held({ all: [label('alertname', 'TooHot')] }, { alert: { labels } })).toBe(true);
    expect(await held({ all: [label('hasOwnProperty', 'z')] }, { alert: { labels } })).toBe(true);
  });

  it('does not hold through what every object inherits', async () => {
    const condition = { all: [compares('alert', '$.labels.toString', 'notEqual', null)] };
    const verdict: Verdict = await compileCondition(condition).holds({ alert: { labels: {} } });
    expect(verdict.evidence).toMatchObject([{ found: null }]);
  });

  it('may carry a value that is no plain text', async () => {
    const labels = { alertname: Object.create(null) as object };
    const verdict = await compileCondition({
      all: [compares('alert', '$.labels.alertname', 'lessThan', 5)],
    }).holds({
      alert: { labels },
    });
    expect(verdict.held).toBe(false);
    expect(verdict.error).not.toBeNull();
  });
});
