import { _, type Code, type CodeKeywordDefinition, type CodeOptions } from 'ajv';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { isDurationWithin, isSizeWithin } from './quantities.js';

/** Ajv with our keywords, and with errors from which schema-findings.ts can make sentences. */
export function createAjv(code: CodeOptions): Ajv2020 {
  const ajv = new Ajv2020({
    strict: true,
    // `oneOf: [{ required: [...] }]` names keys that are described beside it.
    strictRequired: false,
    allowUnionTypes: true,
    allErrors: true,
    verbose: true,
    // Else `required: [toString]` would be met by every object.
    ownProperties: true,
    code,
    // That a schema is one is tested; to look at every start would take half of it.
    meta: false,
    validateSchema: false,
  });
  ajv.addVocabulary(['x-message', 'x-code']);
  ajv.addKeyword(range('x-duration-range', isDurationWithin, _`require("./quantities.js").isDurationWithin`));
  ajv.addKeyword(range('x-size-range', isSizeWithin, _`require("./quantities.js").isSizeWithin`));
  return ajv;
}

/** Optimising the compiled code takes longer than all checks of a start together. */
export const COMPILED_AT_START: CodeOptions = { optimize: false };

/** Checks the settings of a driver against the schema that it declares. */
export function settingsValidator(schema: object): ValidateFunction {
  settingsAjv ??= createAjv(COMPILED_AT_START);
  return settingsAjv.compile(schema);
}

let settingsAjv: Ajv2020 | null = null;

/** @param named how code that is written to a file finds the function. */
function range(keyword: string, isWithin: typeof isDurationWithin, named: Code): CodeKeywordDefinition {
  return {
    keyword,
    schemaType: 'array',
    code(context) {
      const check = context.gen.scopeValue('func', { key: isWithin, ref: isWithin, code: named });
      context.fail(_`!${check}(${context.schemaCode}, ${context.data})`);
    },
  };
}
