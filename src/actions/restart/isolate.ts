import { outcomeOf, type Outcome } from '../action.js';
import { StepError } from '../context.js';
import { accessTimeoutMs, takeAccess, type DriveAccess } from './access.js';
import type { Fenced } from './fence.js';
import { RESTART_CODES, type Restart } from './job.js';

const ISOLATED: unique symbol = Symbol('only isolate() makes it');

/** The fenced machines have no access left to any drive that answers. */
export interface Isolated {
  readonly [ISOLATED]: true;
  readonly fenced: Fenced;
  /** Drives that did not say who has access to them. */
  readonly unreadable: readonly DriveAccess[];
}

/**
 * Takes the access of the fenced machines away, on every drive, and reads back that it is gone. All drives at
 * once and each within its own time, since the array that died with the server answers nothing.
 */
export async function isolate(restart: Restart, fenced: Fenced): Promise<Outcome<Isolated>> {
  const { ctx, drives } = restart;
  const { machines } = fenced;
  ctx.note({ methodStep: 8, message: `disconnecting ${machines.join(', ')} from all drives` });
  const step = await outcomeOf(
    ctx.step(
      'disconnect',
      (signal) => Promise.all(drives.map((drive) => takeAccess(restart, machines, drive, signal))),
      {
        timeoutMs: accessTimeoutMs(restart),
      },
    ),
  );
  if (!step.ok) return step;
  const connected = step.value.find(({ state }) => state === 'still-connected');
  if (connected !== undefined) return { ok: false, error: stillConnected('disconnect', connected) };
  const unreadable = step.value.filter(({ state }) => state === 'unreadable');
  tell(restart, step.value);
  return { ok: true, value: { [ISOLATED]: true, fenced, unreadable } };
}

/** Off now; but with its drive the machine would run the server again as soon as somebody switches it on. */
export function stillConnected(step: string, { drive, reason }: DriveAccess): StepError {
  return new StepError(step, { code: RESTART_CODES.stillConnected, subject: drive, message: reason });
}

function tell({ ctx }: Restart, accesses: readonly DriveAccess[]): void {
  const taken = accesses.filter(({ disconnected }) => disconnected.length > 0).map(({ drive }) => drive);
  const unreadable = accesses.filter(({ state }) => state === 'unreadable').map(({ drive }) => drive);
  const silent = unreadable.length === 0 ? '' : `; ${unreadable.join(', ')} did not answer`;
  ctx.note({
    methodStep: 8,
    message: `disconnected from ${taken.join(', ') || 'no drive'}${silent}`,
    detail: { taken, unreadable },
  });
}
