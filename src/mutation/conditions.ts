import { type Path, valueAt } from '../engine/documents/place.js';
import { REMOVED } from './edit.js';
import { otherOperator, otherValue, removed, type Alternative } from './operators.js';

/** What else could stand at a path of a document. */
export interface Alteration extends Alternative {
  readonly path: Path;
}

/** Every small mistake in a condition: an operator, a threshold, all for any, a comparison that is missing. */
export function alterationsOfCondition(data: unknown, path: Path): readonly Alteration[] {
  const node = valueAt(data, path);
  if (typeof node !== 'object' || node === null) return [];
  if ('not' in node) {
    const inside = [...path, 'not'];
    return [
      { path, to: rooted(valueAt(data, inside), path), what: 'not is left out' },
      ...alterationsOfCondition(data, inside),
    ];
  }
  if ('all' in node) return ofGroup(data, path, 'all');
  if ('any' in node) return ofGroup(data, path, 'any');
  const at = (key: string): Path => [...path, key];
  return [
    ...otherOperator(valueAt(node, ['operator'])).map((one) => ({ ...one, path: at('operator') })),
    ...otherValue(valueAt(node, ['value'])).map((one) => ({ ...one, path: at('value') })),
  ];
}

function ofGroup(data: unknown, path: Path, group: 'all' | 'any'): readonly Alteration[] {
  const inside = [...path, group];
  const children = valueAt(data, inside);
  if (!Array.isArray(children)) return [];
  const each = children.flatMap((_, index) => alterationsOfCondition(data, [...inside, index]));
  if (children.length < 2) return each;
  const other = group === 'all' ? 'any' : 'all';
  return [
    { path, to: { [other]: children }, what: `${group} → ${other}` },
    ...children.flatMap((_, index) => removed(null).map((one) => ({ ...one, path: [...inside, index] }))),
    ...each,
  ];
}

/** A comparison cannot be the outermost condition. */
function rooted(node: unknown, path: Path): unknown {
  const outermost = path.at(-1) === 'when' || path.at(-1) === 'require';
  const group = typeof node === 'object' && node !== null && !('fact' in node);
  return outermost && !group ? { all: [node] } : node;
}

/** A condition that need not be there can be missing as a whole. */
export function withoutCondition(path: Path): Alteration {
  return { path, to: REMOVED, what: 'removed' };
}
