import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Problem } from '../../engine/problem.js';
import type { ScenarioResult } from '../../scenario/index.js';
import { CliError, EXIT } from '../exit.js';
import { coverageText, findingsOfCoverage } from '../print/coverage.js';
import { findingOfProblem, findingsOfScenario, isFindingFormat } from '../print/finding.js';
import { findingsText } from '../print/findings.js';
import { junitXml } from '../print/junit.js';
import { findingsOfMutants, mutantsText } from '../print/mutants.js';
import { printProblems, problemJson } from '../print/problems.js';
import { totalText } from '../print/scenario.js';
import { jsonLine } from '../print/text.js';
import type { Terminal } from '../terminal.js';
import type { TestReport } from './once.js';
import type { TestFormat, TestOptions } from './options.js';

/** All but what was printed while the scenarios ran. */
export function printReport({ out }: Terminal, report: TestReport, { format, min }: TestOptions): void {
  const { scenarios, coverage, trials } = report;
  if (format === 'json') {
    out.write(
      jsonLine({ scenarios, ...(coverage ? { coverage } : {}), ...(trials ? { mutants: trials } : {}) }),
    );
  } else if (format === 'junit') {
    out.write(junitXml(scenarios));
  } else if (isFindingFormat(format)) {
    const findings = [
      ...scenarios.flatMap(findingsOfScenario),
      ...(coverage ? findingsOfCoverage(coverage) : []),
      ...(trials ? findingsOfMutants(trials) : []),
    ];
    out.write(findingsText(findings, format, 'Scenarios'));
  } else if (scenarios.length > 0) {
    out.write(totalText(scenarios, out.paint));
    if (coverage) out.write(coverageText(coverage, out.paint, min));
    if (trials) out.write(mutantsText(trials, out.paint));
  }
}

/** In the format that was asked for, so that problems stand beside their lines, too. */
export function printProblemsOf(
  { out, err }: Terminal,
  problems: readonly Problem[],
  format: TestFormat,
): void {
  if (format === 'json') out.write(jsonLine({ problems: problems.map(problemJson), scenarios: [] }));
  else if (isFindingFormat(format))
    out.write(findingsText(problems.map(findingOfProblem), format, 'Scenarios'));
  if (format === 'pretty' || format === 'junit') printProblems(err, problems);
  err.write(`${err.paint.red('error:')} the policies have problems, so nothing was tested\n`);
}

/** @throws {CliError} when the file cannot be written. */
export async function writeJunit(
  { cwd }: Terminal,
  file: string,
  scenarios: readonly ScenarioResult[],
): Promise<void> {
  try {
    await writeFile(resolve(cwd, file), junitXml(scenarios));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.usage, `${file} cannot be written: ${why}`, '', { cause: error });
  }
}
