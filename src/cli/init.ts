import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { examples, type AddCommand } from './command.js';
import { CliError, EXIT } from './exit.js';
import { anySchema } from './schema.js';

/** The policies that a new user begins with: documents of this package, not text in a program. */
const STARTER = new URL('../../starter/', import.meta.url);

/** Where an editor finds the schema that the documents name; the loader passes over names that begin with a dot. */
const SCHEMA = '.rekindle/policy.schema.json';

export const init: AddCommand = (program, cli) => {
  program
    .command('init')
    .summary('write a first policy set, with tests')
    .description(
      'Writes an inventory, policies and scenarios to begin with, and the schema by which an editor completes and explains them. All hardware in it is simulated. Nothing that is there is written over.',
    )
    .argument('[folder]', 'where to', 'policies')
    .addHelpText(
      'after',
      examples(['rekindle init', 'into policies/'], ['rekindle init site/', 'into another folder']) +
        '\n\nExit codes: 0 written, 2 there is something already, or the folder cannot be written.',
    )
    .action(
      cli.handle(async (folder: string) => {
        const { cwd, out } = cli.terminal;
        const target = resolve(cwd, folder);
        const names = (await readdir(STARTER)).toSorted();
        await refuseToWriteOver(target, folder, [...names, SCHEMA]);
        try {
          await mkdir(resolve(target, '.rekindle'), { recursive: true });
          for (const name of names) {
            await writeFile(resolve(target, name), await readFile(new URL(name, STARTER)), { flag: 'wx' });
          }
          await writeFile(resolve(target, SCHEMA), `${JSON.stringify(await anySchema(), null, 2)}\n`, {
            flag: 'wx',
          });
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          throw new CliError(EXIT.usage, `${folder} cannot be written: ${why}`, '', { cause: error });
        }
        const at = folder === 'policies' ? '' : ` ${folder}`;
        out.write(
          `${names.map((name) => `${join(folder, name)}\n`).join('')}\n` +
            `Next:\n` +
            `  rekindle validate${at}                    # is every document right?\n` +
            `  rekindle test --coverage --mutate${at}    # do the scenarios protect the policies?\n` +
            `  rekindle check${at}                       # is every single failure survived?\n` +
            `  rekindle run${at === '' ? '' : ` --policies ${folder}`}                         # decide and act\n`,
        );
        return EXIT.ok;
      }),
    );
};

/** @throws {CliError} naming what is there. */
async function refuseToWriteOver(target: string, folder: string, names: readonly string[]): Promise<void> {
  const there = new Set(await readdir(target, { recursive: true }).catch(() => []));
  const [first] = names.filter((name) => there.has(name));
  if (first === undefined) return;
  throw new CliError(
    EXIT.usage,
    `${join(folder, first)} is there already`,
    'nothing was written; name another folder, or move what is there away',
  );
}
