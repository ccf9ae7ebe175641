import { createInterface } from 'node:readline/promises';
import { addServiceOptions, examples, formatOption, type AddCommand } from './command.js';
import { CliError, EXIT, type ExitCode } from './exit.js';
import { giveOrder, orderedBy, type OrderOptions } from './order.js';
import { safe } from './print/text.js';
import type { Terminal } from './terminal.js';

interface RestartOptions extends OrderOptions {
  readonly reason: string;
  readonly yes?: boolean;
}

export const restart: AddCommand = (program, cli) => {
  const command = program
    .command('restart')
    .summary('order the restart of a server on a backup server')
    .description(
      'Orders a takeover: the server is powered off even if it is well, proven off, and started on a backup server from the snapshot that its restart policy chooses.',
    )
    .argument('<server>', 'an active server of the inventory')
    .requiredOption('--reason <text>', 'why; recorded with the decision')
    .option('--by <name>', 'who orders it (default: the user of this terminal)')
    .option('--yes', 'do not ask')
    .option('--wait', 'wait until the server runs on the backup, and print each step');
  addServiceOptions(command)
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(
        ['rekindle restart web-1 --reason "fan is dying" --wait', 'asks first'],
        ['rekindle restart web-1 --reason drill --yes', 'from a script'],
      ) +
        '\n\nExit codes: 0 ordered, with --wait running; 1 no such server, refused, blocked or not confirmed; 2 wrong usage; 4 the service does not answer.',
    )
    .action(
      cli.handle(async (server: string, options: RestartOptions): Promise<ExitCode> => {
        const { terminal } = cli;
        if (options.yes !== true && !(await isConfirmed(terminal, server))) {
          terminal.err.write('nothing was ordered\n');
          return EXIT.failed;
        }
        const content = { by: orderedBy(terminal, options.by), reason: options.reason };
        return giveOrder(terminal, options, { server, what: 'restart', content });
      }),
    );
};

/** @throws {CliError} when there is nobody to ask. */
async function isConfirmed({ stdin, err }: Terminal, server: string): Promise<boolean> {
  if (!stdin.isTty) {
    throw new CliError(
      EXIT.usage,
      'a restart powers the server off, and there is no terminal to ask at',
      'give --yes to order it without being asked',
    );
  }
  err.write(`This powers ${safe(server)} off and starts it on a backup server from a snapshot.\n`);
  err.write('What it did since that snapshot is lost. Type yes to go on: ');
  const lines = createInterface({ input: stdin.stream });
  try {
    for await (const line of lines) return line.trim().toLowerCase() === 'yes';
    return false;
  } finally {
    lines.close();
  }
}
