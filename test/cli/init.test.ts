import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { rekindle } from './harness.js';

let cwd = '';

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'rekindle-init-'));
});

afterAll(() => rm(cwd, { recursive: true }));

describe('rekindle init', () => {
  it('writes policies that pass every check there is, and scenarios that protect every line of them', async () => {
    const { code, out, err } = await rekindle(['init'], { cwd });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('policies/inventory.yaml\npolicies/policies.yaml\npolicies/scenarios.yaml\n');
    expect((await rekindle(['validate'], { cwd })).code).toBe(0);
    expect((await rekindle(['check', '--strict'], { cwd })).code).toBe(0);
    const tested = await rekindle(['test', '--coverage', '--min', '100', '--mutate'], { cwd });
    expect(tested.out).toMatch(/ 0 survived$/m);
    expect(tested.code).toBe(0);
  });

  it('writes the schema that the documents name, and they are right by it', async () => {
    const ajv = new Ajv2020({ strict: false });
    for (const name of (await readdir(join(cwd, 'policies'))).filter((one) => one.endsWith('.yaml'))) {
      const text = await readFile(join(cwd, 'policies', name), 'utf8');
      const [, schema = ''] = /^# yaml-language-server: \$schema=(\S+)$/m.exec(text) ?? [];
      const validate = ajv.compile(
        JSON.parse(await readFile(join(cwd, 'policies', schema), 'utf8')) as object,
      );
      for (const document of parseAllDocuments(text))
        expect([name, validate(document.toJS())]).toEqual([name, true]);
    }
  });

  it('never writes over what is there', async () => {
    await writeFile(join(cwd, 'policies/inventory.yaml'), 'mine');
    const { code, err } = await rekindle(['init'], { cwd });
    expect(code).toBe(2);
    expect(err).toContain('policies/inventory.yaml is there already');
    expect(await readFile(join(cwd, 'policies/inventory.yaml'), 'utf8')).toBe('mine');
    expect((await rekindle(['init', 'site'], { cwd })).code).toBe(0);
  });

  it('says what is wrong with a folder that cannot be written', async () => {
    await writeFile(join(cwd, 'file'), '');
    expect((await rekindle(['init', 'file/policies'], { cwd })).code).toBe(2);
  });
});
