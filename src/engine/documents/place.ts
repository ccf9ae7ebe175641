import { isMap, isScalar, isSeq, type Node } from 'yaml';
import type { Range } from './secrets.js';

/** Where in the data of a document: `['spec', 'when', 'all', 0, 'operator']`. */
export type Path = readonly (string | number)[];

/** `spec.when.all[0].operator`, as it stands in problems. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, segment) => {
    if (typeof segment === 'number') return `${text}[${segment}]`;
    if (!/^[A-Za-z_][\w-]*$/.test(segment)) return `${text}[${JSON.stringify(segment)}]`;
    return text === '' ? segment : `${text}.${segment}`;
  }, '');
}

/** The value at a path of data that was not checked yet; undefined where there is none. */
export function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, segment) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, segment)
        ? Reflect.get(value, segment)
        : undefined,
    data,
  );
}

/**
 * Where a path is in the text. A map or a list that has a key is found at its key, which is on the line that a
 * person looks for; a path that does not exist is found at the last part of it that does.
 */
export function locate(root: Node | null, path: Path, at: 'key' | 'value'): Range {
  let key: Node | null = null;
  let node: Node | null = root;
  for (const segment of path) {
    const child = childOf(node, segment);
    if (child === null) return rangeOf(key, node, 'key');
    ({ key, node } = child);
  }
  return rangeOf(key, node, at);
}

interface Child {
  readonly key: Node | null;
  readonly node: Node | null;
}

function childOf(node: Node | null, segment: string | number): Child | null {
  if (isMap<Node, Node | null>(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && key.value === segment);
    return pair === undefined ? null : { key: pair.key, node: pair.value };
  }
  if (isSeq<Node>(node) && typeof segment === 'number') {
    const item = node.items[segment];
    return item === undefined ? null : { key: null, node: item };
  }
  return null;
}

function rangeOf(key: Node | null, node: Node | null, at: 'key' | 'value'): Range {
  const [start = 0, end = start] = node?.range ?? [];
  const showsValue = isScalar(node) && end > start;
  if (key?.range && (at === 'key' || !showsValue)) return { start: key.range[0], end: key.range[1] };
  return { start, end: showsValue ? end : start };
}
