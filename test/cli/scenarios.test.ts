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
