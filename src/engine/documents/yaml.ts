import { Composer, type Document, isNode, isScalar, Lexer, type Node, type Pair, Parser, visit } from 'yaml';
import type { Problem, ProblemCode, SourceFile } from '../problem.js';
import type { YamlDocument } from './document.js';
import { MAX_DEPTH } from './limits.js';
import { capped, problemIn, problemOf } from './problems.js';
import { holdsSecret, namesSecret, type Range } from './secrets.js';
import { createSource, type Source } from './source.js';
import { directiveProblems, syntaxProblems } from './syntax.js';
import { decode } from './text.js';
import { type NodeFinding, toData } from './yaml-data.js';

export interface ReadFile {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly Problem[];
}

type Tokens = Parameters<Composer['compose']>[0];

/** The documents of one file: bounded, plain YAML 1.2 and nothing of its more surprising features. */
export function readYaml(file: SourceFile): ReadFile {
  const text = decode(file);
  if (typeof text !== 'string') return { documents: [], problems: [text] };
  const lexed = tokens(text);
  if ('tooDeepAt' in lexed) return tooDeep(createSource(file.path, text), lexed.tooDeepAt);

  const composed = compose(lexed.tokens, text.length);
  const source = createSource(file.path, text, composed.flatMap(secretsIn));
  const read = composed.map((document) => readDocument(source, document));
  const problems = [
    ...directiveProblems(source, lexed.tokens),
    ...syntaxProblems(source, composed),
    ...read.flatMap((one) => one.problems),
  ];
  const documents = read.flatMap(({ document }) => (document === null ? [] : [document]));
  return documents.length === 0 && problems.length === 0 ? empty(file) : { documents, problems };
}

/** Stops at too deep a nesting before any of the recursive code sees it. */
function tokens(text: string): { tokens: Tokens } | { tooDeepAt: number } {
  const parser = new Parser();
  const found = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) found.push(token);
    if (parser.stack.length > MAX_DEPTH && depthOf(parser) > MAX_DEPTH) return { tooDeepAt: parser.offset };
  }
  for (const token of parser.end()) found.push(token);
  return { tokens: found };
}

function depthOf(parser: Parser): number {
  return parser.stack.filter(
    ({ type }) => type === 'block-map' || type === 'block-seq' || type === 'flow-collection',
  ).length;
}

function tooDeep(source: Source, offset: number): ReadFile {
  const start = Math.max(0, Math.min(offset, source.text.length) - 1);
  const problem = problemIn(
    source,
    { start, end: start + 1 },
    {
      code: 'YAML_TOO_DEEP',
      message: `expected at most ${MAX_DEPTH} maps and lists inside each other`,
    },
  );
  return { documents: [], problems: [problem] };
}

function compose(stream: Tokens, length: number): Document.Parsed[] {
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    strict: true,
    stringKeys: true,
    // Comparing every key with every other takes seconds in a large map; yaml-data.ts looks them up.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  return [...composer.compose(stream, true, length)];
}

function readDocument(
  source: Source,
  document: Document.Parsed,
): { readonly document: YamlDocument | null; readonly problems: readonly Problem[] } {
  const root: Node | null = document.contents;
  if (document.errors.length > 0 || isEmpty(root)) return { document: null, problems: [] };
  const findings: NodeFinding[] = [];
  const data = toData(root, (finding) => findings.push(finding));
  if (findings.length === 0) return { document: { source, root, data }, problems: [] };
  return { document: null, problems: capped(findings).map((finding) => nodeProblem(source, finding)) };
}

function nodeProblem(source: Source, { node, first, ...finding }: NodeFinding): Problem {
  const [start = 0, end = start] = node?.range ?? [];
  const marked = MARKED.has(finding.code) ? startOfMarks(source.text, start) : start;
  const range = marked < start ? { start: marked, end: start } : { start, end };
  if (!first?.range) return problemIn(source, range, finding);
  const { line } = source.position(first.range[0]);
  return problemIn(source, range, { ...finding, message: `${finding.message}, first on line ${line}` });
}

const MARKED: ReadonlySet<ProblemCode> = new Set<ProblemCode>(['YAML_ALIAS_FORBIDDEN', 'YAML_TAG_FORBIDDEN']);

/** Anchors and tags stand before the node that they mark, and outside of its range. */
function startOfMarks(text: string, start: number): number {
  const before = text.slice(Math.max(0, start - 200), start);
  return start - (/(?:[&!]\S*\s+)+$/.exec(before)?.[0].length ?? 0);
}

function isEmpty(root: Node | null): boolean {
  return (
    root === null ||
    (isScalar(root) && root.value === null && root.tag === undefined && root.anchor === undefined)
  );
}

function empty(file: SourceFile): ReadFile {
  const hint = 'write a document that begins with apiVersion: rekindle/v1, or delete the file';
  return { documents: [], problems: [problemOf(file, 'POLICY_EMPTY', 'the file holds no document', hint)] };
}

/** Whatever stands under a key that names a secret, and texts that hold one. */
function secretsIn(document: Document.Parsed): Range[] {
  const found: Range[] = [];
  const hide = (node: unknown): void => {
    if (isNode(node) && node.range) found.push({ start: node.range[0], end: node.range[1] });
  };
  visit(document, {
    Pair(_, { key, value }: Pair) {
      if (isScalar(key) && typeof key.value === 'string' && namesSecret(key.value)) hide(value);
    },
    Scalar(_, node) {
      if (typeof node.value === 'string' && holdsSecret(node.value)) hide(node);
    },
  });
  return found;
}
