import { describe, expect, it } from 'vitest';
import { table } from '../../src/cli/print/table.js';
import { agoText, safe, sizeText, timeText, valueText } from '../../src/cli/print/text.js';

describe('a table', () => {
  it('aligns columns by what is seen, and ends no line with spaces', () => {
    const red = (text: string): string => `<red>${text}</red>`;
    expect(
      table(
        [
          ['d1', { text: 'failed', paint: red }, ''],
          ['drive-10', 'ok', 'x'],
        ],
        { head: ['drive', 'health'] },
      ),
    ).toBe(['drive     health', 'd1        <red>failed</red>', 'drive-10  ok      x', ''].join('\n'));
  });

  it('is nothing when there are no rows', () => {
    expect(table([], { head: ['drive'] })).toBe('');
  });
});

describe('text from outside', () => {
  it('cannot steer the terminal', () => {
    expect(safe('\u001b[2Jgone\u009b1m\u202eback')).toBe('\ufffd[2Jgone\ufffd1m\ufffdback');
    expect(table([['\u001b[31mred\nline']])).toBe('\ufffd[31mred\ufffdline\n');
  });

  it('is cut when it is long', () => {
    expect(valueText('x'.repeat(500))).toHaveLength(120);
  });

  it('is called nothing when it is absent', () => {
    expect([valueText(null), valueText(undefined), valueText(0)]).toEqual(['nothing', 'nothing', '0']);
  });
});

describe('amounts and times for people', () => {
  it('gives sizes in the unit that fits', () => {
    expect([0, 1023, 1024, 1536 * 1024, 64 * 1024 ** 3, 5 * 1024 ** 5].map(sizeText)).toEqual([
      ...['0 B', '1023 B', '1 KiB', '1.5 MiB', '64 GiB', '5120 TiB'],
    ]);
  });

  it('gives ages with the two units that matter', () => {
    const nowMs = Date.UTC(2026, 0, 31, 12);
    expect(agoText('2026-01-31T12:00:00.000Z', nowMs)).toBe('just now');
    expect(agoText('2026-01-31T08:54:59.000Z', nowMs)).toBe('3h 5m ago');
    expect(agoText('2026-01-31T12:05:00.000Z', nowMs)).toBe('in 5m');
    expect(agoText('never', nowMs)).toBe('never');
  });

  it('gives times to the second', () => {
    expect(timeText('2026-01-31T12:00:05.999Z')).toBe('2026-01-31 12:00:05Z');
  });
});
