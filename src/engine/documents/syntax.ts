import { type CST, type Document, type Node, visit, type YAMLError } from 'yaml';
import type { Problem, ProblemCode } from '../problem.js';
import { problemIn } from './problems.js';
import type { Range } from './secrets.js';
import type { Source } from './source.js';
import { inWords } from './words.js';

/** The stream of tokens tells a directive from a line that begins with `%` in a text. */
export function directiveProblems(source: Source, stream: Iterable<CST.Token>): Problem[] {
  return Array.from(stream).flatMap((token) =>
    token.type === 'directive'
      ? problemIn(
          source,
          { start: token.offset, end: token.offset + token.source.length },
          {
            code: 'YAML_DIRECTIVE_FORBIDDEN',
            message: `expected plain YAML 1.2, found the directive ${inWords(token.source.trim())}`,
            hint: 'remove the line; documents are YAML 1.2, where only true and false are booleans',
          },
        )
      : [],
  );
}

/** Of each document the first error, since what follows is mostly its echo, and every tab. */
export function syntaxProblems(source: Source, documents: readonly Document.Parsed[]): Problem[] {
  return documents.flatMap((document) =>
    document.errors
      .filter(({ code }, index) => index === 0 || code === 'TAB_AS_INDENT')
      .slice(0, 20)
      .map((error) => syntaxProblem(source, document, error)),
  );
}

function syntaxProblem(source: Source, document: Document.Parsed, error: YAMLError): Problem {
  const [start, end] = error.pos;
  const code = SYNTAX_CODES[error.code] ?? 'YAML_SYNTAX';
  const unclosed = error.code === 'MISSING_CHAR' || error.message.startsWith('Flow ');
  const range = (unclosed ? openingOf(document, start) : null) ?? { start, end };
  return problemIn(source, range, {
    code,
    message: SYNTAX_MESSAGES[code] ?? sentence(error.message),
    hint: SYNTAX_HINTS[code] ?? '',
  });
}

/** The parser reports what was never closed at the end of the file, where nobody looks; it was opened here. */
function openingOf(document: Document.Parsed, start: number): Range | null {
  let opening: Range | null = null;
  const consider = (range: Node['range']): void => {
    if (range && range[0] < start && start <= range[2]) opening = { start: range[0], end: range[0] + 1 };
  };
  visit(document, {
    Scalar: (_, { type, range }) => {
      if (type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE') consider(range);
    },
    Collection: (_, { flow, range }) => {
      if (flow === true) consider(range);
    },
  });
  return opening;
}

const SYNTAX_CODES: Readonly<Partial<Record<YAMLError['code'], ProblemCode>>> = {
  ALIAS_PROPS: 'YAML_ALIAS_FORBIDDEN',
  BAD_ALIAS: 'YAML_ALIAS_FORBIDDEN',
  BAD_DIRECTIVE: 'YAML_DIRECTIVE_FORBIDDEN',
  DUPLICATE_KEY: 'YAML_DUPLICATE_KEY',
  MULTIPLE_ANCHORS: 'YAML_ALIAS_FORBIDDEN',
  MULTIPLE_TAGS: 'YAML_TAG_FORBIDDEN',
  NON_STRING_KEY: 'YAML_KEY_TYPE',
  RESOURCE_EXHAUSTION: 'YAML_TOO_DEEP',
  TAB_AS_INDENT: 'YAML_TAB',
  TAG_RESOLVE_FAILED: 'YAML_TAG_FORBIDDEN',
};

const SYNTAX_MESSAGES: Readonly<Partial<Record<ProblemCode, string>>> = {
  YAML_KEY_TYPE: 'expected a text as key',
  YAML_TAB: 'found a tab in the indentation',
};

const SYNTAX_HINTS: Readonly<Partial<Record<ProblemCode, string>>> = {
  YAML_TAB: 'indent with spaces',
  YAML_ALIAS_FORBIDDEN: 'write the value out at each place',
  YAML_KEY_TYPE: 'a key is a text; quote it',
};

/** The parser's own words, without what it quotes from the file: that may be a secret. */
function sentence(message: string): string {
  const [first = ''] = message.split(/\n|: "/);
  return first.charAt(0).toLowerCase() + first.slice(1).replace(/:$/, '');
}
