/**
 * The paths of conditions: `$`, then `.name`, `['any name']` or `[0]`, as often as needed. Nothing else of
 * JSONPath: no scripts, filters, wildcards or parents. json-rules-engine's own resolver evaluates script
 * expressions found in a path, so it is never used.
 */
export type PathSegment = string | number;

export type ParsedPath =
  | { readonly ok: true; readonly segments: readonly PathSegment[] }
  | { readonly ok: false; readonly code: 'PATH_SYNTAX' | 'PATH_FORBIDDEN'; readonly message: string };

const SEGMENT = /\.([A-Za-z_][\w-]*)|\[(\d{1,9})\]|\['((?:[^'\\]|\\['\\])*)'\]/y;
const SCRIPT_OR_SEARCH = /\?\(|\.\.|\(|[\^~*@]/;
const POISONED: ReadonlySet<string> = new Set(['__proto__', 'prototype', 'constructor']);

export function parsePath(path: string): ParsedPath {
  if (!path.startsWith('$')) {
    return { ok: false, code: 'PATH_SYNTAX', message: `a path begins with $, found ${quoted(path)}` };
  }
  const segments: PathSegment[] = [];
  SEGMENT.lastIndex = 1;
  while (SEGMENT.lastIndex < path.length) {
    const position = SEGMENT.lastIndex;
    const match = SEGMENT.exec(path);
    if (match === null) return malformed(path, position);
    const segment = toSegment(match);
    if (typeof segment === 'string' && POISONED.has(segment)) {
      return { ok: false, code: 'PATH_FORBIDDEN', message: `${segment} is not a key of data` };
    }
    segments.push(segment);
  }
  return { ok: true, segments };
}

/**
 * The value at a path, by own keys only; `undefined` where there is none.
 * @throws {SyntaxError} when the path is malformed: paths are checked when a policy is loaded.
 */
export function resolvePath(value: unknown, path: string): unknown {
  let segments = parsed.get(path);
  if (segments === undefined) {
    const result = parsePath(path);
    if (!result.ok) throw new SyntaxError(`${path}: ${result.message}`);
    segments = result.segments;
    parsed.set(path, segments);
  }
  let found = value;
  for (const segment of segments) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, segment)) return undefined;
    found = Reflect.get(found, segment);
  }
  return found;
}

// Paths come from checked policies, so there are as many as the operator wrote and the map stays small.
const parsed = new Map<string, readonly PathSegment[]>();

function toSegment(match: RegExpExecArray): PathSegment {
  const [, name, index, quotedName] = match;
  if (index !== undefined) return Number(index);
  return name ?? (quotedName ?? '').replaceAll(/\\(['\\])/g, '$1');
}

function malformed(path: string, position: number): ParsedPath {
  const rest = path.slice(position);
  if (SCRIPT_OR_SEARCH.test(rest)) {
    return {
      ok: false,
      code: 'PATH_FORBIDDEN',
      message: `${quoted(rest)} is a script, a filter or a search; a path names keys and indexes only`,
    };
  }
  return {
    ok: false,
    code: 'PATH_SYNTAX',
    message: `expected .name, ['name'] or [0] at character ${position + 1}, found ${quoted(rest)}`,
  };
}

function quoted(text: string): string {
  return text === '' ? 'nothing' : JSON.stringify(text.slice(0, 40));
}
