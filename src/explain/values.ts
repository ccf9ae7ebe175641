import type { AlertEvent } from '../engine/event.js';
import { parsePath } from '../engine/path.js';
import type { Turn } from './tree.js';

/** One thing that would be otherwise. */
export interface Change {
  /** `alert $.value`, `drive snap-a1 health`. */
  readonly what: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** How much of a change it is: what an alert calls itself is more than what it measured. */
export function sizeOf(changes: readonly Change[]): number {
  return changes.reduce((sum, { what, from }) => {
    if (!what.startsWith('alert $.labels')) return sum + 1;
    return sum + (from === null ? 2 : 3);
  }, 0);
}

/** The alert with what turns these comparisons, and what that is; null when an alert cannot turn them. */
export function turned(
  alert: AlertEvent,
  turns: readonly Turn[],
): { readonly alert: AlertEvent; readonly changes: readonly Change[] } | null {
  let changed = alert;
  const changes: Change[] = [];
  for (const { comparison, to: met } of turns) {
    const to = valueFor(comparison.operator, comparison.expected, met);
    const next =
      comparison.fact === 'alert' && to !== undefined ? withValue(changed, comparison.path, to) : null;
    if (next === null) return null;
    changes.push({ what: `alert ${comparison.path}`, from: comparison.found, to });
    changed = next;
  }
  return { alert: changed, changes };
}

const OPPOSITE: Readonly<Record<string, string>> = {
  equal: 'notEqual',
  notEqual: 'equal',
  in: 'notIn',
  notIn: 'in',
  lessThan: 'greaterThanInclusive',
  greaterThanInclusive: 'lessThan',
  greaterThan: 'lessThanInclusive',
  lessThanInclusive: 'greaterThan',
};

/** The nearest value that makes a comparison come out so; undefined when none can be named. */
function valueFor(operator: string, expected: unknown, met: boolean): unknown {
  const [first] = Array.isArray(expected) ? (expected as readonly unknown[]) : [];
  switch ((met ? operator : OPPOSITE[operator]) ?? '') {
    case 'equal':
    case 'greaterThanInclusive':
    case 'lessThanInclusive':
      return expected;
    case 'greaterThan':
      return typeof expected === 'number' ? expected + 1 : undefined;
    case 'lessThan':
      return typeof expected === 'number' ? expected - 1 : undefined;
    case 'in':
      return first;
    case 'notEqual':
    case 'notIn':
      return typeof expected === 'number' ? expected + 1 : 'anything else';
    default:
      return undefined;
  }
}

function withValue(alert: AlertEvent, path: string, to: unknown): AlertEvent | null {
  const parsed = parsePath(path);
  if (!parsed.ok) return null;
  const [part, name, ...rest] = parsed.segments;
  if (part === 'value' && name === undefined && typeof to === 'number') return { ...alert, value: to };
  if ((part === 'labels' || part === 'annotations') && typeof name === 'string' && rest.length === 0) {
    return typeof to === 'string' ? { ...alert, [part]: { ...alert[part], [name]: to } } : null;
  }
  return null;
}
