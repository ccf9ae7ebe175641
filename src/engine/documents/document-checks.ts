import type { CodeOptions } from 'ajv';
import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js';
import { COMPILED_AT_START, createAjv } from './ajv.js';
import { type Kind, SCHEMA_FILES, type Written } from './kinds.js';
import { COMMON, definitions, schemaFile } from './schemas.js';

/*
 * In the bundled program the code that ajv makes of the schemas stands in the place of this module: making it takes a
 * sixth of the time of a short command. See scripts/bundle.mjs, which asks documentAjv() for it.
 */

/** Checks a document of this kind; compiled at the first use, since most commands need only some of them. */
export function validatorOf(kind: Kind): ValidateFunction<Written> {
  ajv ??= documentAjv(COMPILED_AT_START);
  const validate = ajv.getSchema<Written>(SCHEMA_FILES[kind]);
  if (validate === undefined) throw new TypeError(`no schema for ${kind}`);
  return validate;
}

let ajv: Ajv2020 | null = null;

/** Knows the schema of each kind by the name of its file. */
export function documentAjv(code: CodeOptions): Ajv2020 {
  const knowing = createAjv(code);
  knowing.addSchema(withoutConditions(schemaFile(COMMON)), COMMON);
  for (const file of Object.values(SCHEMA_FILES)) knowing.addSchema(schemaFile(file), file);
  return knowing;
}

/**
 * conditions.ts checks conditions with words of their own. A schema can describe them, which helps editors, but
 * says of a wrong one only that it matches none of several forms.
 */
function withoutConditions(common: Readonly<Record<string, unknown>>): object {
  return {
    ...common,
    $defs: { ...definitions(common.$defs), condition: { type: 'object' }, rootCondition: { type: 'object' } },
  };
}
