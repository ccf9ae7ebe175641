import type { Finding } from './finding.js';

/**
 * Workflow commands, which GitHub Actions shows beside the lines of a pull request. Nothing when nothing was found.
 * Source of the form and its escapes: GitHub, "Workflow commands for GitHub Actions", and the toolkit's `command.ts`.
 */
export function githubText(findings: readonly Finding[]): string {
  return findings.map(annotation).join('');
}

function annotation({ code, severity, file, line, column, message, hint }: Finding): string {
  const place = {
    file: slashed(file),
    line: String(line),
    ...(column === null ? {} : { col: String(column) }),
    title: code,
  };
  const properties = Object.entries(place).map(([name, value]) => `${name}=${property(value)}`);
  return `::${severity} ${properties.join(',')}::${data(hint === '' ? message : `${message}\n${hint}`)}\n`;
}

function slashed(path: string): string {
  return path.replaceAll('\\', '/');
}

/** A line break as it is would end the command, and let a document give commands of its own. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
