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
