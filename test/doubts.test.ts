import { describe, expect, it } from 'vitest';
import { doubtsAbout, StartDoubtful, type Circumstances } from '../src/doubts.js';

const NOW_MS = Date.UTC(2026, 11, 1);

const WELL: Circumstances = { sqlite: '3.52.0', nowMs: NOW_MS, newestEntryAt: null, unguarded: [] };

const codes = (circumstances: Partial<Circumstances>): readonly string[] =>
  doubtsAbout({ ...WELL, ...circumstances }).map(({ code }) => code);

describe('a start', () => {
  it('is doubted by nothing when all is well', () => {
    expect(codes({})).toEqual([]);
  });

  it.each(['3.7.0', '3.44.2', '3.44.5', '3.45.1', '3.50.6', '3.51.2'])(
    'is doubted with SQLite %s, which can lose a commit',
    (sqlite) => {
      expect(codes({ sqlite })).toEqual(['DEPENDENCY_UNSAFE']);
    },
  );

  it.each(['3.6.23', '3.44.6', '3.50.7', '3.51.3', '3.53.2', '4.0.0'])(
    'is not doubted with SQLite %s, which cannot',
    (sqlite) => {
      expect(codes({ sqlite })).toEqual([]);
    },
  );

  it('is doubted when the clock is before this program was made', () => {
    expect(codes({ nowMs: 0 })).toEqual(['CLOCK_IMPLAUSIBLE']);
  });

  it('is doubted when the clock is before the newest entry of the journal', () => {
    expect(codes({ newestEntryAt: '2026-12-01T01:00:00.000Z' })).toEqual(['CLOCK_IMPLAUSIBLE']);
    expect(codes({ newestEntryAt: '2026-12-01T00:00:30.000Z' })).toEqual([]);
  });

  it('is doubted when everybody may write to the policies, with the first of them', () => {
    const many = Array.from({ length: 7 }, (_, index) => `policies/${index}.yaml`);
    const [doubt] = doubtsAbout({ ...WELL, unguarded: many });
    expect(doubt).toMatchObject({ code: 'POLICY_FILE_MODE' });
    expect(doubt?.message).toMatch(/policies\/0\.yaml, .*policies\/4\.yaml and 2 more, .*chmod -R o-w$/);
  });

  it('is told all doubts at once when it is to be strict', () => {
    const [first, ...others] = doubtsAbout({ ...WELL, sqlite: '3.45.1', nowMs: 0 });
    if (first === undefined) throw new Error('nothing is doubted');
    const { code, message } = new StartDoubtful([first, ...others]);
    expect(code).toBe('DEPENDENCY_UNSAFE');
    expect(message).toMatch(/^DEPENDENCY_UNSAFE SQLite 3\.45\.1 .*; CLOCK_IMPLAUSIBLE .*1970-01-01/);
  });
});
