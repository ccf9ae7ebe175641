import {
  addServiceOptions,
  examples,
  formatOption,
  inventoryOption,
  type AddCommand,
  type Format,
  type ServiceOptions,
} from './command.js';
import type { Decision } from '../engine/decision.js';
import type { ExplainedPolicy } from '../explain/index.js';
import type { DryRun } from './events/source.js';
import { CliError, EXIT } from './exit.js';
import { decisionText } from './print/decision.js';
import { eventText } from './print/event.js';
import { operationText } from './print/operation.js';
import { jsonLine, safe } from './print/text.js';
import type { Api, Explained } from './service/api.js';
import type { Paint, Terminal } from './terminal.js';

interface WhyOptions extends ServiceOptions, Partial<DryRun> {
  readonly inventory?: string;
  readonly format: Format;
}

export const why: AddCommand = (program, cli) => {
  const command = program
    .command('why')
    .summary('one decision explained: what was done or not done, why, and what would have changed it')
    .description(
      'Explains a decision of the running service, or with --event what would be decided about an event: each condition as a tree with the values that it met, every drive, snapshot and backup server accepted or rejected, and the steps of the operation. The conditions of a recorded decision are shown as trees where policies/ is the set that decided. With --event also the smallest changes that would have led to another decision, each of them proven by deciding it. A decision to do nothing is explained as fully as any other.',
    )
    .argument(
      '[id-or-path...]',
      'a decision, an event or an operation; with --event folders and files with the policies (default: policies/)',
    )
    .option(
      '--event <file>',
      'explain what would be decided about this event; - reads it from standard input',
    )
    .option(
      '--state <file>',
      "with --event: the state to decide on, as the service's GET /v1/state answers it",
    )
    .option('--at <time>', 'with --event: the time of an event that gives none, RFC 3339 or now')
    .addOption(inventoryOption());
  addServiceOptions(command)
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(
        ['rekindle why d-1f0c2a9b3d4e5f60', 'a decision that rekindle history lists'],
        ['rekindle why op-1f0c2a9b3d4e5f60 --format json', 'what led to an operation, for a program'],
        ['rekindle why --event alert.json policies/', 'why nothing happens, and what would have to differ'],
      ) +
        '\n\nExit codes: 0 explained, 1 nothing of this id or the policies have problems, 2 wrong usage, 4 the service does not answer.',
    )
    .action(
      cli.handle(async (words: readonly string[], options: WhyOptions) => {
        const { event } = options;
        if (event !== undefined) return explainEvents(cli.terminal, words, { ...options, event });
        const [id, ...others] = words;
        if (id === undefined || others.length > 0) {
          throw new CliError(
            EXIT.usage,
            'expected is one id, or --event',
            '`rekindle history` lists decisions',
          );
        }
        return explainRecorded(cli.terminal, id, options);
      }),
    );
};

/** A decision that the service has made. */
async function explainRecorded(terminal: Terminal, id: string, options: WhyOptions): Promise<typeof EXIT.ok> {
  const { out } = terminal;
  const { connect } = await import('./service/api.js');
  const { policiesText } = await import('./print/explanation.js');
  const found = await find(await connect(terminal, options), id);
  const policies = await judgedBy(terminal, options, found.decision);
  out.write(
    options.format === 'json'
      ? jsonLine({ ...found, policies })
      : explainedText(found, out.paint) + policiesText(policies, out.paint),
  );
  return EXIT.ok;
}

/** The conditions as the documents state them, where the documents here are those that decided; else none. */
async function judgedBy(
  terminal: Terminal,
  { inventory }: WhyOptions,
  decision: Decision,
): Promise<readonly ExplainedPolicy[]> {
  const { loadPolicies } = await import('./policies.js');
  const { recordedPolicies } = await import('../explain/index.js');
  const loaded = await loadPolicies(terminal, { paths: [], inventory });
  if (!loaded.ok || loaded.policySet.revision !== decision.policyRevision) return [];
  return recordedPolicies(loaded.policySet, decision);
}

/** Decisions that would be made: each event on the state that the ones before it leave. */
async function explainEvents(
  terminal: Terminal,
  paths: readonly string[],
  options: WhyOptions & DryRun,
): Promise<typeof EXIT.ok> {
  const { out } = terminal;
  const { requirePolicies } = await import('./policies.js');
  const { openEvents, startingView } = await import('./events/source.js');
  const { explain } = await import('../explain/index.js');
  const { advance } = await import('../engine/advance.js');
  const { explanationText } = await import('./print/explanation.js');
  const policySet = await requirePolicies(terminal, { paths, inventory: options.inventory });
  let view = await startingView(terminal, policySet, options);
  const { events } = await openEvents(terminal, options);
  let first = true;
  for await (const event of events) {
    const explanation = await explain(policySet, event, view);
    if (options.format === 'json') out.write(jsonLine(explanation));
    else out.write(`${first ? '' : '\n'}${explanationText(explanation, out.paint)}`);
    first = false;
    view = advance(policySet, view, explanation.decision);
  }
  return EXIT.ok;
}

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
