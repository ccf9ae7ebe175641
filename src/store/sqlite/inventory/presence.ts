import { enter, type Change } from '../tables/journal.js';

type Kind = 'drive' | 'machine' | 'server';

const TABLE: Readonly<Record<Kind, string>> = { drive: 'drives', machine: 'machines', server: 'servers' };

interface Known {
  readonly name: string;
  readonly missing: boolean;
}

/** Marks the rows that left the inventory. */
export async function markMissing(
  change: Change,
  kind: Kind,
  known: readonly Known[],
  declared: (name: string) => boolean,
): Promise<void> {
  for (const { name, missing } of known) {
    if (missing || declared(name)) continue;
    await setMissing(change, kind, name, true);
  }
}

/** Unmarks a row that is declared. True when it had been missing. */
export async function markPresent(change: Change, kind: Kind, known: Known): Promise<boolean> {
  if (known.missing) await setMissing(change, kind, known.name, false);
  return known.missing;
}

async function setMissing(change: Change, kind: Kind, name: string, missing: boolean): Promise<void> {
  await change.sql.run(`UPDATE ${TABLE[kind]} SET missing = ? WHERE name = ?`, [missing ? 1 : 0, name]);
  await enter(change, `${kind}:${name}`, missing ? 'missing' : 'returned', null);
}
