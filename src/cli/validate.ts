import { resolve } from 'node:path';
import type { LoadResult } from '../engine/load.js';
import type { PolicySet } from '../engine/policy-set.js';
import { examples, formatOption, inventoryOption, type AddCommand, type Format } from './command.js';
import { EXIT } from './exit.js';
import { FINDING_FORMATS, findingOfProblem, isFindingFormat, type FindingFormat } from './print/finding.js';
import { findingsText } from './print/findings.js';
import { printProblems, problemJson } from './print/problems.js';
import { counted, jsonLine, shortRevision } from './print/text.js';
import type { Terminal } from './terminal.js';

type ValidateFormat = Format | FindingFormat;

interface ValidateOptions {
  readonly format: ValidateFormat;
  readonly inventory?: string;
  readonly probe?: boolean;
  readonly stateDir: string;
}

export const validate: AddCommand = (program, cli) => {
  program
    .command('validate')
    .summary('check documents: every problem of every file at once')
    .description('Checks documents as the service does, and prints every problem of every file at once.')
    .argument('[path...]', 'folders and files (default: policies/)')
    .addOption(inventoryOption())
    .option(
      '--probe',
      'also look whether the programs, images and folders of the inventory are there and usable',
    )
    .option('--state-dir <dir>', 'with --probe: where the service would keep its state', 'rekindle-data')
    .addOption(formatOption(...FINDING_FORMATS))
    .addHelpText(
      'after',
      examples(
        ['rekindle validate', 'check the folder policies/'],
        ['rekindle validate staging/ --format json', 'for an editor or a CI job'],
        ['rekindle validate --format sarif > policies.sarif', 'for a code scanning service'],
        ['rekindle validate --probe', 'on the host that it will run on'],
      ) + '\n\nExit codes: 0 no problem, 1 problems, 2 wrong usage.',
    )
    .action(
      cli.handle(async (paths: readonly string[], options: ValidateOptions) => {
        const { loadPolicies } = await import('./policies.js');
        const loaded = await loadPolicies(cli.terminal, { paths, inventory: options.inventory });
        const result = options.probe === true ? await probed(cli.terminal, loaded, options.stateDir) : loaded;
        print(cli.terminal, result, options.format);
        return result.ok ? EXIT.ok : EXIT.failed;
      }),
    );
};

/** The documents are right; is what they name also there? */
async function probed(terminal: Terminal, loaded: LoadResult, stateDir: string): Promise<LoadResult> {
  if (!loaded.ok) return loaded;
  const { probePolicySet } = await import('./probe.js');
  const problems = await probePolicySet(loaded.policySet, resolve(terminal.cwd, stateDir));
  return problems.length === 0 ? loaded : { ok: false, problems };
}

function print(terminal: Terminal, result: LoadResult, format: ValidateFormat): void {
  const problems = result.ok ? [] : result.problems;
  if (format === 'json') {
    terminal.out.write(jsonLine({ problems: problems.map(problemJson) }));
  } else if (isFindingFormat(format)) {
    terminal.out.write(findingsText(problems.map(findingOfProblem), format, 'Policies'));
  } else if (result.ok) {
    terminal.out.write(`${terminal.out.paint.green('✓')} ${summary(result.policySet)}\n`);
  } else {
    printProblems(terminal.out, problems);
  }
}

function summary(set: PolicySet): string {
  const counts = [
    counted(set.alertPolicies.length, 'AlertPolicy', 'AlertPolicies'),
    counted(set.schedulePolicies.length, 'SchedulePolicy', 'SchedulePolicies'),
    counted(set.placementPolicies.size, 'PlacementPolicy', 'PlacementPolicies'),
    counted(set.restartPolicies.length, 'RestartPolicy', 'RestartPolicies'),
    `Inventory ${set.inventory.name} (${counted(set.inventory.machines.size, 'server')}, ${counted(set.inventory.drives.size, 'drive')})`,
    counted(set.scenarios.length, 'Scenario'),
  ];
  return `no problems: ${counts.join(', ')}; revision ${shortRevision(set.revision)}`;
}
