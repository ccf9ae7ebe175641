import { examples, type AddCommand } from './command.js';
import { CliError, EXIT, type ExitCode } from './exit.js';
import { DEFAULT_POLICIES } from './paths.js';
import { safe } from './print/text.js';

interface PowerOptions {
  readonly policies?: readonly string[];
  readonly stateDir: string;
}

const DEEDS = ['on', 'off', 'state'] as const;
type Deed = (typeof DEEDS)[number];

export const power: AddCommand = (program, cli) => {
  program
    .command('power')
    .summary('switch a machine on or off by its driver, past the service')
    .description(
      'Does what a hand at the machine would do. `on` boots an active server from its own disk, when it runs nowhere else and was not fenced; `off` takes the power away. A running service takes neither for a failure.',
    )
    .argument('<deed>', 'on, off or state')
    .argument('<machine>', 'a server of the inventory')
    .option('--policies <path...>', `folders and files (default: ${DEFAULT_POLICIES}/)`)
    .option('--state-dir <dir>', 'where the service keeps its state', 'rekindle-data')
    .addHelpText(
      'after',
      examples(
        ['rekindle power on web-1', 'first start of a server'],
        ['rekindle power state web-1', 'on, or off'],
      ) + '\n\nExit codes: 0 done; 1 refused or failed; 2 wrong usage.',
    )
    .action(
      cli.handle(async (deed: string, machine: string, options: PowerOptions): Promise<ExitCode> => {
        if (!isDeed(deed))
          throw new CliError(EXIT.usage, `power cannot ${safe(deed)}`, 'say on, off or state');
        const { doByHand } = await import('./power-hand.js');
        cli.terminal.out.write(`${await doByHand(cli.terminal, { deed, machine, ...options })}\n`);
        return EXIT.ok;
      }),
    );
};

function isDeed(deed: string): deed is Deed {
  return DEEDS.some((one) => one === deed);
}
