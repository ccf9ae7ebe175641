import { readFileSync } from 'node:fs';
import { type Kind, SCHEMA_FILES } from './kinds.js';

type Schema = Readonly<Record<string, unknown>>;

/** The definitions that the schemas of several kinds refer to. */
export const COMMON = 'common.schema.json';
const FOLDER = new URL('../../../schemas/', import.meta.url);

/** The JSON Schema of a kind in one piece, for editors. */
export function schemaOf(kind: Kind): object {
  const { $defs: own, ...schema } = schemaFile(SCHEMA_FILES[kind]);
  const known = { ...definitions(schemaFile(COMMON).$defs), ...definitions(own) };
  const used = reachable(JSON.stringify(schema), known);
  const text = JSON.stringify({
    ...schema,
    $defs: Object.fromEntries(used.map((name) => [name, known[name]])),
  });
  return toSchema(text.replaceAll(`${COMMON}#/`, '#/'));
}

/** The first example that a schema gives, or that what it refers to gives; undefined when there is none. */
export function exampleOf(schema: unknown): unknown {
  if (!isSchema(schema)) return undefined;
  if (Array.isArray(schema.examples)) return schema.examples[0];
  return typeof schema.$ref === 'string'
    ? exampleOf(allDefinitions()[schema.$ref.split('/').at(-1) ?? ''])
    : undefined;
}

function allDefinitions(): Schema {
  const files = [COMMON, ...Object.values(SCHEMA_FILES)];
  return Object.fromEntries(files.flatMap((file) => Object.entries(definitions(schemaFile(file).$defs))));
}

export function definitions(value: unknown): Schema {
  return isSchema(value) ? value : {};
}

/** Names of the definitions that a schema refers to, and those that they refer to. */
function reachable(text: string, known: Schema): readonly string[] {
  const names = new Set<string>();
  const queue = [text];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const [, name = ''] of next.matchAll(/#\/\$defs\/(\w+)/g)) {
      if (names.has(name)) continue;
      names.add(name);
      queue.push(JSON.stringify(known[name]));
    }
  }
  return Object.keys(known).filter((name) => names.has(name));
}

/*
 * The one place of the engine that reads files. The schemas are part of the program: they ship with it and lie
 * at the same distance from src/ and from dist/. They stay files because editors want files, and an import of
 * JSON would reach outside of what the compiler copies to dist/.
 */
export function schemaFile(file: string): Schema {
  const known = schemas.get(file);
  if (known !== undefined) return known;
  const schema = toSchema(readFileSync(new URL(file, FOLDER), 'utf8'));
  schemas.set(file, schema);
  return schema;
}

const schemas = new Map<string, Schema>();

function toSchema(text: string): Schema {
  const schema: unknown = JSON.parse(text);
  if (!isSchema(schema)) throw new TypeError('a schema is a JSON object');
  return schema;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
