import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { junitXml } from '../../src/cli/print/junit.js';
import type { ScenarioResult } from '../../src/scenario/index.js';
import { decided } from './fake-service.js';
import { golden, rekindle } from './harness.js';

/** How long a scenario takes on this machine is of no interest here. */
function withoutTimes(text: string): string {
  return text.replaceAll(/\d+(\.\d+)? m?s$/gm, 'TIME');
}

describe('rekindle test', () => {
  it('passes when every scenario does', async () => {
    const { code, out, err } = await rekindle(['test', 'policies', 'passing.yaml']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(withoutTimes(out)).toBe(
      '✓ an overheating server wakes from the snapshot taken as it overheated  passing.yaml:3  TIME\n' +
        '1 scenario: 1 passed, 0 failed\n',
    );
  });

  it('shows expected beside actual, and why it was decided so, of a scenario that fails', async () => {
    const { code, out } = await rekindle(['test', 'policies', 'passing.yaml', 'failing.yaml']);
    await expect(withoutTimes(out)).toMatchFileSnapshot(golden('test-failing.txt'));
    expect(code).toBe(1);
  });

  it('prints the same results as JSON, with the same exit code', async () => {
    const { code, out } = await rekindle(['test', 'policies', 'failing.yaml', '--format', 'json']);
    const { scenarios } = JSON.parse(out) as { scenarios: ScenarioResult[] };
    expect(code).toBe(1);
    expect(scenarios[0]).toMatchObject({
      name: 'a warm server is saved',
      file: 'failing.yaml',
      passed: false,
    });
    expect(scenarios[0]?.steps[0]?.mismatches[0]).toEqual({
      what: 'outcome',
      expected: 'snapshot',
      actual: 'none',
    });
  });

  it('runs only the scenarios that are asked for', async () => {
    const { code, out } = await rekindle([
      'test',
      'policies',
      'passing.yaml',
      'failing.yaml',
      '--only',
      'overheating',
    ]);
    expect(code).toBe(0);
    expect(out).toContain('1 scenario: 1 passed, 0 failed');
  });

  it.each([[[]], [['--format', 'json']], [['--format', 'junit']], [['--only', 'nothing of this name']]])(
    'does not pass when nothing was tested: %j',
    async (more) => {
      const { code, err } = await rekindle(['test', 'policies', ...more]);
      expect(code).toBe(3);
      expect(err).toContain('scenario');
    },
  );

  it('names what no scenario shows at work, and fails when that is too much', async () => {
    const { code, out } = await rekindle(['test', 'policies', 'passing.yaml', '--coverage']);
    expect(code).toBe(0);
    expect(out).toContain(
      'coverage: 7 of 12 (58.3 %): policies 3 of 3, comparisons 3 of 6, ways of a restart 1 of 3',
    );
    expect(out).toMatch(
      /policies\/policies\.yaml:\d+:\d+ {2}RestartPolicy web {2}nothing is ever booted cold\n/,
    );
    const short = await rekindle(['test', 'policies', 'passing.yaml', '--min', '59']);
    expect(short.code).toBe(1);
    expect(short.out).toContain('; 59 % are asked for');
    expect((await rekindle(['test', 'policies', 'passing.yaml', '--min', '58%'])).code).toBe(0);
    expect((await rekindle(['test', 'policies', 'passing.yaml', '--min', 'most'])).code).toBe(2);
  });

  it('lists the mistakes that no scenario finds, and fails for them', async () => {
    const { code, out } = await rekindle(['test', 'policies', 'passing.yaml', '--mutate']);
    expect(code).toBe(1);
    expect(out).toMatch(/^\d+ mutants: \d+ killed, \d+ survived$/m);
    expect(out).toMatch(
      /policies\/policies\.yaml:8:\d+ {2}AlertPolicy overheating {2}spec\.when\.all\[1\]\.value: 85 → 86\n/,
    );
    expect(out).not.toContain('AlertPolicy overheating  the policy is left out');
  });

  it('tries no mutants on scenarios that fail as it is', async () => {
    const { code, out, err } = await rekindle(['test', 'policies', 'failing.yaml', '--mutate']);
    expect(code).toBe(1);
    expect(out).not.toContain('mutants');
    expect(err).toContain('no mutants were tried');
  });

  it('annotates what is not covered and what survives beside the lines of the policies', async () => {
    const { code, out } = await rekindle([
      'test',
      'policies',
      'passing.yaml',
      '--coverage',
      '--mutate',
      '--format',
      'github',
    ]);
    expect(code).toBe(1);
    expect(out).toMatch(/^::warning file=policies\/policies\.yaml,line=\d+,col=\d+,title=NOT_COVERED::/m);
    expect(out).toMatch(/^::warning file=policies\/policies\.yaml,line=\d+,col=\d+,title=MUTANT_SURVIVED::/m);
  });

  it('prints problems of documents in the format that was asked for', async () => {
    const github = await rekindle(['test', 'broken', '--format', 'github']);
    expect(github.code).toBe(1);
    expect(github.out).toMatch(/^::error file=broken\/.*title=RULE_UNKNOWN_OPERATOR::/m);
    const json = await rekindle(['test', 'broken', '--format', 'json']);
    expect(JSON.parse(json.out)).toMatchObject({
      scenarios: [],
      problems: [{ code: 'RULE_UNKNOWN_OPERATOR', line: 7 }, { code: 'SCHEMA_UNKNOWN_KEY' }],
    });
  });

  it('writes JUnit into a file beside what it prints', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rekindle-'));
    try {
      const file = join(folder, 'scenarios.xml');
      const { code, out } = await rekindle(['test', 'policies', 'passing.yaml', '--junit', file]);
      expect(code).toBe(0);
      expect(out).toContain('1 scenario: 1 passed');
      expect(await readFile(file, 'utf8')).toContain('<testsuites tests="1" failures="0"');
      const refused = await rekindle([
        'test',
        'policies',
        'passing.yaml',
        '--junit',
        join(folder, 'no/such/file'),
      ]);
      expect(refused.code).toBe(2);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('fails when the policies have problems', async () => {
    const { code, err } = await rekindle(['test', 'broken']);
    expect(code).toBe(1);
    expect(err).toContain('RULE_UNKNOWN_OPERATOR');
  });
});

describe('scenario results as JUnit XML', () => {
  it('has a suite for each file and a failure for each failed step, with everything escaped', async () => {
    const decision = await decided({
      ...{ kind: 'failure', id: 'e-1', at: '2026-01-31T12:00:00.000Z', server: 'nobody' },
      ...{ subject: 'server', cause: 'power', causeClass: 'hardware' },
    });
    const passed: ScenarioResult = {
      ...{ name: 'all is well', file: 'a.yaml', line: 3, passed: true, steps: [], durationMs: 1234.5 },
    };
    const failed: ScenarioResult = {
      ...{ name: '<b> & "c"', file: 'b.yaml', line: 7, passed: false, durationMs: 10 },
      steps: [
        {
          ...{ atMs: 300_000, line: 9, what: 'failure of nobody\u0007', passed: false, decision },
          mismatches: [{ what: 'outcome', expected: 'restart', actual: '<none>' }],
        },
        { atMs: 0, line: 8, what: 'expectation', passed: true, mismatches: [], decision: null },
      ],
    };
    await expect(junitXml([passed, failed])).toMatchFileSnapshot(golden('junit.xml'));
  });
});
