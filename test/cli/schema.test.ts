import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { KINDS } from '../../src/engine/documents/kinds.js';
import { FIXTURES, rekindle } from './harness.js';

async function schemaOf(kind: string): Promise<object> {
  const { code, out } = await rekindle(['schema', kind]);
  expect(code).toBe(0);
  return JSON.parse(out) as object;
}

/** As an editor would: it knows nothing of our own keywords. */
function compile(schema: object): ValidateFunction {
  return new Ajv2020({ strict: false }).compile(schema);
}

function documents(file: string): readonly { readonly kind: string }[] {
  const text = readFileSync(join(FIXTURES, file), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as { readonly kind: string });
}

describe('rekindle schema', () => {
  it('lists the kinds with what they are for', async () => {
    const { code, out } = await rekindle(['schema']);
    expect(code).toBe(0);
    for (const kind of [...KINDS, 'policy']) expect(out).toMatch(new RegExp(`^${kind} +\\S`, 'm'));
  });

  it('lists them as JSON', async () => {
    const { out } = await rekindle(['schema', '--format', 'json']);
    const { kinds } = JSON.parse(out) as { kinds: { kind: string }[] };
    expect(kinds.map(({ kind }) => kind)).toEqual([...KINDS, 'policy']);
  });

  it.each(KINDS)('prints a schema of %s that stands alone', async (kind) => {
    expect(() => compile({})).not.toThrow();
    const validate = compile(await schemaOf(kind));
    expect(validate({ kind: 'Other' })).toBe(false);
  });

  it('takes a kind however it is capitalised', async () => {
    expect(await schemaOf('alertpolicy')).toEqual(await schemaOf('AlertPolicy'));
  });

  it('prints one schema for documents of any kind, that stands alone', async () => {
    const validate = compile(await schemaOf('policy'));
    const all = [
      ...documents('policies/policies.yaml'),
      ...documents('policies/inventory.yaml'),
      ...documents('passing.yaml'),
    ];
    expect(all.map(({ kind }) => kind)).toHaveLength(5);
    for (const document of all) expect([document.kind, validate(document)]).toEqual([document.kind, true]);
    const [broken] = documents('broken/alert.yaml');
    expect(validate(broken)).toBe(false);
    expect(validate({ ...all[0], kind: 'Inventory' })).toBe(false);
  });

  it('suggests the kind that was meant', async () => {
    const { code, out, err } = await rekindle(['schema', 'AlertPolcy']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('did you mean AlertPolicy?');
  });
});
