import { safe } from './text.js';

/** A cell: text, or text with the function that colours it. The colour never counts for the width. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

export interface TableOptions {
  readonly head?: readonly string[];
  /** Colours the head. */
  readonly paintHead?: (text: string) => string;
  /** In front of every line. */
  readonly indent?: string;
}

const GAP = '  ';

/** Text in aligned columns, one line per row, nothing at the end of a line. Empty without rows. */
export function table(rows: readonly (readonly Cell[])[], options: TableOptions = {}): string {
  if (rows.length === 0) return '';
  const { head, paintHead = (text: string) => text, indent = '' } = options;
  const headRow = head?.map((text): Cell => ({ text, paint: paintHead }));
  const all = headRow ? [headRow, ...rows] : rows;
  const widths = columnWidths(all);
  return all.map((row) => `${indent}${line(row, widths)}\n`).join('');
}

function columnWidths(rows: readonly (readonly Cell[])[]): readonly number[] {
  const columns = Math.max(...rows.map((row) => row.length));
  return Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => widthOf(textOf(row[column] ?? '')))),
  );
}

function line(row: readonly Cell[], widths: readonly number[]): string {
  const last = row.findLastIndex((cell) => textOf(cell) !== '');
  return row
    .slice(0, last + 1)
    .map((cell, column) => {
      const text = textOf(cell);
      const padding = column === last ? '' : ' '.repeat((widths[column] ?? 0) - widthOf(text));
      return (typeof cell === 'string' ? text : cell.paint(text)) + padding;
    })
    .join(GAP);
}

function textOf(cell: Cell): string {
  return safe(typeof cell === 'string' ? cell : cell.text);
}

/** Characters, not UTF-16 units. */
function widthOf(text: string): number {
  return Array.from(text).length;
}
