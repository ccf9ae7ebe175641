import {
  addServiceOptions,
  examples,
  formatOption,
  type AddCommand,
  type Format,
  type ServiceOptions,
} from './command.js';
import { CliError, EXIT } from './exit.js';
import { decisionText } from './print/decision.js';
import { eventText } from './print/event.js';
import { operationText } from './print/operation.js';
import { jsonLine, safe } from './print/text.js';
import type { Api, Explained } from './service/api.js';
import type { Paint } from './terminal.js';

export const why: AddCommand = (program, cli) => {
  const command = program
    .command('why')
    .summary('one decision explained: what was done or not done, and why')
    .description(
      'Explains a decision of the running service: each reason with the values that the conditions met, every drive, snapshot and backup server accepted or rejected, and the steps of the operation. A decision to do nothing is explained as fully as any other.',
    )
    .argument('<id>', 'a decision, an event or an operation');
  addServiceOptions(command)
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(
        ['rekindle why d-1f0c2a9b3d4e5f60', 'a decision that rekindle history lists'],
        ['rekindle why op-1f0c2a9b3d4e5f60 --format json', 'what led to an operation, for a program'],
      ) + '\n\nExit codes: 0 explained, 1 nothing of this id, 2 wrong usage, 4 the service does not answer.',
    )
    .action(
      cli.handle(async (id: string, options: ServiceOptions & { readonly format: Format }) => {
        const { out } = cli.terminal;
        const { connect } = await import('./service/api.js');
        const found = await find(await connect(cli.terminal, options), id);
        out.write(options.format === 'json' ? jsonLine(found) : explainedText(found, out.paint));
        return EXIT.ok;
      }),
    );
};

/** The decision is everything: what was done, what came in, and what became of it. */
export function explainedText({ decision, event, operation }: Explained, paint: Paint): string {
  return (
    decisionText(decision, paint) +
    (event === null ? '' : eventText(event, paint)) +
    (operation === null ? '' : operationText(operation, paint))
  );
}

/** An event has the decision whose id is made of its own; an operation holds its decision. */
async function find(api: Api, id: string): Promise<Explained> {
  const { decisionId } = await import('../engine/decide.js');
  const found =
    (await api.decision(id)) ?? (await api.decision(decisionId(id))) ?? (await ofOperation(api, id));
  if (found !== null) return found;
  throw new CliError(
    EXIT.failed,
    `there is no decision, event or operation "${safe(id)}"`,
    '`rekindle history` lists decisions; an event about a server that the inventory does not have is counted and leaves none',
  );
}

async function ofOperation(api: Api, id: string): Promise<Explained | null> {
  const operation = await api.operation(id);
  return operation && api.decision(operation.decision.id);
}
