import { HttpProblem, type HttpProblemCode } from './problem.js';

/** Objects and arrays inside one another. Counted while scanning, so that nothing ever walks a deeper value. */
export const MAX_DEPTH = 32;

/** Keys that turn careless merging of objects into changed prototypes. No source has a use for them. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const LITERAL = /true|false|null/y;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Parses a body as JSON (RFC 8259), and refuses what `JSON.parse` lets pass and later code would trip over:
 * bytes that are not UTF-8, lone surrogates, a key twice in one object, keys that poison prototypes, and
 * nesting beyond {@link MAX_DEPTH}.
 *
 * @throws {HttpProblem} JSON_SYNTAX, JSON_TOO_DEEP, JSON_DUPLICATE_KEY or KEY_FORBIDDEN, with `offset`: the
 *   place in the text, in UTF-16 units from 0.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  scan(text);
  return JSON.parse(text) as unknown;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new HttpProblem('JSON_SYNTAX', 'the body is not UTF-8', { cause });
  }
}

/** A recursive descent over the text that builds nothing; {@link MAX_DEPTH} bounds the recursion. */
function scan(text: string): void {
  let at = 0;

  function fail(code: HttpProblemCode, detail: string, offset = at): never {
    throw new HttpProblem(code, `${detail}, at offset ${offset}`, { extra: { offset } });
  }

  function expected(what: string): never {
    const found = at < text.length ? JSON.stringify(text[at]) : 'the end of the body';
    return fail('JSON_SYNTAX', `expected ${what}, found ${found}`);
  }

  function take(pattern: RegExp): boolean {
    pattern.lastIndex = at;
    const matched = pattern.test(text);
    if (matched) at = pattern.lastIndex;
    return matched;
  }

  function takeChar(char: string): boolean {
    if (text[at] !== char) return false;
    at += 1;
    return true;
  }

  /** Returns the source of the string, quotes included. */
  function string(): string {
    const start = at;
    at += 1;
    let escaped = false;
    for (take(PLAIN); !takeChar('"'); take(PLAIN)) {
      if (!take(ESCAPE)) expected('the end of the string or a valid escape');
      escaped = true;
    }
    const source = text.slice(start, at);
    if (escaped && LONE_SURROGATE.test(JSON.parse(source) as string)) {
      fail('JSON_SYNTAX', 'the string has half of a surrogate pair', start);
    }
    return source;
  }

  function key(known: Set<string>): void {
    const start = at;
    const name = JSON.parse(string()) as string;
    if (FORBIDDEN_KEYS.has(name))
      fail('KEY_FORBIDDEN', `no body may have the key ${JSON.stringify(name)}`, start);
    if (known.has(name))
      fail('JSON_DUPLICATE_KEY', `the key ${JSON.stringify(name)} stands here again`, start);
    known.add(name);
  }

  function object(depth: number): void {
    const known = new Set<string>();
    take(SPACE);
    if (takeChar('}')) return;
    do {
      take(SPACE);
      if (text[at] !== '"') expected('a key in double quotes');
      key(known);
      take(SPACE);
      if (!takeChar(':')) expected('":"');
      value(depth);
    } while (takeChar(','));
    if (!takeChar('}')) expected('"," or "}"');
  }

  function array(depth: number): void {
    take(SPACE);
    if (takeChar(']')) return;
    do value(depth);
    while (takeChar(','));
    if (!takeChar(']')) expected('"," or "]"');
  }

  function value(depth: number): void {
    take(SPACE);
    const char = text[at];
    if (char === '{' || char === '[') {
      if (depth === MAX_DEPTH)
        fail('JSON_TOO_DEEP', `more than ${MAX_DEPTH} objects and arrays inside one another`);
      at += 1;
      if (char === '{') object(depth + 1);
      else array(depth + 1);
    } else if (char === '"') string();
    else if (!take(NUMBER) && !take(LITERAL)) expected('a value');
    take(SPACE);
  }

  value(0);
  if (at < text.length) expected('the end of the body');
}
