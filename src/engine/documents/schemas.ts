import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { type Kind, SCHEMA_FILES, type Written } from './kinds.js';
import { parseDuration, parseSize } from './quantities.js';

type Schema = Readonly<Record<string, unknown>>;

const COMMON = 'common.schema.json';
const FOLDER = new URL('../../../schemas/', import.meta.url);

/** Checks a document of this kind; compiled at the first use, since most commands need only some of them. */
export function validatorOf(kind: Kind): ValidateFunction<Written> {
  return documentAjv().compile<Written>(schemaFile(SCHEMA_FILES[kind]));
}

/** Checks the settings of a driver against the schema that it declares. */
export function settingsValidator(schema: object): ValidateFunction {
  return settingsAjv().compile(schema);
}

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

const allDefinitions = once(() => {
  const files = [COMMON, ...Object.values(SCHEMA_FILES)];
  return Object.fromEntries(files.flatMap((file) => Object.entries(definitions(schemaFile(file).$defs))));
});

function definitions(value: unknown): Schema {
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
function schemaFile(file: string): Schema {
  const known = schemas.get(file);
  if (known !== undefined) return known;
  const schema = toSchema(readFileSync(new URL(file, FOLDER), 'utf8'));
  schemas.set(file, schema);
  return schema;
}

// ajv recognises a schema that it has compiled by the object.
const schemas = new Map<string, Schema>();

const documentAjv = once(() => {
  const ajv = createAjv();
  ajv.addSchema(withoutConditions(schemaFile(COMMON)), COMMON);
  return ajv;
});

const settingsAjv = once(createAjv);

function createAjv(): Ajv2020 {
  const ajv = new Ajv2020({
    strict: true,
    // `oneOf: [{ required: [...] }]` names keys that are described beside it.
    strictRequired: false,
    allowUnionTypes: true,
    allErrors: true,
    verbose: true,
    // Else `required: [toString]` would be met by every object.
    ownProperties: true,
    // Optimising the compiled code takes longer than all checks of a start together.
    code: { optimize: false },
    // That a schema is one is tested; to look at every start would take half of it.
    meta: false,
    validateSchema: false,
  });
  ajv.addVocabulary(['x-message', 'x-code']);
  ajv.addKeyword({ keyword: 'x-duration-range', schemaType: 'array', validate: within(parseDuration) });
  ajv.addKeyword({ keyword: 'x-size-range', schemaType: 'array', validate: within(parseSize) });
  return ajv;
}

/** Whether a quantity lies in `[least, most]`. What is no quantity is reported by its type or its pattern. */
function within(
  parse: (text: string) => number | null,
): ([least, most]: [string, string], value: unknown) => boolean {
  return ([least, most], value) => {
    const quantity = typeof value === 'string' ? parse(value) : null;
    return (
      quantity === null || (quantity >= (parse(least) ?? -Infinity) && quantity <= (parse(most) ?? Infinity))
    );
  };
}

/**
 * conditions.ts checks conditions with words of their own. A schema can describe them, which helps editors, but
 * says of a wrong one only that it matches none of several forms.
 */
function withoutConditions(common: Schema): object {
  return {
    ...common,
    $defs: { ...definitions(common.$defs), condition: { type: 'object' }, rootCondition: { type: 'object' } },
  };
}

function toSchema(text: string): Schema {
  const schema: unknown = JSON.parse(text);
  if (!isSchema(schema)) throw new TypeError('a schema is a JSON object');
  return schema;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function once<R>(make: () => R): () => R {
  let made: { readonly value: R } | null = null;
  return () => (made ??= { value: make() }).value;
}
