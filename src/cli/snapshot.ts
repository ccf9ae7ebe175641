import { addServiceOptions, examples, formatOption, type AddCommand } from './command.js';
import { giveOrder, orderedBy, type OrderOptions } from './order.js';

interface SnapshotOptions extends OrderOptions {
  readonly condition?: string;
  readonly pin?: boolean;
}

export const snapshot: AddCommand = (program, cli) => {
  const command = program
    .command('snapshot')
    .summary('order a snapshot of a server')
    .description(
      'Orders a snapshot, beside the previous one and on another drive. It is decided about, recorded and explained like any other event.',
    )
    .argument('<server>', 'an active server of the inventory')
    .option('--condition <name>', 'the condition recorded with it (default: manual)')
    .option('--pin', 'retention never retires it')
    .option('--by <name>', 'who orders it (default: the user of this terminal)')
    .option('--wait', 'wait until it is complete, and print each step');
  addServiceOptions(command)
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(
        ['rekindle snapshot web-1 --wait', 'before something risky'],
        ['rekindle snapshot web-1 --condition before-upgrade --pin', 'and keep it'],
      ) +
        '\n\nExit codes: 0 ordered, with --wait complete; 1 no such server, refused or blocked; 2 wrong usage; 4 the service does not answer.',
    )
    .action(
      cli.handle((server: string, options: SnapshotOptions) =>
        giveOrder(cli.terminal, options, {
          server,
          what: 'snapshot',
          content: {
            by: orderedBy(cli.terminal, options.by),
            ...(options.condition === undefined ? {} : { condition: options.condition }),
            ...(options.pin === true ? { pinned: true } : {}),
          },
        }),
      ),
    );
};
