import type { SurvivalChange } from '../../diff/index.js';
import {
  isConsequence,
  placeText,
  sideText,
  summaryLine,
  survivedText,
  type Change,
  type DiffReport,
} from './diff.js';
import { cell } from './markdown.js';
import { timeText } from './text.js';

/** As many as a person reads, and far below what a comment may hold. */
const ROWS = 50;
const CELL_CHARACTERS = 300;

/** A summary and a table that fit a pull-request comment. What has a cause of its own comes before what follows. */
export function diffMarkdown(report: DiffReport): string {
  const summary = `**Decisions**: ${cell(summaryLine(report))}`;
  const all = [...report.failures, ...report.changes];
  if (all.length + report.survival.length === 0) return `${summary}\n`;
  const sorted = [...all.filter((one) => !isConsequence(one)), ...all.filter(isConsequence)];
  const rows = [...report.survival.map(survivalRow), ...sorted.map(row)];
  const more = rows.length - ROWS;
  return [
    summary,
    '',
    '| what | change | base | head |',
    '| --- | --- | --- | --- |',
    ...rows.slice(0, ROWS),
    ...(more > 0 ? ['', `and ${more} more`] : []),
    '',
  ].join('\n');
}

function survivalRow({ failure, server, changes, base, head }: SurvivalChange): string {
  const sides = [base, head].map((side) => lines([survivedText(side), placeText(side)]));
  return `| ${lines([server, `${failure} fails`])} | ${cell(changes.join(', '))} | ${sides.join(' | ')} |`;
}

function row(change: Change): string {
  const { changes, base, head } = change;
  const kinds = `${changes.join(', ')}${isConsequence(change) ? ' (follows)' : ''}`;
  const sides = [base, head].map((side) => lines([sideText(side, changes), placeText(side)]));
  return `| ${lines(subject(change))} | ${cell(kinds)} | ${sides.join(' | ')} |`;
}

function subject(change: Change): readonly string[] {
  if ('failure' in change) return [change.failure.server, `failure of its ${change.failure.subject}`];
  return [`${change.event.server}: ${change.event.kind}`, timeText(change.at)];
}

function lines(texts: readonly string[]): string {
  return texts
    .filter((text) => text !== '')
    .map((text) => cell(text.length > CELL_CHARACTERS ? `${text.slice(0, CELL_CHARACTERS - 1)}…` : text))
    .join('<br>');
}
