import type { Sink } from '../terminal.js';
import type { Finding } from './finding.js';
import { counted, safe } from './text.js';

/** Every finding with its place and what to do. */
export function checkText(findings: readonly Finding[], { paint }: Pick<Sink, 'paint'>): string {
  const blocks = findings.map(({ code, severity, file, line, message, hint }) => {
    const coloured = severity === 'error' ? paint.red : paint.yellow;
    return `${paint.bold(safe(`${file}:${line}`))}  ${coloured(code)}\n  ${safe(message)}\n  ${paint.cyan('hint:')} ${safe(hint)}\n\n`;
  });
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const total = `${counted(errors, 'error')}, ${counted(findings.length - errors, 'warning')}\n`;
  return `${blocks.join('')}${errors === 0 ? paint.green(total) : paint.red(total)}`;
}
