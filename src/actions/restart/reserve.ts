import type { RestartAttempt } from '../../engine/decision.js';
import type { DiskTable, SnapshotRow } from '../../store/store.js';
import { outcomeOf, type Outcome } from '../action.js';
import { StepRefusal } from '../context.js';
import { RESTART_CODES, type Restart } from './job.js';

/** One pair of a snapshot and a backup that is tried. */
export interface Attempt extends RestartAttempt {
  /** `attempt-1`: what the names of its steps begin with. */
  readonly name: string;
}

const RESERVED: unique symbol = Symbol('only reserve() makes it');

/** Backup and drive are ours in the disk table until they are given back. */
export interface Reserved {
  readonly [RESERVED]: true;
  readonly attempt: Attempt;
  /** What the disk table says the snapshot is; null for a cold boot. */
  readonly expected: { readonly snapshot: string; readonly checksum: string | null } | null;
}

/** Reserves what the attempt needs, if it still is as it was when the decision was made. */
export async function reserve({ ctx }: Restart, attempt: Attempt): Promise<Outcome<Reserved>> {
  const { name, backup, drive, snapshot } = attempt;
  ctx.note({
    methodStep: 8,
    message: `${name}: ${snapshot ?? 'cold boot'} on ${drive} for ${backup}`,
    detail: { ...attempt },
  });
  const reserved = await outcomeOf(
    ctx.record(`${name}/reserve`, async (table) => {
      const row = snapshot === null ? null : await restorable(table, ctx.server, snapshot, drive);
      await assertDriveFree(table, ctx.server, drive);
      if (!(await table.reserveMachine(backup, ctx.operation))) {
        throw new StepRefusal(RESTART_CODES.reserved, backup, `${backup} is reserved by another operation`);
      }
      if (!(await table.reserveDrive(drive, ctx.operation))) {
        throw new StepRefusal(RESTART_CODES.reserved, drive, `${drive} is reserved by another operation`);
      }
      return row === null ? null : { snapshot: row.id, checksum: row.checksum };
    }),
  );
  return reserved.ok
    ? { ok: true, value: { [RESERVED]: true, attempt, expected: reserved.value } }
    : reserved;
}

async function restorable(table: DiskTable, server: string, id: string, drive: string): Promise<SnapshotRow> {
  const row = await table.snapshot(id);
  if (row === null) throw new StepRefusal('absent', id, `${id} is not in the disk table any more`);
  if (row.state !== 'complete')
    throw new StepRefusal('not-complete', id, `${id} is ${row.state}, not complete`);
  if (row.server !== server || row.drive !== drive) {
    throw new StepRefusal(
      'wrong-row',
      id,
      `${id} is of ${row.server} on ${row.drive}, not of ${server} on ${drive}`,
    );
  }
  return row;
}

async function assertDriveFree(table: DiskTable, server: string, drive: string): Promise<void> {
  const row = await table.drive(drive);
  if (row === null) throw new StepRefusal('drive-missing', drive, `${drive} is not in the disk table`);
  if (row.role === 'quarantined') throw new StepRefusal('quarantined', drive, `${drive} is quarantined`);
  if (row.role === 'active' && row.server !== server) {
    throw new StepRefusal('drive-in-use', drive, `${row.server ?? 'another server'} runs from ${drive}`);
  }
}

/** Gives back what an attempt has reserved, so that the next one, or another operation, can have it. */
export async function release({ ctx }: Restart, { name, backup, drive }: Attempt): Promise<void> {
  await ctx.record(`${name}/release`, async (table) => {
    await table.releaseMachine(backup, ctx.operation);
    await table.releaseDrive(drive, ctx.operation);
    return null;
  });
}
