import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SCHEMA_FILES, type Kind } from '../../src/engine/documents/kinds.js';
import { alteredSettings, NOT_ALTERED } from '../../src/mutation/settings.js';

type Json = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function schemaIn(file: string): Json {
  const schema: unknown = JSON.parse(readFileSync(new URL(`../../schemas/${file}`, import.meta.url), 'utf8'));
  return isMap(schema) ? schema : {};
}

function definition(reference: string, file: string): Json {
  const [from = '', pointer = ''] = reference.split('#');
  const defs = schemaIn(from === '' ? file : from).$defs;
  const found = isMap(defs) ? defs[pointer.split('/').at(-1) ?? ''] : undefined;
  return isMap(found) ? found : {};
}

/** `spec.snapshots.*.maxAge`: every field that a document of a kind can have, down to the value that decides. */
function fieldsOf(schema: Json, file: string, at: readonly string[]): readonly string[] {
  const { properties, items, $ref } = schema;
  const whole = at.join('.');
  if (known.has(whole) || at.at(-1) === 'when' || at.at(-1) === 'require') return [whole];
  if (isMap(properties))
    return Object.entries(properties).flatMap(([name, field]) =>
      isMap(field) ? fieldsOf(field, file, [...at, name]) : [],
    );
  if (isMap(items)) return [whole, ...fieldsOf(items, file, [...at, '*'])];
  if (typeof $ref === 'string' && !$ref.endsWith('/condition')) {
    const [from = ''] = $ref.split('#');
    return fieldsOf(definition($ref, file), from === '' ? file : from, at);
  }
  return [whole];
}

const POLICIES = [
  'AlertPolicy',
  'SchedulePolicy',
  'PlacementPolicy',
  'RestartPolicy',
] as const satisfies Kind[];
const known = new Set([
  ...Object.keys(NOT_ALTERED),
  'spec.never',
  'spec.servers',
  ...POLICIES.flatMap(alteredSettings).filter(
    (pattern) => !pattern.endsWith('snapshots') && !pattern.endsWith('prefer'),
  ),
]);

describe.each(POLICIES)('the fields of a %s', (kind) => {
  const file = SCHEMA_FILES[kind];
  const fields = [...new Set(fieldsOf(schemaIn(file), file, []))].filter((field) => field !== '');

  it('are many', () => {
    expect(fields.length).toBeGreaterThan(5);
  });

  it.each(fields)('%s is altered, or it is said why not', (field) => {
    const isCondition = field.endsWith('.when') || field.endsWith('.require');
    const altered = isCondition || alteredSettings(kind).includes(field);
    expect(altered || Object.hasOwn(NOT_ALTERED, field)).toBe(true);
    expect(altered && Object.hasOwn(NOT_ALTERED, field)).toBe(false);
  });

  it.each(alteredSettings(kind))('%s is a field of the schema', (pattern) => {
    expect(fields).toContain(pattern);
  });
});
