import { onlooker, type Coverage } from '../../coverage/index.js';
import { loadDocuments, type Loaded } from '../../engine/load.js';
import type { Scenario } from '../../engine/policy-set.js';
import { readPolicyFiles, type PolicyFiles } from '../../files.js';
import { DRIVER_CATALOGUE } from '../../hw/drivers.js';
import { tryMutants, type Trial } from '../../mutation/index.js';
import { runScenarios, type ScenarioResult } from '../../scenario/index.js';
import { CliError, EXIT, type ExitCode } from '../exit.js';
import { scenarioText } from '../print/scenario.js';
import type { Terminal } from '../terminal.js';
import type { TestOptions } from './options.js';
import { printProblemsOf, printReport, writeJunit } from './report.js';

/** What a run found out. */
export interface TestReport {
  readonly scenarios: readonly ScenarioResult[];
  /** Null when it was not asked for. */
  readonly coverage: Coverage | null;
  /** Null when it was not asked for, or scenarios fail, which would kill every mutant. */
  readonly trials: readonly Trial[] | null;
}

/** Reads the policies and tests them. */
export async function testOnce(
  terminal: Terminal,
  paths: readonly string[],
  options: TestOptions,
): Promise<ExitCode> {
  return testFiles(terminal, await readPolicyFiles(paths, terminal.cwd), options);
}

/**
 * Tests what was read.
 * @throws {CliError} when there is no scenario to run.
 */
export async function testFiles(
  terminal: Terminal,
  { files, problems }: PolicyFiles,
  options: TestOptions,
): Promise<ExitCode> {
  const loaded =
    problems.length > 0 ? { ok: false as const, problems } : loadDocuments(files, DRIVER_CATALOGUE);
  if (!loaded.ok) {
    printProblemsOf(terminal, loaded.problems, options.format);
    return EXIT.failed;
  }
  const report = await tested(terminal, loaded, options);
  printReport(terminal, report, options);
  if (options.junit !== undefined) await writeJunit(terminal, options.junit, report.scenarios);
  if (report.scenarios.length === 0) throw nothingFound(options.only);
  return isGood(report, options) ? EXIT.ok : EXIT.failed;
}

async function tested(
  { out, err }: Terminal,
  loaded: Loaded,
  { format, only, coverage, min, mutate }: TestOptions,
): Promise<TestReport> {
  const chosen = ({ name }: Scenario): boolean => only === undefined || name.includes(only);
  const eye = coverage === true || min !== undefined ? onlooker(loaded) : null;
  const scenarios: ScenarioResult[] = [];
  const results = runScenarios(eye?.policySet ?? loaded.policySet, {
    only: chosen,
    ...(eye ? { audience: eye.audience } : {}),
  });
  for await (const result of results) {
    scenarios.push(result);
    if (format === 'pretty') out.write(scenarioText(result, out.paint));
  }
  const passed = scenarios.length > 0 && scenarios.every((result) => result.passed);
  if (mutate === true && !passed)
    err.write('no mutants were tried: a scenario that fails would kill them all\n');
  return {
    scenarios,
    coverage: eye?.coverage() ?? null,
    trials: mutate === true && passed ? await gathered(tryMutants(loaded, chosen)) : null,
  };
}

async function gathered<T>(all: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const one of all) list.push(one);
  return list;
}

function isGood({ scenarios, coverage, trials }: TestReport, { min = 0, mutate }: TestOptions): boolean {
  const enough = coverage === null || coverage.percent >= min;
  const sharp = mutate !== true || (trials?.every(({ killedBy }) => killedBy !== null) ?? false);
  return enough && sharp && scenarios.every(({ passed }) => passed);
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
