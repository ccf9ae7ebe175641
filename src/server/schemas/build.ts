import { HTTP_PROBLEMS, type HttpProblemCode } from '../problem.js';

/** A JSON Schema, as far as this folder writes them. They describe answers; nothing is checked against them at run time. */
export interface Schema {
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

export const text = (description: string): Schema => ({ type: 'string', description });
export const number = (description: string): Schema => ({ type: 'number', description });
export const integer = (description: string): Schema => ({ type: 'integer', description });
export const flag = (description: string): Schema => ({ type: 'boolean', description });
export const instant = (description: string): Schema => ({
  type: 'string',
  format: 'date-time',
  description,
});
export const anything = (description: string): Schema => ({ description });
export const oneOf = (values: readonly string[], description: string): Schema => ({
  type: 'string',
  enum: values,
  description,
});
export const orNull = (schema: Schema): Schema => ({
  anyOf: [schema, { type: 'null' }],
  ...(schema.description === undefined ? {} : { description: schema.description }),
});
export const list = (items: Schema, description: string): Schema => ({ type: 'array', items, description });
export const words = (description: string): Schema => ({
  type: 'object',
  additionalProperties: { type: 'string' },
  description,
});

/** A schema of {@link COMPONENTS} by its name. */
export const ref = (name: string): Schema => ({ $ref: `${name}#` });

/** An object with exactly these keys; all of them are always there but those in `optional`. */
export function object(
  description: string,
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(properties).filter((key) => !optional.includes(key));
  return { type: 'object', description, additionalProperties: false, required, properties };
}

/** The shape of every list. */
export const items = (schema: Schema, description: string): Schema =>
  object(description, { items: list(schema, description) });

/** Any route can answer with these. */
const COMMON: readonly HttpProblemCode[] = [
  'UNAUTHORIZED',
  'HOST_FORBIDDEN',
  'ROLE_MISSING',
  'OVERLOAD',
  'INTERNAL',
  'SHUTTING_DOWN',
];

/** The `response` of a route: its good answers by status, and the codes of the problems it can answer with. */
export function answers(
  good: Readonly<Record<number, Schema>>,
  problems: readonly HttpProblemCode[] = [],
): Schema {
  const response: Record<number, Schema> = {};
  for (const code of [...problems, ...COMMON]) {
    const { status, title } = HTTP_PROBLEMS[code];
    const before = response[status]?.description;
    const description = `${before === undefined ? '' : `${before} `}\`${code}\`: ${title}.`;
    response[status] = { description, content: { 'application/problem+json': { schema: ref('Problem') } } };
  }
  for (const [status, schema] of Object.entries(good)) {
    const { description = '' } = schema;
    response[Number(status)] = { description, content: { 'application/json': { schema } } };
  }
  return response;
}
