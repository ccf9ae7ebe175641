import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { KINDS } from '../../src/engine/documents/kinds.js';
import { loadPolicySet } from '../../src/engine/load.js';
import { DRIVER_CATALOGUE } from '../../src/hw/drivers.js';
import { runScenarios } from '../../src/scenario/index.js';
import { textFile } from '../engine/documents/support.js';
import { documentsIn } from './support.js';

const ROOT = new URL('../../', import.meta.url);
const text = readFileSync(new URL('docs/reference.md', ROOT), 'utf8');

describe('the policy reference', () => {
  it('is what the schemas say', async () => {
    const script = new URL('scripts/generate-reference.mjs', ROOT).pathname;
    await expect(promisify(execFile)(process.execPath, [script, '--check'])).resolves.toBeDefined();
  });

  it.each(KINDS)('has a part on %s, with its fields', (kind) => {
    expect(text).toContain(`\n## ${kind}\n`);
  });

  it('has examples that are one policy set together, of which the scenario passes', async () => {
    const documents = documentsIn(text);
    expect(documents.length).toBe(KINDS.length);
    const loaded = loadPolicySet(
      documents.map((document, index) => textFile(`${index}.yaml`, document)),
      DRIVER_CATALOGUE,
    );
    expect(loaded).toMatchObject({ ok: true });
    if (!loaded.ok) return;
    for await (const { passed, steps } of runScenarios(loaded.policySet))
      expect([passed, steps]).toEqual([true, steps]);
  });
});
