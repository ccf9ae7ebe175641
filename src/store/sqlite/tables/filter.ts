import type { Bindable } from '../handle.js';

export interface Filter {
  /** Empty, or `WHERE ...`. */
  readonly where: string;
  readonly params: readonly Bindable[];
}

/**
 * Rows whose columns hold what is asked for; a column for which nothing is asked is left out, since an index
 * serves only a condition that stands there plainly.
 * @param wanted by column name, which is our own text and never a caller's.
 */
export function matching(wanted: Readonly<Record<string, Bindable | undefined>>): Filter {
  const asked = Object.entries(wanted).flatMap(([column, value]) =>
    value === undefined ? [] : [{ column, value }],
  );
  if (asked.length === 0) return { where: '', params: [] };
  return {
    where: `WHERE ${asked.map(({ column }) => `${column} = ?`).join(' AND ')}`,
    params: asked.map(({ value }) => value),
  };
}
