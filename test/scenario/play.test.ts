import { describe, expect, it } from 'vitest';
import { mismatches, play } from './support.js';

const HOT = 'alert: { server: web-1, labels: { alertname: NodeTemperatureHigh } }';

describe('a step of a scenario', () => {
  it('that fails a drive is known to the disk table at once, and one that heals it, too', async () => {
    const result = await play([
      '{ at: 1m, drive: { name: snap-1, health: failed } }',
      `{ at: 1m, ${HOT}, expect: { snapshot: { drive: snap-2 } } }`,
      '{ at: 20m, drive: { name: snap-1, health: ok } }',
      `{ at: 20m, ${HOT}, expect: { snapshot: { drive: snap-1 } } }`,
    ]);
    expect(mismatches(result)).toEqual([]);
  });

  it('that silences a drive holds nothing up and is no fault of the service', async () => {
    const result = await play([
      '{ at: 1m, misbehave: { target: snap-1, fault: unanswered } }',
      `{ at: 2m, ${HOT}, expect: { snapshot: { drive: snap-2 } } }`,
    ]);
    expect(mismatches(result)).toEqual([]);
  });
});

const SAVED = '{ at: 0m, snapshot: { server: web-1, drive: snap-2 } }';
const FAILED =
  '{ at: 5m, failure: { server: web-1, cause: power }, expect: { restart: { drive: snap-2, backup: spare-1 } } }';
const ALIVE = '{ at: 30m, expect: { alive: { web-1: spare-1 } } }';

describe('a service that is killed in the middle', () => {
  it.each(['before-intent', 'after-intent', 'after-effect', 'after-result'])(
    '%s of any step of a restart goes on when it is back, and the server lives',
    async (at) => {
      let crashed = 0;
      for (let step = 1; step < 100; step += 1) {
        const crash = `{ at: 1m, crash: { operation: restart, step: ${step}, at: ${at}, downFor: 2m } }`;
        const result = await play([SAVED, crash, FAILED, ALIVE]);
        const wrong = mismatches(result);
        if (wrong.includes('crash: the service dies, no operation came to this point')) {
          // A step that only writes to the disk table has no such point; after the last step there are no more.
          expect(wrong).toHaveLength(1);
        } else {
          expect({ step, wrong }).toEqual({ step, wrong: [] });
          crashed += 1;
        }
        if (step > 30) break;
      }
      expect(crashed).toBeGreaterThanOrEqual(8);
    },
    60_000,
  );

  it('is asked again by whoever found it down', async () => {
    const result = await play([
      '{ at: 1m, crash: { operation: snapshot, step: 2, downFor: 10m } }',
      SAVED.replace('0m', '2m'),
      `{ at: 4m, ${HOT}, expect: { snapshot: { drive: snap-1 } } }`,
    ]);
    expect(mismatches(result)).toEqual([]);
  });
});

describe('a path of a server', () => {
  it('that is cut keeps the server from being started there, until it is whole again', async () => {
    const cut = '{ at: 1m, path: { server: spare-1, device: array-2, state: cut } }';
    const blocked = FAILED.replace(/expect:.*$/, 'expect: { alive: { web-1: nowhere } } }');
    expect(mismatches(await play([SAVED, cut, blocked]))).toEqual([]);
    const whole = '{ at: 2m, path: { server: spare-1, device: array-2, state: ok } }';
    expect(mismatches(await play([SAVED, cut, whole, FAILED, ALIVE]))).toEqual([]);
  });
});

describe('the schedules of the policies', () => {
  const failed =
    '{ at: 150m, failure: { server: web-1 }, expect: { restart: { condition: scheduled, takenAt: 2h } } }';

  it('take their snapshots while a scenario plays that asks for it', async () => {
    expect(mismatches(await play([failed], '  schedules: true\n'))).toEqual([]);
    expect(
      mismatches(
        await play(
          ['{ at: 5h, expect: { retained: { web-1: { scheduled: 3, additional: 0 } } } }'],
          '  schedules: true\n',
        ),
      ),
    ).toEqual([]);
  });

  it('do nothing otherwise', async () => {
    expect(mismatches(await play(['{ at: 5h, expect: { retained: { web-1: { scheduled: 3 } } } }']))).toEqual(
      ['retained.web-1.scheduled: 3, 0'],
    );
  });
});
