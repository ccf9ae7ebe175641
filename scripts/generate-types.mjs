// Writes src/engine/documents/types.ts from the JSON Schemas: what the operator wrote, before any default.
//   node scripts/generate-types.mjs           writes the file
//   node scripts/generate-types.mjs --check   exits 1 when the file is out of date
import { readFileSync } from 'node:fs';
import { compile } from 'json-schema-to-typescript';
import { format, resolveConfig } from 'prettier';
import { kinds, root, writeOrCheck } from './generated.mjs';

await writeOrCheck('src/engine/documents/types.ts', 'generate-types.mjs', generate);

async function generate(target) {
  const documents = kinds.map(read);
  const shared = Object.assign({}, ...['common', ...kinds].map((name) => read(name).$defs ?? {}));
  const named = [
    ...documents.map((schema) => [`${schema.title}Document`, schema]),
    ...Object.entries(shared).map(([name, schema]) => [typeName(name), schema]),
  ];
  const bundle = {
    description: 'The type of the document of each kind.',
    type: 'object',
    additionalProperties: false,
    required: documents.map(({ title }) => title),
    properties: Object.fromEntries(documents.map(({ title }) => [title, { tsType: `${title}Document` }])),
    $defs: Object.fromEntries(named.map(([name, schema]) => [name, forTypes(schema)])),
  };
  // The round trip drops keys that are undefined, which the compiler takes for present.
  const source = await compile(JSON.parse(JSON.stringify(bundle)), 'DocumentOfKind', {
    bannerComment: '// Written by scripts/generate-types.mjs from schemas/. Do not edit.',
    unreachableDefinitions: true,
    format: false,
  });
  return format(withoutProvenance(source), { ...(await resolveConfig(target)), parser: 'typescript' });
}

function read(name) {
  return JSON.parse(readFileSync(new URL(`schemas/${name}.schema.json`, root), 'utf8'));
}

/**
 * The part of a schema that makes a type. References become type names, so that the descriptions beside them
 * stay; titles go, since each would become a type of its own.
 */
function forTypes(schema) {
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref, description, type, properties, required, items, additionalProperties } = schema;
  if ($ref !== undefined) return { description, tsType: typeName($ref.split('/').at(-1)) };
  const branches = branchesOf(schema);
  if (branches.length > 0) return { description, anyOf: branches.map(forTypes) };
  if (type === undefined && schema.enum === undefined && schema.const === undefined) {
    return { description, tsType: 'unknown' };
  }
  return {
    description,
    type,
    required,
    ...(schema.const === undefined ? { enum: schema.enum } : { enum: [schema.const] }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, value]) => [name, forTypes(value)]),
      ),
    }),
    ...(items && { items: forTypes(items) }),
    ...(additionalProperties !== undefined && { additionalProperties: forTypes(additionalProperties) }),
  };
}

/** The alternatives of `if … then … else`, where both sides say what the value is; none otherwise. */
function branchesOf(schema) {
  const { if: condition, then: yes, else: no } = schema;
  if (yes === undefined || no === undefined) return [];
  const rest = branchesOf(no);
  return [{ ...('type' in condition ? condition : {}), ...yes }, ...(rest.length > 0 ? rest : [no])];
}

function typeName(name) {
  return name[0].toUpperCase() + name.slice(1);
}

/** Takes out the remark that the compiler adds to every definition. */
function withoutProvenance(source) {
  return source
    .replaceAll(/(?: \*\n)* \* This interface was referenced by [^\n]*\n \* via the [^\n]*\n/g, '')
    .replaceAll(/(?: \* ?\n)+ \*\//g, ' */')
    .replaceAll(/\/\*\*\n \*\/\n/g, '');
}
