/** Policy sets of which every document is right, and which do not do what was meant: each is found. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CHECK_CODES } from '../../src/check/finding.js';
import { rekindle } from '../cli/harness.js';

const WEAK = fileURLToPath(new URL('../fixtures/weak/', import.meta.url));
const OWN = fileURLToPath(new URL('../../policies/', import.meta.url));

interface Printed {
  readonly problems: readonly object[];
  readonly findings: readonly { readonly code: string; readonly severity: string; readonly line: number }[];
}

async function check(folder: string, ...more: readonly string[]) {
  const { code, out } = await rekindle(['check', folder, '--format', 'json', ...more]);
  return { exit: code, ...(JSON.parse(out) as Printed) };
}

const expected = (name: string): readonly string[] =>
  JSON.parse(readFileSync(join(WEAK, name, 'expect.json'), 'utf8')) as string[];

const names = readdirSync(WEAK);

describe('rekindle check', () => {
  it.each(names)('finds in %s what is wrong there, and no more', async (name) => {
    const { problems, findings, exit } = await check(join(WEAK, name, 'policies.yaml'));
    expect(problems).toEqual([]);
    expect(findings.map(({ code }) => code).toSorted()).toEqual(expected(name).toSorted());
    expect(exit).toBe(findings.some(({ severity }) => severity === 'error') ? 1 : 0);
  });

  it('has a weak set for each of its findings', () => {
    // Pairs are looked at only when they are asked for; test/check/failures.test.ts does.
    const single = CHECK_CODES.filter((code) => code !== 'PAIR_NOT_SURVIVED');
    expect(new Set(names.flatMap(expected))).toEqual(new Set(single));
  });

  it('finds nothing in the policies that come with it', async () => {
    expect(await check(OWN, '--strict')).toMatchObject({ exit: 0, problems: [], findings: [] });
  });

  it('takes warnings for errors when it is strict', async () => {
    const folder = join(WEAK, 'placement-that-nobody-uses', 'policies.yaml');
    expect([(await check(folder)).exit, (await check(folder, '--strict')).exit]).toEqual([0, 1]);
  });

  it('says where, what and what to do', async () => {
    const { code, out } = await rekindle(['check', join(WEAK, 'restart-for-nobody', 'policies.yaml')]);
    expect(code).toBe(1);
    expect(out).toMatch(
      /policies\.yaml:11 {2}SERVER_WITHOUT_RESTART\n {2}no RestartPolicy selects web-1: when it fails, nothing is woken\n {2}hint: /,
    );
    expect(out).toMatch(/1 error, 1 warning\n$/);
  });

  it('prints problems of documents as validate does, and fails', async () => {
    const { exit, problems, findings } = await check('broken');
    expect({ exit, problems: problems.length, findings }).toEqual({ exit: 1, problems: 2, findings: [] });
  });

  it('shows warnings as such beside the lines of a pull request', async () => {
    const folder = join(WEAK, 'placement-that-nobody-uses', 'policies.yaml');
    const { out } = await rekindle(['check', folder, '--format', 'github']);
    expect(out).toMatch(
      /^::warning file=[^,]*,line=\d+,title=PLACEMENT_UNUSED::no policy places snapshots by spred/,
    );
  });
});
