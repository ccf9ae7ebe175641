import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration, parseShare, parseSize } from '../../../src/engine/documents/quantities.js';

const DURATIONS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZES = { k: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };
const amount = fc.nat({ max: 1_000_000 });

describe('quantities', () => {
  it.each(Object.entries(DURATIONS))('a number of %s is that many milliseconds', (unit, factor) => {
    fc.assert(fc.property(amount, (count) => parseDuration(`${count}${unit}`) === count * factor));
  });

  it.each(Object.entries(SIZES))('a number of %s is that many bytes', (unit, factor) => {
    fc.assert(fc.property(amount, (count) => parseSize(`${count}${unit}`) === count * factor));
  });

  it('a number of per cent from 0 to 100 is a share', () => {
    fc.assert(
      fc.property(fc.integer({ min: -50, max: 300 }), (count) =>
        count >= 0 && count <= 100
          ? parseShare(`${count}%`) === count / 100
          : parseShare(`${count}%`) === null,
      ),
    );
  });

  it.each([
    '',
    '5',
    's',
    '5 s',
    '05s',
    '-5s',
    '+5s',
    '1.5h',
    '5S',
    '5sec',
    '5min',
    '5s ',
    '1h5m',
    '5µs',
    '9999999999999s',
  ])('%j is no duration', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it.each(['', '5', 'Gi', '5gi', '5GB', '5 Gi', '05Gi', '1.5Gi', '-5Gi', '5B', '5K', '5constructor'])(
    '%j is no size',
    (text) => {
      expect(parseSize(text)).toBeNull();
    },
  );
});
