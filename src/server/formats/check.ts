import { type ErrorObject, type ValidateFunction, Ajv2020 } from 'ajv/dist/2020.js';
import { closest, distance } from 'fastest-levenshtein';
import type { ItemProblem, Read } from './item.js';

// Stops at the first error: a body of a million wrong values must not become a million error objects.
// The schemas are our own, and a test holds them against the meta-schema: here that would cost a tenth of the start.
// `verbose` is for the list of known keys in "did you mean"; nothing of it leaves this file.
const ajv = new Ajv2020({
  ...{ strict: true, ownProperties: true, allErrors: false, verbose: true },
  ...{ meta: false, validateSchema: false },
});

/** Compiles a schema into a check whose problems a caller can act on. `T` must describe what the schema admits. */
export function checker<T>(schema: object): (value: unknown) => Read<T> {
  let compiled: ValidateFunction<T> | null = null;
  return (value) => {
    // When it is first needed: a service that starts has no body to check yet.
    const validate = (compiled ??= ajv.compile<T>(schema));
    if (validate(value)) return { ok: true, value };
    const [error] = validate.errors ?? [];
    return {
      ok: false,
      problem: error ? schemaProblem(error) : { code: 'SCHEMA_VALUE', detail: 'not valid' },
    };
  };
}

type SchemaError = Pick<ErrorObject, 'keyword' | 'instancePath' | 'params' | 'message' | 'parentSchema'>;

/** Turns an error of ajv into our words. */
export function schemaProblem(error: SchemaError): ItemProblem {
  const place = error.instancePath.slice(1).replaceAll('/', '.') || 'the item';
  const message = error.message ?? 'is not valid';
  switch (error.keyword) {
    case 'additionalProperties':
      return { code: 'SCHEMA_UNKNOWN_KEY', detail: unknownKey(place, error) };
    case 'required':
      return {
        code: 'SCHEMA_MISSING_KEY',
        detail: `${place} lacks the key "${String(error.params.missingProperty)}"`,
      };
    case 'type':
      return { code: 'SCHEMA_TYPE', detail: `${place} ${message}` };
    case 'enum':
      return {
        code: 'SCHEMA_VALUE',
        detail: `${place} must be one of ${list(error.params.allowedValues)}`,
      };
    case 'const':
      return {
        code: 'SCHEMA_VALUE',
        detail: `${place} must be ${JSON.stringify(error.params.allowedValue)}`,
      };
    case 'false schema':
      return { code: 'SCHEMA_UNKNOWN_KEY', detail: `${place} is not understood here` };
    default:
      return { code: 'SCHEMA_VALUE', detail: `${place} ${message}` };
  }
}

function unknownKey(place: string, error: SchemaError): string {
  const key = String(error.params.additionalProperty).slice(0, 100);
  const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
  const near = closest(key, known);
  const hint =
    near && distance(key, near) <= 2
      ? `did you mean "${near}"?`
      : `known are ${known.map((one) => `"${one}"`).join(', ')}`;
  return `${place} has the unknown key ${JSON.stringify(key)}; ${hint}`;
}

function list(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(', ') : 'those allowed';
}
