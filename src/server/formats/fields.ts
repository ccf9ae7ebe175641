/** Schemas of the fields that several formats share. */

/** No control characters: these words go into logs and onto terminals. */
const LINE = '^[^\\u0000-\\u001f\\u007f]*$';

export const SERVER = {
  type: 'string',
  minLength: 1,
  maxLength: 253,
  description: 'Name of the server in the inventory. An unknown one is not an error: the item is ignored.',
} as const;

export const EVENT_ID = {
  type: 'string',
  // Begins with a letter or digit, so that ids which the service makes can never be taken from outside.
  pattern: '^[A-Za-z0-9][!-~]{0,199}$',
  description:
    'Identity of the event. Sent again with the same content it is a duplicate and has no effect; with another content it is a conflict. Left out: every item is a new event.',
} as const;

export const AT = {
  type: 'string',
  maxLength: 64,
  description: 'When it happened, RFC 3339. Left out: when the service received it.',
} as const;

export const WORDS = {
  type: 'object',
  additionalProperties: { type: 'string' },
  maxProperties: 200,
} as const;

export function line(maxLength: number, description: string): object {
  return { type: 'string', minLength: 1, maxLength, pattern: LINE, description };
}
