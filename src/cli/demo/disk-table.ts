import type { Stage } from './stage.js';

/** A row of the disk table as the demo shows it: one snapshot of one server. */
export interface Row {
  readonly id: string;
  readonly server: string;
  readonly generation: number;
  readonly kind: string;
  readonly condition: string;
  readonly drive: string;
  readonly state: string;
  readonly takenAt: string;
}

/** The complete snapshots of a server, oldest first. */
export async function snapshotsOf(stage: Stage, server: string): Promise<readonly Row[]> {
  const rows = await stage.get('/v1/snapshots', (body) => itemsOf(body).filter(isRow));
  return rows
    .filter((row) => row.server === server && row.state === 'complete')
    .toSorted((a, b) => a.generation - b.generation);
}

export function renderRows(rows: readonly Row[]): string {
  const header = ['snapshot', 'drive', 'kind', 'condition', 'taken at'];
  const cells = rows.map((row) => [row.id, row.drive, row.kind, row.condition, row.takenAt.slice(11, 23)]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...cells.map((cell) => cell[column]?.length ?? 0)),
  );
  return [header, ...cells]
    .map((cell) => `     | ${cell.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`)
    .join('\n');
}

function itemsOf(body: unknown): readonly unknown[] {
  if (typeof body !== 'object' || body === null || !('items' in body)) return [];
  return Array.isArray(body.items) ? body.items : [];
}

const TEXTS = ['id', 'server', 'kind', 'condition', 'drive', 'state', 'takenAt'] as const;

function isRow(value: unknown): value is Row {
  if (typeof value !== 'object' || value === null) return false;
  const row: Readonly<Record<string, unknown>> = { ...value };
  return typeof row.generation === 'number' && TEXTS.every((key) => typeof row[key] === 'string');
}
