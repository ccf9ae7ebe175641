import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTime } from '../../../src/server/formats/time.js';
import { fromNow, NOW } from '../fake-administration.js';

const read = (text: string): string => {
  const time = readTime('at', text, Date.parse(NOW));
  return time.ok ? time.value : time.problem.code;
};

describe('a time from outside', () => {
  it.each([
    ['2026-11-30T11:59:00Z', '2026-11-30T11:59:00.000Z'],
    ['2026-11-30t11:59:00z', '2026-11-30T11:59:00.000Z'],
    ['2026-11-30T11:59:00.5Z', '2026-11-30T11:59:00.500Z'],
    ['2026-11-30T11:59:00.123456789Z', '2026-11-30T11:59:00.123Z'],
    ['2026-11-30T12:59:00+01:00', '2026-11-30T11:59:00.000Z'],
    ['2026-11-29T23:29:00-12:30', '2026-11-30T11:59:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2000-01-01T00:00:00Z', '2000-01-01T00:00:00.000Z'],
  ])('%s is %s', (text, instant) => {
    expect(read(text)).toBe(instant);
  });

  it.each([
    'yesterday',
    '',
    '2026-11-30',
    '2026-11-30T11:59:00',
    '2026-11-30 11:59:00Z',
    '1764500000',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-30T24:00:00Z',
    '2026-11-30T11:60:00Z',
    '2026-11-30T11:59:60Z',
    '2026-11-30T11:59:00+24:00',
    '+002026-11-30T11:59:00Z',
  ])('%j is no RFC 3339 time', (text) => {
    expect(read(text)).toBe('TIME_RANGE');
  });

  it.each(['1999-12-31T23:59:59Z', '0001-01-01T00:00:00Z', '1970-01-01T00:00:00Z'])(
    '%s is too old',
    (text) => {
      expect(read(text)).toBe('TIME_RANGE');
    },
  );

  it('may be as far ahead as clocks drift, and no further', () => {
    expect(read(fromNow(300))).toBe(fromNow(300));
    expect(read(fromNow(300.001))).toBe('TIME_RANGE');
    expect(read('2099-01-01T00:00:00Z')).toBe('TIME_RANGE');
  });

  it('of any clock in any zone is the same instant', () => {
    const instants = fc.date({
      min: new Date('2000-01-02'),
      max: new Date('2026-11-29'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(instants, fc.integer({ min: -1439, max: 1439 }), (date, offset) => {
        const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
        const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
        const zone = `${offset < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
        expect(read(local + zone)).toBe(date.toISOString());
      }),
    );
  });
});
