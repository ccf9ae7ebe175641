import type { ScenarioResult } from '../scenario/index.js';
import { examples, formatOption, inventoryOption, type AddCommand, type Format } from './command.js';
import { CliError, EXIT } from './exit.js';
import { findingsOfScenario, isFindingFormat } from './print/finding.js';
import { findingsText } from './print/findings.js';
import { junitXml } from './print/junit.js';
import { scenarioText, totalText } from './print/scenario.js';
import { jsonLine } from './print/text.js';
import type { Terminal } from './terminal.js';

const TEST_FORMATS = ['junit', 'github', 'markdown'] as const;
type TestFormat = Format | (typeof TEST_FORMATS)[number];

interface TestOptions {
  readonly format: TestFormat;
  readonly inventory?: string;
  readonly only?: string;
}

export const test: AddCommand = (program, cli) => {
  program
    .command('test')
    .summary('run the Scenario documents: tests of the policies')
    .description(
      'Plays every Scenario document on the simulated rack and virtual time, with the engine, actions and journal of the service.',
    )
    .argument('[path...]', 'folders and files with the policies and scenarios (default: policies/)')
    .option('--only <text>', 'only scenarios that have this in their name')
    .addOption(inventoryOption())
    .addOption(formatOption(...TEST_FORMATS))
    .addHelpText(
      'after',
      examples(
        ['rekindle test', 'all scenarios in policies/'],
        ['rekindle test --format junit > scenarios.xml', 'for a CI system'],
        ['rekindle test --format github', 'failed steps beside the lines of a pull request'],
      ) +
        '\n\nExit codes: 0 all pass, 1 some fail or the policies have problems, 2 wrong usage, 3 there is no scenario.',
    )
    .action(
      cli.handle(async (paths: readonly string[], options: TestOptions) => {
        const { terminal } = cli;
        const { requirePolicies } = await import('./policies.js');
        const policySet = await requirePolicies(terminal, { paths, inventory: options.inventory });
        const { runScenarios } = await import('../scenario/index.js');
        const { only } = options;
        const results = runScenarios(
          policySet,
          only === undefined ? {} : { only: ({ name }) => name.includes(only) },
        );
        const all = await printResults(terminal, results, options.format);
        if (all.length === 0) throw nothingFound(only);
        return all.every(({ passed }) => passed) ? EXIT.ok : EXIT.failed;
      }),
    );
};

/** Prints each result when it is there, as far as the format allows. */
async function printResults(
  { out }: Terminal,
  results: AsyncIterable<ScenarioResult>,
  format: TestFormat,
): Promise<readonly ScenarioResult[]> {
  const all: ScenarioResult[] = [];
  for await (const result of results) {
    all.push(result);
    if (format === 'pretty') out.write(scenarioText(result, out.paint));
  }
  if (format === 'json') out.write(jsonLine({ scenarios: all }));
  if (format === 'junit') out.write(junitXml(all));
  if (isFindingFormat(format)) out.write(findingsText(all.flatMap(findingsOfScenario), format, 'Scenarios'));
  if (format === 'pretty' && all.length > 0) out.write(totalText(all, out.paint));
  return all;
}

/** A test run that tested nothing must not look like one that passed. */
function nothingFound(only: string | undefined): CliError {
  const what = only === undefined ? 'there is no scenario' : `no scenario has "${only}" in its name`;
  return new CliError(
    EXIT.nothingToTest,
    what,
    'scenarios are documents of kind Scenario; they stand beside the policies',
  );
}
