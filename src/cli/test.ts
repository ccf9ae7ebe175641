import { InvalidArgumentError } from 'commander';
import { examples, formatOption, inventoryOption, type AddCommand } from './command.js';
import { documentPaths } from './paths.js';
import type { TestOptions } from './test/options.js';

export const test: AddCommand = (program, cli) => {
  program
    .command('test')
    .summary('run the Scenario documents: tests of the policies')
    .description(
      'Plays every Scenario document on the simulated rack and virtual time, with the engine, actions and journal of the service.',
    )
    .argument('[path...]', 'folders and files with the policies and scenarios (default: policies/)')
    .option('--only <text>', 'only scenarios that have this in their name')
    .option('--coverage', 'say which policies, comparisons and ways of a restart no scenario shows at work')
    .option('--min <percent>', 'with less coverage than this the run fails; implies --coverage', percentage)
    .option(
      '--mutate',
      'make one small mistake after the other in the policies; list those that no scenario finds',
    )
    .option('--junit <file>', 'write the results into this file as JUnit as well')
    .option('--watch', 'test again whenever the files change, until Ctrl-C')
    .addOption(inventoryOption())
    .addOption(formatOption('junit', 'github', 'markdown'))
    .addHelpText(
      'after',
      examples(
        ['rekindle test', 'all scenarios in policies/'],
        ['rekindle test --coverage --min 90', 'and how much of the policies they show at work'],
        ['rekindle test --mutate', 'and whether they would notice a mistake'],
        ['rekindle test --watch', 'while editing'],
        ['rekindle test --junit scenarios.xml --format github', 'in CI'],
      ) +
        '\n\nExit codes: 0 all pass, 1 some fail, too little is covered, a mutant survives or the policies have problems, 2 wrong usage, 3 there is no scenario.',
    )
    .action(
      cli.handle(async (paths: readonly string[], options: TestOptions) => {
        const where = documentPaths({ paths, inventory: options.inventory });
        if (options.watch === true) {
          const { testAgainAndAgain } = await import('./test/watch.js');
          return testAgainAndAgain(cli.terminal, where, options);
        }
        const { testOnce } = await import('./test/once.js');
        return testOnce(cli.terminal, where, options);
      }),
    );
};

function percentage(text: string): number {
  const percent = Number(text.replace(/%$/, ''));
  if (/^\d/.test(text) && percent >= 0 && percent <= 100) return percent;
  throw new InvalidArgumentError('Expected is a percentage from 0 to 100.');
}
