import { InvalidArgumentError } from 'commander';
import type { JournalHead } from '../store/store.js';
import {
  addServiceOptions,
  examples,
  formatOption,
  type AddCommand,
  type Format,
  type ServiceOptions,
} from './command.js';
import { EXIT } from './exit.js';
import { jsonLine, safe } from './print/text.js';
import { checkOf } from './store.js';

interface VerifyOptions extends ServiceOptions {
  readonly format: Format;
  readonly head?: JournalHead;
}

export const audit: AddCommand = (program, cli) => {
  const group = program
    .command('audit')
    .summary('the journal of everything that was decided and done: verify that nobody rewrote it')
    .description(
      'The journal: who ordered what, what was decided by which policies, what was done and came of it.',
    );

  addServiceOptions(group.command('verify [file]'))
    .summary('follow the chain over the journal from its first entry')
    .description(
      'Each entry of the journal is chained to the one before it by a hash. Verifies the chain of the running service, or of a FILE that no service has open, and prints its head. Note the head elsewhere: a later check against it shows whether anything before it was rewritten.',
    )
    .option('--head <entries:hash>', 'a head that was noted before; the chain must lead through it', readHead)
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(
        ['rekindle audit verify', 'prints 1204:9f86d0...'],
        ['rekindle audit verify --head 1204:9f86d0...', 'nothing before it was rewritten'],
      ) +
        '\n\nExit codes: 0 nothing was rewritten, 1 something was, 2 wrong usage, 4 the service does not answer.',
    )
    .action(
      cli.handle(async (file: string | undefined, options: VerifyOptions) => {
        const { damage, journal } = await checkOf(cli.terminal, file, options, options.head ?? null);
        const { out } = cli.terminal;
        if (options.format === 'json') out.write(jsonLine({ damage, journal }));
        else {
          for (const one of damage) out.write(`${out.paint.red('rewritten:')} ${safe(one)}\n`);
          if (damage.length === 0) out.write(`${journal.entries}:${journal.hash}\n`);
        }
        return damage.length === 0 ? EXIT.ok : EXIT.failed;
      }),
    );
};

function readHead(text: string): JournalHead {
  const [, entries, hash] = /^(\d{1,12}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (hash === undefined) throw new InvalidArgumentError('Expected is what `rekindle audit verify` printed.');
  return { entries: Number(entries), hash };
}
