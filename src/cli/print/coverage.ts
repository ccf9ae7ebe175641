import type { Coverage, Item } from '../../coverage/index.js';
import type { Paint } from '../terminal.js';
import type { Finding } from './finding.js';
import { safe } from './text.js';

const KINDS = [
  ['policy', 'policies'],
  ['comparison', 'comparisons'],
  ['branch', 'ways of a restart'],
] as const satisfies readonly (readonly [Item['kind'], string])[];

/** A line of figures, and one for everything that nothing showed at work. */
export function coverageText({ covered, total, percent, items }: Coverage, paint: Paint, min = 0): string {
  const shares = KINDS.map(([kind, name]) => {
    const ofKind = items.filter((item) => item.kind === kind);
    return `${name} ${ofKind.filter((item) => item.covered).length} of ${ofKind.length}`;
  });
  const text = `coverage: ${covered} of ${total} (${percentText(percent)}): ${shares.join(', ')}`;
  const short = percent < min ? `; ${min} % are asked for` : '';
  const lines = items
    .filter((item) => !item.covered)
    .map(
      ({ file, line, column, policy, never }) =>
        `  ${safe(`${file}:${line}:${column}`)}  ${paint.bold(safe(policy))}  ${safe(never)}\n`,
    );
  return `${short === '' ? text : paint.red(text + short)}\n${lines.join('')}`;
}

/** Down, never up: 100 % means all of it. */
function percentText(percent: number): string {
  return `${Math.floor(percent * 10) / 10} %`;
}

/** One for everything that nothing showed at work. */
export function findingsOfCoverage({ items }: Coverage): readonly Finding[] {
  return items
    .filter((item) => !item.covered)
    .map(({ file, line, column, policy, never }) => ({
      code: 'NOT_COVERED',
      severity: 'warning',
      file,
      line,
      column,
      message: `${policy}: in no scenario: ${never}`,
      hint: '',
    }));
}
