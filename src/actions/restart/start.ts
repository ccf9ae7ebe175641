import type { Instant } from '../../engine/time.js';
import { outcomeOf } from '../action.js';
import type { StepError } from '../context.js';
import type { Connected } from './connect.js';
import { fence, proveStillOff } from './fence.js';
import { RESTART_CODES, type Restart } from './job.js';
import type { Attempt } from './reserve.js';

/** A machine that comes back on again and again is not a fenced one; somebody has to pull its plug. */
const MAX_FENCES = 3;

const STARTED: unique symbol = Symbol('only start() makes it');

/** The backup accepted to start the server. Whether it runs is another question. */
export interface Started {
  readonly [STARTED]: true;
  readonly connected: Connected;
  readonly attempt: Attempt;
  readonly since: Since;
}

/** What a sign of life must be newer than. */
export interface Since {
  /** Epoch ms. */
  readonly atMs: number;
  /** The last that the server itself had sent by then: its clock may have been ahead. */
  readonly heartbeat: Instant | null;
}

export type StartEnd =
  | { readonly end: 'started'; readonly started: Started }
  /** The backup may have been started all the same. */
  | { readonly end: 'failed'; readonly error: StepError }
  /** A machine that may run the server cannot be kept off: nothing may be started anywhere. */
  | { readonly end: 'unfenced'; readonly error: StepError };

/**
 * Step 8, second half: the backup wakes from the snapshot, or boots cold. The fenced machines are read back
 * inside the very step that starts; one that has come back is fenced again.
 */
export async function start(restart: Restart, connected: Connected): Promise<StartEnd> {
  const { ctx, plan } = restart;
  const { attempt } = connected;
  const { timeoutMs, attempts } = plan.sequence.start;
  for (let round = 1; ; round += 1) {
    ctx.note({
      methodStep: 8,
      message: `starting ${ctx.server} on ${attempt.backup}`,
      detail: { ...attempt, round },
    });
    const name = round === 1 ? `${attempt.name}/start` : `${attempt.name}/start-${round}`;
    const started = await outcomeOf(
      ctx.step(name, (signal) => order(restart, connected, signal), { timeoutMs, attempts }),
    );
    if (started.ok) {
      return { end: 'started', started: { [STARTED]: true, connected, attempt, since: started.value } };
    }
    if (started.error.code !== RESTART_CODES.unfenced) return { end: 'failed', error: started.error };
    if (round === MAX_FENCES) return { end: 'unfenced', error: started.error };
    const again = await fence(restart, `${attempt.name}/fence-${round + 1}`);
    if (!again.ok) return { end: 'unfenced', error: again.error };
  }
}

async function order(restart: Restart, connected: Connected, signal: AbortSignal): Promise<Since> {
  const { ctx, hardware, deps } = restart;
  const { backup, snapshot, drive } = connected.attempt;
  const proof = await proveStillOff(restart, connected.isolated.fenced, signal);
  const order = { operation: ctx.operation, signal, server: ctx.server, drive, proof };
  if (snapshot === null) await hardware.power(backup).boot(order);
  else await hardware.memory(backup).resume({ ...order, snapshot });
  return { atMs: ctx.now(), heartbeat: await deps.lastHeartbeat(ctx.server) };
}
