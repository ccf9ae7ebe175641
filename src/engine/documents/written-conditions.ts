import { conditionPlaces } from './facts.js';
import { type Path, valueAt } from './place.js';
import type { Checked } from './structure.js';

/** A condition where it is written. */
export interface WrittenCondition {
  /** Of the condition as a whole. */
  readonly path: Path;
  /** Of its comparisons, in the order in which they are written, which is that of the evidence about them. */
  readonly comparisons: readonly Path[];
}

/** The conditions of a document that is right. */
export function writtenConditions({ yaml, body }: Checked): readonly WrittenCondition[] {
  const countAt = (path: Path): number => {
    const list = valueAt(yaml.data, path);
    return Array.isArray(list) ? list.length : 0;
  };
  return conditionPlaces(body.kind, countAt)
    .filter(({ path }) => valueAt(yaml.data, path) !== undefined)
    .map(({ path }) => ({ path, comparisons: comparisonsIn(yaml.data, path) }));
}

function comparisonsIn(data: unknown, path: Path): readonly Path[] {
  const node = valueAt(data, path);
  if (typeof node !== 'object' || node === null) return [];
  if ('not' in node) return comparisonsIn(data, [...path, 'not']);
  const group = 'all' in node ? 'all' : 'any';
  const children = valueAt(node, [group]);
  if (!Array.isArray(children)) return [path];
  return children.flatMap((_, index) => comparisonsIn(data, [...path, group, index]));
}
