import type { ErrorObject } from 'ajv';
import type { ProblemCode } from '../problem.js';
import { PROBLEM_CODES } from '../problem.js';
import { listed, nearest, suggest, suggestNear } from './nearest.js';
import { formatPath, type Path, valueAt } from './place.js';
import type { Finding } from './problems.js';
import { namesSecret } from './secrets.js';
import { exampleOf } from './schemas.js';
import { inWords, keyInWords } from './words.js';

/**
 * Errors of ajv, in words and in our codes. A schema may say `x-message` for what it expects and `x-code` for
 * what it is when that is missed; everything else follows from the keyword that failed.
 */
export function schemaFindings(
  errors: readonly ErrorObject[],
  data: unknown,
  whole = 'the document',
): readonly Finding[] {
  const readable = errors.filter(isReadable);
  // What is wrong is never silent, whatever the schema.
  const told = readable.length > 0 ? readable : errors;
  const findings = told.map((error) => toFinding(error, pathOf(error.instancePath, data), whole));
  return withoutRepetitions(withoutMisspelt(findings, errors, data));
}

/** The branches of a choice say nothing that the choice itself does not say better, in `x-message`. */
function isReadable({ keyword, schemaPath }: ErrorObject): boolean {
  return keyword !== 'if' && !/\/(?:oneOf|anyOf)\/\d+\//.test(schemaPath);
}

function toFinding(error: ErrorObject, path: Path, whole: string): Finding {
  const schema = schemaOf(error);
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(path, paramOf(error, 'additionalProperty'), schema);
    case 'required':
      return missingKey(path, paramOf(error, 'missingProperty'), schema, whole);
    default:
      return wrongValue(error, path, schema);
  }
}

function unknownKey(path: Path, key: string, schema: Schema): Finding {
  const known = Object.keys(isSchema(schema.properties) ? schema.properties : {});
  return {
    code: 'SCHEMA_UNKNOWN_KEY',
    path: [...path, key],
    at: 'key',
    message: `unknown key ${keyInWords(key)}${path.length === 0 ? '' : ` in ${formatPath(path)}`}`,
    hint: suggest(key, known),
  };
}

function missingKey(path: Path, key: string, schema: Schema, whole: string): Finding {
  const where = path.length === 0 ? whole : formatPath(path);
  const example = exampleOf(isSchema(schema.properties) ? schema.properties[key] : undefined);
  const hint = example === undefined ? '' : `for example ${key}: ${plainOrJson(example)}`;
  return { code: 'SCHEMA_MISSING_KEY', path: [...path, key], message: `${where} needs the key ${key}`, hint };
}

/** JSON is YAML, too. */
function plainOrJson(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function wrongValue(error: ErrorObject, path: Path, schema: Schema): Finding {
  return {
    code: codeOf(error, schema),
    path,
    message: `expected ${expected(error, schema)}, found ${isSecret(path) ? '[secret]' : found(error)}`,
    hint: hintFor(error, schema),
  };
}

/** Of a map that has the wrong keys, its keys. */
function found({ keyword, data }: ErrorObject): string {
  const keys = typeof data === 'object' && data !== null && keyword !== 'type' ? Object.keys(data) : [];
  return keys.length === 0 || Array.isArray(data)
    ? inWords(data)
    : `a map with ${listed(keys.map(keyInWords))}`;
}

function codeOf({ keyword }: ErrorObject, schema: Schema): ProblemCode {
  const declared = PROBLEM_CODES.find((code) => code === schema['x-code']);
  if (declared !== undefined) return declared;
  if (keyword === 'x-duration-range') return 'DURATION_RANGE';
  if (keyword === 'x-size-range') return 'RANGE';
  if ('x-duration-range' in schema) return 'DURATION_UNIT';
  if ('x-size-range' in schema) return 'SIZE_UNIT';
  if (schema.type === 'integer') return 'RANGE';
  return keyword === 'type' ? 'SCHEMA_TYPE' : 'SCHEMA_VALUE';
}

/** What would have been right. */
function expected({ keyword, schema: limit }: ErrorObject, schema: Schema): string {
  if (keyword === 'x-duration-range' || keyword === 'x-size-range') {
    const [least, most]: readonly unknown[] = isList(limit) ? limit : [];
    return `a ${keyword === 'x-size-range' ? 'size' : 'duration'} from ${inText(least)} to ${inText(most)}`;
  }
  const ofAnotherType = keyword === 'type' && schema.type === 'object';
  if (typeof schema['x-message'] === 'string' && !ofAnotherType) return schema['x-message'];
  if ('x-duration-range' in schema) return 'a duration like 90s, 10m, 6h or 7d';
  if ('x-size-range' in schema) return 'a size like 64Gi or 512Mi';
  if (schema.type === 'integer') return wholeNumber(schema);
  if (Array.isArray(schema.enum))
    return `${schema.enum.length > 1 ? 'one of ' : ''}${listed(schema.enum.map(String), 'or')}`;
  if (keyword === 'const') return inWords(schema.const);
  if (keyword === 'minItems') return 'at least one item';
  if (keyword === 'minLength') return 'a text that is not empty';
  if (keyword === 'maxLength') return `at most ${String(limit)} characters`;
  return typeInWords(schema.type);
}

function inText(value: unknown): string {
  return typeof value === 'string' ? value : inWords(value);
}

function wholeNumber({ minimum, maximum }: Schema): string {
  if (typeof maximum === 'number')
    return `a whole number from ${typeof minimum === 'number' ? minimum : 0} to ${maximum}`;
  return typeof minimum === 'number' ? `a whole number from ${minimum}` : 'a whole number';
}

function typeInWords(type: unknown): string {
  if (Array.isArray(type)) return listed(type.map(typeInWords), 'or');
  switch (type) {
    case 'object':
      return 'a map';
    case 'array':
      return 'a list';
    case 'string':
      return 'a text';
    case 'boolean':
      return 'true or false';
    default:
      return typeof type !== 'string' ? 'another value' : `a ${type}`;
  }
}

function hintFor({ keyword, data }: ErrorObject, schema: Schema): string {
  if (Array.isArray(schema.enum)) return suggestNear(data, schema.enum.map(String));
  if ('x-duration-range' in schema && typeof data === 'number') {
    return `add the unit: ${data}s, ${data}m, ${data}h`;
  }
  if (keyword !== 'type') return '';
  if (
    schema.type === 'string' &&
    !('pattern' in schema) &&
    (typeof data === 'number' || typeof data === 'boolean')
  )
    return `write "${data}"`;
  if (schema.type === 'boolean' && typeof data === 'string')
    return 'in YAML 1.2 only true and false are booleans';
  return '';
}

function isSecret(path: Path): boolean {
  return path.some((segment) => typeof segment === 'string' && namesSecret(segment));
}

/** A key that is missing because it was misspelt is one problem, not two. */
function withoutMisspelt(
  findings: readonly Finding[],
  errors: readonly ErrorObject[],
  data: unknown,
): readonly Finding[] {
  const meant = new Set(
    errors.flatMap((error) => {
      if (error.keyword !== 'additionalProperties') return [];
      const path = pathOf(error.instancePath, data);
      const properties = schemaOf(error).properties;
      const word = nearest(
        paramOf(error, 'additionalProperty'),
        Object.keys(isSchema(properties) ? properties : {}),
      );
      return word === null ? [] : formatPath([...path, word]);
    }),
  );
  return findings.filter(({ code, path }) => code !== 'SCHEMA_MISSING_KEY' || !meant.has(formatPath(path)));
}

/** A value that breaks two keywords of one schema is still one wrong value. */
function withoutRepetitions(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ path, code }) => {
    const key = `${formatPath(path)} ${code}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** JSON pointer to path: only the data tells a list's index from a key that is a number. */
function pathOf(pointer: string, data: unknown): Path {
  const parts = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return parts.reduce<(string | number)[]>(
    (path, part) => [...path, Array.isArray(valueAt(data, path)) ? Number(part) : part],
    [],
  );
}

type Schema = Readonly<Record<string, unknown>>;

function schemaOf({ parentSchema }: ErrorObject): Schema {
  return parentSchema ?? {};
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null;
}

function paramOf({ params }: ErrorObject, name: string): string {
  const value: unknown = Reflect.get(params, name);
  return String(value);
}
