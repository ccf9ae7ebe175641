/** `rekindle test --watch` while somebody edits. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually, prepareSite, PROGRAM, STARTER, type Site } from './support/service.js';

let site: Site;

beforeEach(async () => {
  site = await prepareSite(STARTER);
});

afterEach(() => site.remove());

it('tests again at every save, shows what is wrong meanwhile, and ends well', async () => {
  const child = spawn(process.execPath, [PROGRAM, 'test', '--watch', 'policies'], { cwd: site.folder });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => said.push(line));
  }
  const heard = (text: RegExp, times: number): Promise<number> =>
    eventually(
      async () => said.filter((line) => text.test(line)).length,
      (count) => count >= times,
      `${String(text)} ${times} times`,
    );
  const file = join(site.policies, 'policies.yaml');
  const good = await readFile(file, 'utf8');

  await heard(/^5 scenarios: 5 passed, 0 failed$/, 1);
  await writeFile(file, good.replace('times: 2', 'times: 3'));
  await heard(/^5 scenarios: \d passed, [1-9] failed$/, 1);
  await writeFile(file, good.replace('operator: equal', 'operator: equals'));
  await heard(/RULE_UNKNOWN_OPERATOR/, 1);
  await writeFile(file, good);
  await heard(/^5 scenarios: 5 passed, 0 failed$/, 2);

  child.kill('SIGINT');
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code).toBe(0);
}, 60_000);
