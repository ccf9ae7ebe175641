import type { MachineView } from '../../../engine/view.js';
import { refusal } from '../../refusals.js';
import { flag, nullable, text, word } from '../columns.js';
import type { Sql } from '../connection.js';
import type { Row } from '../handle.js';
import { enter, type Change } from './journal.js';
import { MACHINE_STATES } from './rows.js';

export interface MachineRow extends MachineView {
  /** As the inventory declares it. */
  readonly role: 'active' | 'backup';
  readonly missing: boolean;
}

const ROLES: Readonly<Record<MachineRow['role'], true>> = { active: true, backup: true };

export function findMachine(sql: Sql, name: string): Promise<MachineRow | null> {
  return sql.get('SELECT * FROM machines WHERE name = ?', [name], machineRow);
}

export function listMachines(sql: Sql): Promise<readonly MachineRow[]> {
  return sql.all('SELECT * FROM machines ORDER BY name', [], machineRow);
}

export function viewMachines(sql: Sql): Promise<readonly MachineView[]> {
  return sql.all('SELECT * FROM machines WHERE missing = 0 ORDER BY name', [], (row) => {
    const { name, state, reservedBy } = machineRow(row);
    return { name, state, reservedBy };
  });
}

export async function setMachineState(
  change: Change,
  name: string,
  state: MachineView['state'],
): Promise<void> {
  const machine = await findMachine(change.sql, name);
  if (machine === null) throw refusal.noRow('machine', name);
  if (machine.state === state) return;
  await change.sql.run('UPDATE machines SET state = ? WHERE name = ?', [state, name]);
  await enter(change, `machine:${name}`, 'state', { from: machine.state, to: state });
}

function machineRow(row: Row): MachineRow {
  return {
    name: text(row, 'name'),
    role: word(row, 'role', ROLES),
    state: word(row, 'state', MACHINE_STATES),
    reservedBy: nullable(row, 'reserved_by', text),
    missing: flag(row, 'missing'),
  };
}
