import type { Problem, ProblemCode, SourceFile } from '../problem.js';
import { compareText } from '../world.js';
import { MAX_PROBLEMS_PER_DOCUMENT } from './limits.js';
import { formatPath, locate, type Path } from './place.js';
import type { Range } from './secrets.js';
import type { Source } from './source.js';
import type { YamlDocument } from './document.js';

/** What a check finds; the place makes a {@link Problem} of it. */
export interface Finding {
  readonly code: ProblemCode;
  readonly path: Path;
  /** Point at the key rather than at its value. */
  readonly at?: 'key' | 'value';
  readonly message: string;
  readonly hint?: string;
}

/** A problem at a stretch of text. */
export function problemIn(
  source: Source,
  range: Range,
  { code, message, hint = '' }: { code: ProblemCode; message: string; hint?: string },
): Problem {
  const { line, column } = source.position(range.start);
  return { code, file: source.file, line, column, path: '', message, hint, excerpt: source.excerpt(range) };
}

/** A problem at a path of a document. */
export function problemAt(document: YamlDocument, finding: Finding): Problem {
  const range = locate(document.root, finding.path, finding.at ?? 'value');
  return { ...problemIn(document.source, range, finding), path: formatPath(finding.path) };
}

/** A problem of a file as a whole, or of one that has no text. */
export function problemOf(
  file: Pick<SourceFile, 'path'>,
  code: ProblemCode,
  message: string,
  hint = '',
): Problem {
  return { code, file: file.path, line: 1, column: 1, path: '', message, hint, excerpt: '' };
}

/** Where something is, for a person: `policies/alerts.yaml:12`. */
export function placeOf(document: YamlDocument, path: Path): string {
  return `${document.source.file}:${lineOf(document, path)}`;
}

/** 1-based. */
export function lineOf(document: YamlDocument, path: Path): number {
  return positionOf(document, path).line;
}

/** Both 1-based; a path that does not exist is at the last part of it that does. */
export function positionOf(
  document: YamlDocument,
  path: Path,
): { readonly line: number; readonly column: number } {
  return document.source.position(locate(document.root, path, 'value').start);
}

/** The first findings in a document, and how many more there are. Before places are looked up: that takes time. */
export function capped<T extends { readonly hint?: string }>(findings: readonly T[]): readonly T[] {
  const shown = findings.slice(0, MAX_PROBLEMS_PER_DOCUMENT);
  const last = shown.at(-1);
  const left = findings.length - shown.length;
  if (left === 0 || last === undefined) return shown;
  const more = `(${left} more problems in this document)`;
  return [...shown.slice(0, -1), { ...last, hint: last.hint ? `${last.hint} ${more}` : more }];
}

/** By file, line and column: the order in which a person mends them. */
export function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted(
    (a, b) =>
      compareText(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      compareText(a.code, b.code) ||
      compareText(a.message, b.message),
  );
}
