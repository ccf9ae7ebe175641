/** The scripts of the GitHub Action, run as GitHub runs them, on the repository's own policies. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = resolve(import.meta.dirname, '../..');

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  readonly runs: {
    readonly steps: readonly {
      readonly name: string;
      readonly run: string;
      readonly env?: Readonly<Record<string, string>>;
    }[];
  };
}

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekindle-action-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** Runs the steps of the action with these inputs: what each printed, by its name, and the summary. */
async function act(inputs: Readonly<Record<string, string>>) {
  const action = parse(await readFile(join(ROOT, 'action.yml'), 'utf8')) as Action;
  const summary = join(folder, 'summary.md');
  await writeFile(summary, '');
  const value = (text: string): string =>
    text.replaceAll(
      /\$\{\{ inputs\.([\w-]+).*?\}\}/g,
      (_, name: string) => inputs[name] ?? action.inputs[name]?.default ?? '',
    );
  const printed: Record<string, string> = {};
  for (const { name, run, env = {} } of action.runs.steps) {
    if (name === 'Install') continue;
    const variables = Object.fromEntries(Object.entries(env).map(([key, text]) => [key, value(text)]));
    try {
      const { stdout } = await promisify(execFile)(
        'bash',
        ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run],
        {
          cwd: ROOT,
          env: { ...process.env, ...variables, GITHUB_STEP_SUMMARY: summary },
        },
      );
      printed[name] = stdout;
    } catch (error) {
      const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
      throw new Error(`the step "${name}" fails: ${said}`, { cause: error });
    }
  }
  return { printed, summary: await readFile(summary, 'utf8') };
}

const rekindle = 'node dist/bin/rekindle.js';

it('finds nothing in the shipped policies, and says so in the summary', async () => {
  const { printed, summary } = await act({ rekindle, 'min-coverage': '100', base: 'policies' });
  expect(printed).toEqual({ Validate: '', Check: '', Test: '', 'Which decisions change': '' });
  expect(summary).toContain('**Policies**: nothing found');
  expect(summary).toContain('**Decisions**: no recorded events were given; 0 answers');
}, 60_000);

it('fails where documents have problems', async () => {
  const policies = 'test/fixtures/cli/broken';
  await expect(act({ rekindle, policies })).rejects.toThrow(
    /^the step "Validate" fails: ::error file=.*RULE_UNKNOWN_OPERATOR/,
  );
}, 60_000);
