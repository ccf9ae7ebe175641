import { outcomeOf, type Outcome, type RestartResult } from '../action.js';
import type { StepError } from '../context.js';
import { accessTimeoutMs, takeAccess, type DriveAccess } from './access.js';
import { stillConnected } from './isolate.js';
import { MARGIN_MS, type Restart } from './job.js';
import { powerOff, type Off } from './power-off.js';
import { release, type Attempt } from './reserve.js';

/** A drive on which the access of a machine could not be proven taken away. */
export type Unproven = RestartResult['unproven'][number];

export type UndoEnd =
  /** The backup does not run the server. */
  | { readonly end: 'undone'; readonly unproven: Unproven | null }
  /** The backup may run the server, now or when it is switched on. Its reservations stay. */
  | { readonly end: 'in-doubt'; readonly error: StepError };

/**
 * Takes back a failed attempt: the backup is switched off and read back, then its drive is disconnected, then
 * both are given back. In this order, or a running server would lose its disk.
 * @param ordered whether a start was ordered; a backup that never was started needs no switching off.
 */
export async function undo(restart: Restart, attempt: Attempt, ordered: boolean): Promise<UndoEnd> {
  if (ordered) {
    const off = await switchOff(restart, attempt);
    if (!off.ok) return { end: 'in-doubt', error: off.error };
  }
  const access = await disconnect(restart, attempt);
  if (ordered && access.state === 'still-connected') {
    return { end: 'in-doubt', error: stillConnected(`${attempt.name}/undo-connect`, access) };
  }
  await release(restart, attempt);
  return { end: 'undone', unproven: tell(restart, attempt, access) };
}

function switchOff({ ctx, hardware, plan }: Restart, { name, backup }: Attempt): Promise<Outcome<Off>> {
  const { timeoutMs, attempts } = plan.sequence.fence;
  ctx.note({ methodStep: 8, message: `switching ${backup} off again` });
  return outcomeOf(
    ctx.step(
      `${name}/undo-start`,
      (signal) => powerOff(ctx, backup, hardware.power(backup), { timeoutMs, signal }),
      {
        always: true,
        timeoutMs: timeoutMs + MARGIN_MS,
        attempts,
      },
    ),
  );
}

async function disconnect(restart: Restart, { name, drive, backup }: Attempt): Promise<DriveAccess> {
  const step = await outcomeOf(
    restart.ctx.step(`${name}/undo-connect`, (signal) => takeAccess(restart, [backup], drive, signal), {
      always: true,
      timeoutMs: accessTimeoutMs(restart),
    }),
  );
  if (step.ok) return step.value;
  return { drive, state: 'unreadable', disconnected: [], reason: step.error.message };
}

function tell({ ctx }: Restart, attempt: Attempt, access: DriveAccess): Unproven | null {
  const { name, backup, drive } = attempt;
  if (access.state === 'clear') {
    ctx.note({ methodStep: 8, message: `${name} is undone: ${drive} is disconnected from ${backup}` });
    return null;
  }
  ctx.note({ methodStep: 8, message: `${backup} may still have access to ${drive}: ${access.reason}` });
  return { drive, machine: backup, reason: access.reason };
}
