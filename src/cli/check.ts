import { InvalidArgumentError } from 'commander';
import type { Analysis } from '../check/index.js';
import { examples, formatOption, inventoryOption, type AddCommand, type Format } from './command.js';
import { EXIT } from './exit.js';
import { analysisJson, checkText } from './print/check.js';
import {
  FINDING_FORMATS,
  findingOfCheck,
  findingOfProblem,
  isFindingFormat,
  type Finding,
  type FindingFormat,
} from './print/finding.js';
import { findingsText } from './print/findings.js';
import { printProblems, problemJson } from './print/problems.js';
import { jsonLine } from './print/text.js';
import type { Terminal } from './terminal.js';
import type { Problem } from '../engine/problem.js';

type CheckFormat = Format | FindingFormat;

interface CheckOptions {
  readonly format: CheckFormat;
  readonly inventory?: string;
  readonly strict?: boolean;
  readonly pairs?: number | true;
  readonly examples?: string;
}

export const check: AddCommand = (program, cli) => {
  program
    .command('check')
    .summary('find policies that do nothing and failures that are not survived')
    .description(
      'Looks at the policies as a whole, against the inventory: what each document says is right, but does it do what was meant? Every single failure of a server, drive, device, failure domain and path is taken from the worst state that the schedules allow, and decided by the engine itself.',
    )
    .argument('[path...]', 'folders and files (default: policies/)')
    .option('--strict', 'warnings count as errors')
    .option('--pairs [count]', 'pairs of failures as well, at most so many of them', pairCount)
    .option('--examples <folder>', 'write each failure that is not survived as a Scenario into this folder')
    .addOption(inventoryOption())
    .addOption(formatOption(...FINDING_FORMATS))
    .addHelpText(
      'after',
      examples(
        ['rekindle check', 'check the folder policies/'],
        ['rekindle check --strict --format github', 'in a pull request'],
        ['rekindle check --pairs 5000', 'two failures at the same time as well'],
        ['rekindle check --examples found/', 'what is not survived, as Scenarios that fail'],
      ) + '\n\nExit codes: 0 no error, 1 errors or problems of documents, 2 wrong usage.',
    )
    .action(
      cli.handle(async (paths: readonly string[], options: CheckOptions) => {
        const { loadPolicies } = await import('./policies.js');
        const loaded = await loadPolicies(cli.terminal, { paths, inventory: options.inventory });
        if (!loaded.ok) {
          print(cli.terminal, options.format, { problems: loaded.problems, findings: [], analysis: null });
          return EXIT.failed;
        }
        const { check: checkPolicySet } = await import('../check/index.js');
        const { findings: found, analysis } = await checkPolicySet(loaded.policySet, pairsOf(options));
        const findings = found.map(findingOfCheck);
        print(cli.terminal, options.format, { problems: [], findings, analysis });
        if (options.examples !== undefined) {
          const { writeExamples } = await import('./examples.js');
          await writeExamples(cli.terminal, options.examples, {
            policySet: loaded.policySet,
            findings: found,
          });
        }
        const counts = options.strict === true ? findings : findings.filter(isError);
        return counts.length === 0 ? EXIT.ok : EXIT.failed;
      }),
    );
};

const DEFAULT_PAIRS = 2_000;

function pairCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('expected a whole number of at least 1');
}

/** `--pairs` without a count is `true`. */
function pairsOf({ pairs }: CheckOptions): { readonly pairs: number } {
  return { pairs: pairs === true ? DEFAULT_PAIRS : (pairs ?? 0) };
}

function isError({ severity }: Finding): boolean {
  return severity === 'error';
}

interface Result {
  readonly problems: readonly Problem[];
  readonly findings: readonly Finding[];
  /** Null when the documents have problems. */
  readonly analysis: Analysis | null;
}

function print({ out }: Terminal, format: CheckFormat, { problems, findings, analysis }: Result): void {
  if (format === 'json') {
    const failures = analysis === null ? {} : { failures: analysisJson(analysis) };
    out.write(jsonLine({ problems: problems.map(problemJson), findings, ...failures }));
  } else if (isFindingFormat(format)) {
    out.write(findingsText([...problems.map(findingOfProblem), ...findings], format, 'Policies'));
  } else if (problems.length > 0) {
    printProblems(out, problems);
  } else {
    out.write(checkText(findings, analysis, out));
  }
}
