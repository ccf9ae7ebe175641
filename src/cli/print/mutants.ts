import type { Trial } from '../../mutation/index.js';
import type { Paint } from '../terminal.js';
import type { Finding } from './finding.js';
import { counted, safe } from './text.js';

/** How many mistakes were found, and each one that was not. */
export function mutantsText(trials: readonly Trial[], paint: Paint): string {
  const survivors = survivorsOf(trials);
  const lines = survivors.map(
    ({ file, line, column, policy, path, what }) =>
      `  ${safe(`${file}:${line}:${column}`)}  ${paint.bold(safe(policy))}  ${safe(path === '' ? what : `${path}: ${what}`)}\n`,
  );
  const text = `${counted(trials.length, 'mutant')}: ${trials.length - survivors.length} killed, ${survivors.length} survived\n`;
  return (survivors.length === 0 ? paint.green(text) : paint.red(text)) + lines.join('');
}

/** One for each mistake that no scenario finds. */
export function findingsOfMutants(trials: readonly Trial[]): readonly Finding[] {
  return survivorsOf(trials).map(({ file, line, column, policy, path, what }) => ({
    code: 'MUTANT_SURVIVED',
    severity: 'warning',
    file,
    line,
    column,
    message: `${policy}: no scenario fails when ${path === '' ? what : `${path} is changed: ${what}`}`,
    hint: 'write a scenario that needs this to be as it is, or leave it out of the policy',
  }));
}

function survivorsOf(trials: readonly Trial[]): readonly Trial['mutant'][] {
  return trials.flatMap(({ mutant, killedBy }) => (killedBy === null ? [mutant] : []));
}
