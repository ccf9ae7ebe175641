import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { KINDS } from '../../../src/engine/documents/kinds.js';
import { schemaOf } from '../../../src/engine/documents/schemas.js';
import type { PolicySet } from '../../../src/engine/policy-set.js';
import { fixture, loadedWith, textFile } from './support.js';

const ROOT = new URL('../../../', import.meta.url);
const SCHEMAS = new URL('schemas/', ROOT);
const files = readdirSync(SCHEMAS);

type Json = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readSchema(file: string): Json {
  const schema: unknown = JSON.parse(readFileSync(new URL(file, SCHEMAS), 'utf8'));
  if (!isMap(schema)) throw new TypeError(`${file} is no schema`);
  return schema;
}

/** Every schema inside a schema, with where it stands. */
function schemasIn(schema: Json, at: string): { readonly at: string; readonly schema: Json }[] {
  const inside = Object.entries(schema).flatMap(([keyword, value]) => {
    if (keyword === 'examples' || keyword === 'default' || keyword === 'const' || keyword === 'enum')
      return [];
    const children =
      keyword === 'properties' || keyword === '$defs' ? Object.entries(isMap(value) ? value : {}) : [];
    const single = isMap(value) && children.length === 0 ? [[keyword, value] as const] : [];
    const list = Array.isArray(value)
      ? value.map((item: unknown, index) => [`${keyword}/${index}`, item] as const)
      : [];
    return [...children, ...single, ...list].flatMap(([name, child]) =>
      isMap(child) ? schemasIn(child, `${at}/${name}`) : [],
    );
  });
  return [{ at, schema }, ...inside];
}

const all = files.flatMap((file) => schemasIn(readSchema(file), file));

/** The fields of documents: what stands under `properties`. */
const fields = all.flatMap(({ at, schema }) =>
  isMap(schema.properties)
    ? Object.entries(schema.properties).map(
        ([name, field]) => [`${at} ${name}`, isMap(field) ? field : {}] as const,
      )
    : [],
);

const definitions = new Map(
  files.flatMap((file) =>
    Object.entries(readSchema(file).$defs ?? {}).map(([name, schema]) => [name, schema as Json] as const),
  ),
);

/** What a schema says, with what it refers to. */
function resolved(schema: Json): Json {
  const name = typeof schema.$ref === 'string' ? (schema.$ref.split('/').at(-1) ?? '') : null;
  const target = name === null ? undefined : definitions.get(name);
  return target === undefined ? schema : { ...resolved(target), ...schema };
}

function editorAjv(): Ajv2020 {
  const ajv = new Ajv2020({ strict: false });
  for (const file of files) ajv.addSchema(readSchema(file), file);
  return ajv;
}

describe('the schemas', () => {
  it('are what types.ts was written from', async () => {
    const script = new URL('scripts/generate-types.mjs', ROOT).pathname;
    await expect(promisify(execFile)(process.execPath, [script, '--check'])).resolves.toBeDefined();
  });

  it('explain every field to whoever points at it', () => {
    const choices = fields.filter(([name]) => !/\/(?:if|then|else|not|allOf)/.test(name));
    const unexplained = choices.filter(([, field]) => {
      const { title, description } = resolved(field);
      return typeof title !== 'string' || typeof description !== 'string';
    });
    expect(choices.length).toBeGreaterThan(100);
    expect(unexplained.map(([name]) => name)).toEqual([]);
  });

  it('show what can stand in every field', () => {
    const choices = fields.filter(([name]) => !/\/(?:if|then|else|not|allOf)/.test(name));
    const bare = choices.filter(([, field]) => {
      const { examples, const: only, enum: words, type } = resolved(field);
      return !Array.isArray(examples) && only === undefined && words === undefined && type !== 'boolean';
    });
    expect(bare.map(([name]) => name)).toEqual([]);
  });

  it('let no unknown key pass, but among labels and driver settings', () => {
    const open = all.filter(({ schema }) => schema.properties !== undefined && schema.type === 'object');
    const leaky = open.filter(({ schema }) => schema.additionalProperties !== false).map(({ at }) => at);
    expect(leaky).toEqual(['policy.schema.json']);
  });

  it('say what they expect wherever they offer a choice, since the branches of a choice cannot', () => {
    const inBranch = /\/(?:oneOf|anyOf)\/\d/;
    const choices = all.filter(
      ({ at, schema }) => !inBranch.test(at) && (schema.oneOf ?? schema.anyOf) !== undefined,
    );
    expect(choices.length).toBeGreaterThan(0);
    for (const { at, schema } of choices) expect([at, typeof schema['x-message']]).toEqual([at, 'string']);
  });

  it('define each name once, so that a reference means one thing', () => {
    const names = files.flatMap((file) => Object.keys(readSchema(file).$defs ?? {}));
    expect(names).toEqual([...new Set(names)]);
  });

  it.each(KINDS)('give an example of %s that is right', (kind) => {
    const ajv = new Ajv2020({ strict: false });
    const schema = schemaOf(kind);
    const examples = 'examples' in schema && Array.isArray(schema.examples) ? schema.examples : [];
    expect(examples.length).toBeGreaterThan(0);
    const validate = ajv.compile(schema);
    for (const example of examples) expect([validate(example), validate.errors]).toEqual([true, null]);
  });

  it('give examples of fields that are right', () => {
    const ajv = editorAjv();
    for (const file of files) {
      for (const { at, schema } of schemasIn(readSchema(file), '')) {
        if (!Array.isArray(schema.examples) || at === '') continue;
        const validate = ajv.compile(alone(schema, file));
        for (const example of schema.examples)
          expect([file, at, example, validate(example)]).toEqual([file, at, example, true]);
      }
    }
  });
});

/** A part of a schema, to be compiled by itself. */
function alone(schema: Json, file: string): object {
  const parsed: unknown = JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', `"$ref":"${file}#/`));
  return isMap(parsed) ? parsed : {};
}

describe('the schema for editors', () => {
  const validate = editorAjv().getSchema('policy.schema.json');

  it.each(['base/policies.yaml', 'base/inventory.yaml'])('takes the documents of %s', (path) => {
    for (const document of parseAllDocuments(fixture(path))) expect(validate?.(document.toJS())).toBe(true);
  });

  it.each([
    'rule-unknown-operator',
    'rule-ambiguous',
    'rule-always-true-any',
    'schema-unknown-key',
    'schema-unknown-key-al',
    'schema-missing-key-within',
    'schema-value-two-acts',
    'kind-unknown',
    'duration-unit-words',
  ])('marks %s', (name) => {
    const [document] = parseAllDocuments(fixture(`bad/${name}.yaml`));
    expect(validate?.(document?.toJS())).toBe(false);
  });
});

/** Documents of each kind that have every map in which a default can stand. */
const MINIMAL = {
  AlertPolicy: {
    when: { all: [{ fact: 'alert', path: '$.value', operator: 'equal', value: 1 }] },
    condition: 'hot',
    snapshot: { placement: 'spread' },
  },
  SchedulePolicy: { every: '1h', snapshot: { placement: 'spread' } },
  PlacementPolicy: {},
  RestartPolicy: { snapshots: [{ condition: 'any' }], placement: 'spread' },
  Scenario: {
    inventory: 'small',
    steps: [
      { at: '0s', snapshot: { server: 'web-1' } },
      { at: '0s', alert: { server: 'web-1' } },
      { at: '0s', failure: { server: 'web-1' } },
    ],
  },
} as const;

describe('a default that a schema states', () => {
  const cases = Object.entries(MINIMAL).flatMap(([kind, spec]) =>
    defaultsIn(specSchema(kind), spec).map(({ path, value }) => [kind, path.join('.'), path, value] as const),
  );

  it.each(cases)('%s %s changes nothing when it is written out', (kind, _, path, value) => {
    const spec: Json = MINIMAL[kind as keyof typeof MINIMAL];
    expect(normalised(kind, put(spec, path, value))).toBe(normalised(kind, spec));
  });

  it('is there for every key that may be left out', () => {
    expect(cases.map(([kind, path]) => `${kind} ${path}`)).toEqual(
      expect.arrayContaining([
        'AlertPolicy priority',
        'AlertPolicy snapshot.cooldown',
        'AlertPolicy snapshot.deadline',
        'PlacementPolicy retain.afterTakeover',
        'RestartPolicy sequence.verify.heartbeatWithin',
        'RestartPolicy guard.minHealthy',
        'RestartPolicy snapshots.0.newest',
        'Scenario steps.1.alert.status',
      ]),
    );
  });
});

type Steps = readonly (string | number)[];

function specSchema(kind: string): Json {
  const file = `${kind.replaceAll(/(?<=[a-z])[A-Z]/g, '-$&').toLowerCase()}.schema.json`;
  const { properties } = readSchema(file);
  return isMap(properties) && isMap(properties.spec) ? properties.spec : {};
}

/** Every default below a schema that can be written into `value`. */
function defaultsIn(schema: Json, value: unknown): { readonly path: Steps; readonly value: unknown }[] {
  const { properties, items } = resolved(schema);
  if (Array.isArray(value) && isMap(items)) {
    return value.flatMap((item, index) => prefixed(index, defaultsIn(items, item)));
  }
  if (!isMap(properties)) return [];
  return Object.entries(properties).flatMap(([key, child]) => {
    const field = isMap(child) ? resolved(child) : {};
    const present = isMap(value) ? value[key] : undefined;
    // A map that must have keys of its own cannot be made up.
    const enter = present !== undefined || !Array.isArray(field.required);
    const own =
      present === undefined && field.default !== undefined ? [{ path: [key], value: field.default }] : [];
    return [...own, ...(enter ? prefixed(key, defaultsIn(field, present)) : [])].filter(
      ({ path }) => path.length === 1 || !optionalAct(schema, key, present),
    );
  });
}

/** A step does one thing: the acts that it does not do cannot be filled in. */
function optionalAct(schema: Json, key: string, present: unknown): boolean {
  return Array.isArray(resolved(schema).oneOf) && present === undefined && key !== 'at';
}

function prefixed(key: string | number, found: { readonly path: Steps; readonly value: unknown }[]) {
  return found.map(({ path, value }) => ({ path: [key, ...path], value }));
}

function put(target: unknown, [key, ...rest]: Steps, value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(target))
    return target.map((item: unknown, index) => (index === key ? put(item, rest, value) : item));
  const map = isMap(target) ? target : {};
  return { ...map, [key]: put(map[key], rest, value) };
}

/** The document as the engine runs on it, without where it stands and what it is made of. */
function normalised(kind: string, spec: unknown): string {
  const document = { apiVersion: 'rekindle/v1', kind, metadata: { name: 'another' }, spec };
  const set = loadedWith(textFile('a.yaml', JSON.stringify(document)));
  return JSON.stringify(documentNamed(set, 'another'), (key, value: unknown) =>
    key === 'origin' || key === 'digest' ? undefined : value,
  );
}

function documentNamed(set: PolicySet, name: string): unknown {
  const { alertPolicies, schedulePolicies, placementPolicies, restartPolicies, scenarios } = set;
  const found = [
    ...alertPolicies,
    ...schedulePolicies,
    ...placementPolicies.values(),
    ...restartPolicies,
    ...scenarios,
  ];
  return found.find((one) => one.name === name);
}
