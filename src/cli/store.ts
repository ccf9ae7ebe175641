import { resolve } from 'node:path';
import type { JournalHead, StoreCheck } from '../store/store.js';
import {
  addServiceOptions,
  examples,
  formatOption,
  type AddCommand,
  type Format,
  type ServiceOptions,
} from './command.js';
import { CliError, EXIT, type ExitCode } from './exit.js';
import { counted, jsonLine, safe } from './print/text.js';
import type { Terminal } from './terminal.js';

type CheckOptions = ServiceOptions & { readonly format: Format };

export const store: AddCommand = (program, cli) => {
  const group = program
    .command('store')
    .summary('the file that everything is kept in: check it, back it up, put a backup in its place')
    .description('Keeps the file well that the administration server keeps everything in.');

  addServiceOptions(group.command('check [file]'))
    .summary('look at every page, every row and every link of the journal')
    .description(
      'Checks the store of the running service, or a FILE that no service has open: a backup, or the store of one that is stopped.',
    )
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(
        ['rekindle store check', 'the store of the running service'],
        ['rekindle store check rekindle-data/rekindle.db', 'that of one that is stopped'],
      ) +
        '\n\nExit codes: 0 whole, 1 damaged or not to be read, 2 wrong usage, 4 the service does not answer.',
    )
    .action(
      cli.handle(async (file: string | undefined, options: CheckOptions) =>
        printCheck(cli.terminal, await checkOf(cli.terminal, file, options), options.format),
      ),
    );

  addServiceOptions(group.command('backup'))
    .summary('write a whole copy, into the folder backups of the state directory')
    .description('Has the running service write a copy of its store; the newest seven are kept.')
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(['rekindle store backup', 'prints where the copy is']) +
        '\n\nExit codes: 0 written, 1 refused, 2 wrong usage, 4 the service does not answer.',
    )
    .action(
      cli.handle(async (options: CheckOptions) => {
        const { connect } = await import('./service/api.js');
        const file = await (await connect(cli.terminal, options)).backUpStore();
        cli.terminal.out.write(options.format === 'json' ? jsonLine({ file }) : `${safe(file)}\n`);
        return EXIT.ok;
      }),
    );

  group
    .command('restore <backup>')
    .summary('put a backup in the place of the store of a stopped service')
    .description(
      'Checks the backup, keeps what stands in its place beside it, and takes its place. What the service did after the backup was made is then not known to it: see what runs where before you start it.',
    )
    .option('--state-dir <dir>', 'where the store is kept', 'rekindle-data')
    .addHelpText(
      'after',
      examples([
        'rekindle store restore rekindle-data/backups/2026-11-30T03-00-00.000Z.db',
        'the one of that night',
      ]) + '\n\nExit codes: 0 restored, 1 refused and nothing changed, 2 wrong usage.',
    )
    .action(
      cli.handle(async (backup: string, { stateDir }: { readonly stateDir: string }) => {
        const { restoreStoreFile } = await import('../store/sqlite/care.js');
        const file = resolve(cli.terminal.cwd, stateDir, 'rekindle.db');
        const replaced = await orExplain(() => restoreStoreFile(resolve(cli.terminal.cwd, backup), file));
        const kept = replaced === null ? '' : `; what stood there is now ${safe(replaced)}`;
        cli.terminal.out.write(`${safe(file)} is ${safe(backup)} again${kept}\n`);
        return EXIT.ok;
      }),
    );
};

/** @param file null asks the running service. */
export async function checkOf(
  terminal: Terminal,
  file: string | undefined,
  options: ServiceOptions,
  through: JournalHead | null = null,
): Promise<StoreCheck> {
  if (file === undefined) {
    const { connect } = await import('./service/api.js');
    return (await connect(terminal, options)).checkStore(through);
  }
  const { checkStoreFile } = await import('../store/sqlite/care.js');
  return orExplain(() => checkStoreFile(resolve(terminal.cwd, file), through));
}

function printCheck({ out }: Terminal, { damage, journal }: StoreCheck, format: Format): ExitCode {
  if (format === 'json') out.write(jsonLine({ damage, journal }));
  else {
    for (const one of damage) out.write(`${out.paint.red('damaged:')} ${safe(one)}\n`);
    if (damage.length === 0)
      out.write(
        `${out.paint.green('whole')}, ${counted(journal.entries, 'journal entry', 'journal entries')}\n`,
      );
  }
  return damage.length === 0 ? EXIT.ok : EXIT.failed;
}

async function orExplain<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') throw error;
    throw new CliError(EXIT.failed, safe(error.message), '', { cause: error });
  }
}
