import type { Problem } from '../../engine/problem.js';
import type { Sink } from '../terminal.js';
import { counted, safe } from './text.js';

/** Every problem with its place, the line that it is in, and what to do. */
export function printProblems(sink: Sink, problems: readonly Problem[]): void {
  for (const problem of problems) sink.write(`${problemText(problem, sink)}\n`);
  const files = new Set(problems.map(({ file }) => file)).size;
  sink.write(sink.paint.red(`${counted(problems.length, 'problem')} in ${counted(files, 'file')}`) + '\n');
}

function problemText(
  { code, file, line, column, path, message, hint, excerpt }: Problem,
  { paint }: Sink,
): string {
  const place = paint.bold(safe(`${file}:${line}:${column}`));
  const lines = [
    `${place}  ${paint.red(code)}${path === '' ? '' : `  ${paint.dim(safe(path))}`}`,
    `  ${safe(message)}`,
    ...(excerpt === '' ? [] : excerpt.split('\n').map((text) => `    ${paint.dim(shownLine(text))}`)),
    ...(hint === '' ? [] : [`  ${paint.cyan('hint:')} ${safe(hint)}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** Tabs stay, or the caret would no longer stand under its place. */
function shownLine(text: string): string {
  return text.split('\t').map(safe).join('\t');
}

/** A problem as `--format json` prints it: the names are a contract, the excerpt is for people. */
export function problemJson({
  code,
  file,
  line,
  column,
  path,
  message,
  hint,
}: Problem): Omit<Problem, 'excerpt'> {
  return { code, file, line, column, path, message, hint };
}
