import type { Finding } from './finding.js';
import { counted, safe } from './text.js';

/** A table that fits a pull-request comment. */
export function markdownText(findings: readonly Finding[], title: string): string {
  if (findings.length === 0) return `**${title}**: nothing found\n`;
  const rows = findings.map(
    ({ code, severity, file, line, message, hint }) =>
      `| ${cell(`${file}:${line}`)} | ${cell(`${severity} ${code}`)} | ${cell(hint === '' ? message : `${message}. ${hint}`)} |`,
  );
  return [
    `**${title}**: ${counted(findings.length, 'finding')}`,
    '',
    '| where | what | |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** What a document says must not become a mark, a link, an image or a mention in the comment. */
export function cell(text: string): string {
  return safe(text.replaceAll(/\s*\n\s*/g, ' ')).replaceAll(/[\\`*_{}[\]<>()#+!|~@&]/g, entity);
}

function entity(character: string): string {
  return `&#${character.codePointAt(0) ?? 0};`;
}
