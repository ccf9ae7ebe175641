import { examples, formatOption, inventoryOption, type AddCommand, type Format } from './command.js';
import { EXIT } from './exit.js';
import { checkText } from './print/check.js';
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
}

export const check: AddCommand = (program, cli) => {
  program
    .command('check')
    .summary('find policies that do nothing and servers that no policy keeps')
    .description(
      'Looks at the policies as a whole, against the inventory: what each document says is right, but does it do what was meant?',
    )
    .argument('[path...]', 'folders and files (default: policies/)')
    .option('--strict', 'warnings count as errors')
    .addOption(inventoryOption())
    .addOption(formatOption(...FINDING_FORMATS))
    .addHelpText(
      'after',
      examples(
        ['rekindle check', 'check the folder policies/'],
        ['rekindle check --strict --format github', 'in a pull request'],
      ) + '\n\nExit codes: 0 no error, 1 errors or problems of documents, 2 wrong usage.',
    )
    .action(
      cli.handle(async (paths: readonly string[], options: CheckOptions) => {
        const { loadPolicies } = await import('./policies.js');
        const loaded = await loadPolicies(cli.terminal, { paths, inventory: options.inventory });
        if (!loaded.ok) {
          print(cli.terminal, options.format, { problems: loaded.problems, findings: [] });
          return EXIT.failed;
        }
        const { checkPolicySet } = await import('../check/index.js');
        const findings = checkPolicySet(loaded.policySet).map(findingOfCheck);
        print(cli.terminal, options.format, { problems: [], findings });
        const counts = options.strict === true ? findings : findings.filter(isError);
        return counts.length === 0 ? EXIT.ok : EXIT.failed;
      }),
    );
};

function isError({ severity }: Finding): boolean {
  return severity === 'error';
}

interface Result {
  readonly problems: readonly Problem[];
  readonly findings: readonly Finding[];
}

function print({ out }: Terminal, format: CheckFormat, { problems, findings }: Result): void {
  if (format === 'json') {
    out.write(jsonLine({ problems: problems.map(problemJson), findings }));
  } else if (isFindingFormat(format)) {
    out.write(findingsText([...problems.map(findingOfProblem), ...findings], format, 'Policies'));
  } else if (problems.length > 0) {
    printProblems(out, problems);
  } else {
    out.write(checkText(findings, out));
  }
}
