import type { Kind } from '../engine/documents/kinds.js';
import { examples, formatOption, type AddCommand, type Format } from './command.js';
import { CliError, EXIT } from './exit.js';
import { table } from './print/table.js';
import { jsonLine } from './print/text.js';

/** Stands for a document of any kind: what an editor checks a whole folder by. */
const ANY = 'policy';

export const schema: AddCommand = (program, cli) => {
  program
    .command('schema')
    .summary('the JSON Schema of a kind of document, for editors')
    .description(
      'Prints the JSON Schema (2020-12) of a kind of document, in one piece. Without a kind it lists the kinds.',
    )
    .argument('[kind]', `a kind of document, or ${ANY} for any of them`)
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(
        ['rekindle schema', 'the kinds there are'],
        ['rekindle schema policy > rekindle.schema.json', 'for the YAML plugin of an editor'],
      ) + '\n\nExit codes: 0 printed, 2 no such kind.',
    )
    .action(
      cli.handle(async (word: string | undefined, { format }: { readonly format: Format }) => {
        const { out } = cli.terminal;
        if (word !== undefined) {
          out.write(`${JSON.stringify(await schemaNamed(word), null, 2)}\n`);
          return EXIT.ok;
        }
        const kinds = await describeKinds();
        if (format === 'json') out.write(jsonLine({ kinds }));
        else out.write(table(kinds.map(({ kind, description }) => [kind, description])));
        return EXIT.ok;
      }),
    );
};

async function describeKinds(): Promise<readonly { readonly kind: string; readonly description: string }[]> {
  const { KINDS } = await import('../engine/documents/kinds.js');
  const { schemaOf } = await import('../engine/documents/schemas.js');
  const kinds = KINDS.map((kind) => ({ kind, description: descriptionOf(schemaOf(kind)) }));
  return [...kinds, { kind: ANY, description: 'Any of them, told apart by its kind.' }];
}

function descriptionOf(found: object): string {
  return 'description' in found ? String(found.description) : '';
}

/** @throws {CliError} with the word that was probably meant. */
async function schemaNamed(word: string): Promise<object> {
  const { KINDS } = await import('../engine/documents/kinds.js');
  const { schemaOf } = await import('../engine/documents/schemas.js');
  const wanted = word.toLowerCase();
  if (wanted === ANY) return anySchema();
  const kind = KINDS.find((one) => one.toLowerCase() === wanted);
  if (kind !== undefined) return schemaOf(kind);
  const { suggest } = await import('../engine/documents/nearest.js');
  throw new CliError(EXIT.usage, `there is no kind of document "${word}"`, suggest(word, [...KINDS, ANY]));
}

/**
 * The schemas of all kinds in one, with references inside it only. Editors follow those everywhere; references
 * to an embedded schema with an id of its own they do not.
 */
export async function anySchema(): Promise<object> {
  const { KINDS: kinds } = await import('../engine/documents/kinds.js');
  const { schemaOf } = await import('../engine/documents/schemas.js');
  const parts = kinds.map((kind) => [kind, lifted(kind, schemaOf(kind))] as const);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Rekindle document',
    description: 'Any document of a policy set, told apart by its kind.',
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    properties: { kind: { enum: kinds } },
    allOf: kinds.map((kind) => ({
      if: { properties: { kind: { const: kind } }, required: ['kind'] },
      then: { $ref: `#/$defs/${kind}` },
    })),
    $defs: Object.assign({}, ...parts.map(([, defs]) => defs)) as object,
  };
}

/** A schema and its definitions as definitions of a larger one, each under a name that no other kind has. */
function lifted(kind: Kind, whole: object): object {
  const renamed: unknown = JSON.parse(JSON.stringify(whole).replaceAll('"#/$defs/', `"#/$defs/${kind}.`));
  if (typeof renamed !== 'object' || renamed === null) return {};
  const { $defs = {}, $schema: _, ...own } = renamed as { $defs?: object; $schema?: string };
  const defs = Object.entries($defs).map(
    ([name, value]: [string, unknown]) => [`${kind}.${name}`, value] as const,
  );
  return Object.fromEntries([[kind, own] as const, ...defs]);
}
