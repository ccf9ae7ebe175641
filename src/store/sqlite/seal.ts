import { crc32 } from 'node:zlib';
import { StoreDamaged } from '../errors.js';
import type { Handle, Row } from './handle.js';

/** The column that holds a row's checksum, last in its table. */
const SUM = 'sum';

/** What the service acts on, with the columns that tell the rows of a table apart. */
const STATE: Readonly<Record<string, readonly string[]>> = {
  drives: ['name'],
  machines: ['name'],
  servers: ['name'],
  snapshots: ['id'],
  matches: ['event', 'policy'],
  symptoms: ['server', 'policy'],
  orders: ['server', 'policy', 'action'],
};

/** What grows with everything that happens. */
const HISTORY: Readonly<Record<string, readonly string[]>> = {
  events: ['seq'],
  decisions: ['seq'],
  operations: ['seq'],
  steps: ['seq'],
  journal: ['seq'],
};

const TABLES: Readonly<Record<string, readonly string[]>> = { ...STATE, ...HISTORY };

/** Rows of the history that are looked at together. */
const PAGE = 1_000;

const UNSEALED = Object.keys(TABLES)
  .map(
    (table) =>
      `SELECT '${table}' AS name WHERE EXISTS (SELECT 1 FROM ${table} INDEXED BY ${table}_unsealed WHERE sum IS NULL)`,
  )
  .join(' UNION ALL ');

/**
 * Gives the rows that the running transaction has changed their checksums. A row loses the one it had to a
 * trigger, whoever changes it.
 */
export async function sealRows(handle: Handle): Promise<void> {
  for (const { name } of await handle.all(UNSEALED)) await sealTable(handle, String(name));
}

async function sealTable(handle: Handle, table: string): Promise<void> {
  const key = TABLES[table] ?? [];
  const rows = await handle.all(`SELECT * FROM ${table} INDEXED BY ${table}_unsealed WHERE sum IS NULL`);
  const where = key.map((column) => `${column} = ?`).join(' AND ');
  for (const row of rows)
    await handle.run(`UPDATE ${table} SET sum = ? WHERE ${where}`, [sumOf(row), ...key.map(bindable(row))]);
}

function bindable(row: Row): (column: string) => string | number | null {
  return (column) => {
    const value = row[column];
    return typeof value === 'string' || typeof value === 'number' ? value : null;
  };
}

/**
 * A row as it was read, when nothing has changed it since it was written. Rows that are read in part have no
 * checksum and are taken as they are.
 * @param mayBeChanged the transaction may have changed the row itself, which then has no checksum yet.
 * @throws {StoreDamaged}
 */
export function intact(row: Row, mayBeChanged: boolean): Row {
  const sum = row[SUM];
  if (sum === undefined || sum === sumOf(row) || (sum === null && mayBeChanged)) return row;
  throw new StoreDamaged(
    `a row of the store was changed by something else than this program: ${JSON.stringify(row)}`,
  );
}

/** CRC-32 over all that stands before the checksum, so that a query may add columns of other tables behind it. */
function sumOf(row: Row): number {
  const columns = Object.keys(row);
  return crc32(JSON.stringify(columns.slice(0, columns.indexOf(SUM)).map((column) => row[column])));
}

/** The rows that the service acts on and that are not as they were written; empty when there is none. */
export async function brokenState(handle: Handle): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [table, key] of Object.entries(STATE)) {
    const rows = await handle.all(`SELECT * FROM ${table}`);
    found.push(...rows.filter(isBroken).map((row) => brokenRow(table, key, row)));
  }
  return found;
}

/** The same of all that ever happened, which may be more than fits into memory. */
export async function brokenHistory(handle: Handle): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [table, key] of Object.entries(HISTORY)) {
    for await (const row of inPages(handle, table)) if (isBroken(row)) found.push(brokenRow(table, key, row));
  }
  return found;
}

/** The rows of a table of the history, oldest first. */
export async function* inPages(handle: Handle, table: string): AsyncGenerator<Row> {
  for (let after = 0; ;) {
    const rows = await handle.all(`SELECT * FROM ${table} WHERE seq > ? ORDER BY seq LIMIT ${PAGE}`, [after]);
    yield* rows;
    if (rows.length < PAGE) return;
    after = Number(rows.at(-1)?.seq);
  }
}

function isBroken(row: Row): boolean {
  return row[SUM] !== sumOf(row);
}

function brokenRow(table: string, key: readonly string[], row: Row): string {
  return `${table} ${key.map((column) => String(row[column])).join(' ')} is not as it was written`;
}
