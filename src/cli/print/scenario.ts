import type { ScenarioResult, StepResult } from '../../scenario/index.js';
import type { Paint } from '../terminal.js';
import { decisionText } from './decision.js';
import { table, type Cell } from './table.js';
import { counted, roughly, safe, tookText } from './text.js';

/** One line; of a failed scenario also each failed step, with what was expected and why it was decided so. */
export function scenarioText(result: ScenarioResult, paint: Paint): string {
  const place = paint.dim(safe(`${result.file}:${result.line}`));
  const took = paint.dim(tookText(result.durationMs));
  const name = safe(result.name);
  if (result.passed) return `${paint.green('✓')} ${name}  ${place}  ${took}\n`;
  const failed = result.steps.filter(({ passed }) => !passed);
  return `${paint.red('✗')} ${paint.bold(name)}  ${place}  ${took}\n${failed.map((step) => stepText(step, result.file, paint)).join('')}`;
}

function stepText(step: StepResult, file: string, paint: Paint): string {
  const rows = step.mismatches.map(({ what, expected, actual }): Cell[] => [
    what,
    { text: expected, paint: paint.green },
    { text: actual, paint: paint.red },
  ]);
  const why = step.decision === null ? '' : indented(decisionText(step.decision, paint));
  return (
    `    at ${roughly(step.atMs)}, ${safe(step.what)}  ${paint.dim(safe(`${file}:${step.line}`))}\n` +
    table(rows, { head: ['', 'expected', 'actual'], paintHead: paint.dim, indent: '      ' }) +
    why
  );
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? line : `      ${line}`))
    .join('\n');
}

/** How many passed; the last line of a run. */
export function totalText(results: readonly ScenarioResult[], paint: Paint): string {
  const failed = results.filter(({ passed }) => !passed).length;
  const passed = results.length - failed;
  const text = `${counted(results.length, 'scenario')}: ${passed} passed, ${failed} failed\n`;
  return failed === 0 ? paint.green(text) : paint.red(text);
}
