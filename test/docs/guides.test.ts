import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadPolicySet } from '../../src/engine/load.js';
import type { SourceFile } from '../../src/engine/problem.js';
import { DRIVER_CATALOGUE } from '../../src/hw/drivers.js';
import { playScenario } from '../../src/scenario/index.js';
import { textFile } from '../engine/documents/support.js';
import { rekindle } from '../cli/harness.js';
import { documentsIn } from './support.js';

const ROOT = new URL('../../', import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

const starter: readonly SourceFile[] = readdirSync(new URL('starter/', ROOT)).map((name) =>
  textFile(name, read(`starter/${name}`)),
);

describe('the scenarios of the guide', () => {
  it.each(documentsIn(read('docs/test-your-policies.md')).map((text) => [text]))(
    'pass on the starter: %s',
    async (text) => {
      const loaded = loadPolicySet([...starter, textFile('guide.yaml', text)], DRIVER_CATALOGUE);
      if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
      const scenario = loaded.policySet.scenarios.find(({ origin }) => origin.file.endsWith('guide.yaml'));
      if (scenario === undefined) throw new Error('the document is no scenario');
      const { passed, steps } = await playScenario(loaded.policySet, scenario);
      expect([passed, steps]).toEqual([true, steps]);
    },
  );
});

/** Every `rekindle …` in a text, as words. */
function commandsIn(text: string): readonly (readonly string[])[] {
  return [
    ...text.matchAll(/(?:npx rekindle|\$REKINDLE|^rekindle|\| rekindle|entry: rekindle) ([^\n#|>`]*)/gm),
  ].map(([, line = '']) => line.trim().split(/\s+/));
}

describe.each([
  'action.yml',
  'docs/gitlab-ci.yml',
  '.pre-commit-hooks.yaml',
  'docs/test-your-policies.md',
  'docs/review-a-policy-change.md',
  'docs/diff.md',
  'README.md',
])('%s', (file) => {
  const commands = commandsIn(read(file));

  it('calls the program', () => {
    expect(commands.length).toBeGreaterThan(0);
  });

  it.each(commands.map((words) => [words.join(' '), words] as const))(
    'calls it rightly: rekindle %s',
    async (_, words) => {
      const [command = '', ...rest] = words;
      const { code, out } = await rekindle([command, '--help']);
      expect(code).toBe(0);
      for (const word of rest.filter((one) => one.startsWith('--'))) expect(out).toContain(`  ${word} `);
    },
  );
});

describe('what other programs read', () => {
  it.each(['action.yml', 'docs/gitlab-ci.yml', '.pre-commit-hooks.yaml'])('%s is right YAML', (file) => {
    expect(parse(read(file))).toBeTruthy();
  });
});
