import { refusal } from '../../refusals.js';
import { text } from '../columns.js';
import { enter, type Change } from './journal.js';
import { findDrive } from './drives.js';
import { findMachine } from './machines.js';

/** Reserved things are named in a column of their own row, so two operations cannot both have one. */
type Reservable = 'drive' | 'machine';

const TABLE: Readonly<Record<Reservable, string>> = { drive: 'drives', machine: 'machines' };

export async function reserveDrive(change: Change, name: string, operation: string): Promise<boolean> {
  const drive = await findDrive(change.sql, name);
  if (drive === null) throw refusal.noRow('drive', name);
  if (drive.reservedBy === operation) return true;
  if (drive.reservedBy !== null || drive.missing) return false;
  if (drive.server !== null && drive.server !== (await serverOf(change, operation))) return false;
  return reserve(change, 'drive', name, operation);
}

export async function reserveMachine(change: Change, name: string, operation: string): Promise<boolean> {
  const machine = await findMachine(change.sql, name);
  if (machine === null) throw refusal.noRow('machine', name);
  if (machine.reservedBy === operation) return true;
  if (machine.reservedBy !== null || machine.missing || machine.state !== 'idle') return false;
  return reserve(change, 'machine', name, operation);
}

export async function release(
  change: Change,
  kind: Reservable,
  name: string,
  operation: string,
): Promise<void> {
  const changed = await change.sql.run(
    `UPDATE ${TABLE[kind]} SET reserved_by = NULL WHERE name = ? AND reserved_by = ?`,
    [name, operation],
  );
  if (changed > 0) await enter(change, `${kind}:${name}`, 'released', { operation });
}

export async function releaseAll(change: Change, operation: string): Promise<void> {
  for (const kind of ['drive', 'machine'] as const) {
    const held = await change.sql.all(
      `SELECT name FROM ${TABLE[kind]} WHERE reserved_by = ? ORDER BY name`,
      [operation],
      (row) => text(row, 'name'),
    );
    for (const name of held) await release(change, kind, name, operation);
  }
}

async function reserve(change: Change, kind: Reservable, name: string, operation: string): Promise<true> {
  await change.sql.run(`UPDATE ${TABLE[kind]} SET reserved_by = ? WHERE name = ?`, [operation, name]);
  await enter(change, `${kind}:${name}`, 'reserved', { operation });
  return true;
}

function serverOf(change: Change, operation: string): Promise<string | null> {
  return change.sql.get('SELECT server FROM operations WHERE id = ?', [operation], (row) =>
    text(row, 'server'),
  );
}
