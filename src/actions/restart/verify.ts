import { toEpochMs } from '../../engine/time.js';
import { outcomeOf, type Outcome } from '../action.js';
import { StepRefusal } from '../context.js';
import { messageUnlessCrash } from '../crash.js';
import { MARGIN_MS, POLL_MS, type Restart } from './job.js';
import type { Attempt } from './reserve.js';
import type { Started } from './start.js';

const VERIFIED: unique symbol = Symbol('only verify() makes it');

/** The server gave a sign of life on the backup after it was started there. */
export interface Verified {
  readonly [VERIFIED]: true;
  readonly attempt: Attempt;
}

/**
 * Waits until the server is alive on the backup: it reports itself, or the hardware sees its signs of life go on.
 * That a start was accepted is no takeover.
 */
export async function verify(restart: Restart, started: Started): Promise<Outcome<Verified>> {
  const { ctx, plan } = restart;
  const { attempt } = started;
  const withinMs = plan.sequence.verify.heartbeatWithinMs;
  ctx.note({ methodStep: 8, message: `waiting for a sign of life of ${ctx.server} on ${attempt.backup}` });
  const alive = await outcomeOf(
    ctx.step(`${attempt.name}/heartbeat`, (signal) => signOfLife(restart, started, withinMs, signal), {
      timeoutMs: withinMs + MARGIN_MS,
    }),
  );
  return alive.ok ? { ok: true, value: { [VERIFIED]: true, attempt } } : alive;
}

interface SignOfLife {
  /** `server`: it reported itself. `hardware`: the machine sees it. */
  readonly source: 'server' | 'hardware';
  /** Epoch ms. */
  readonly atMs: number;
}

/**
 * How often the last sign that the hardware saw has to move on. The first one may be the start itself, the second the
 * last of a server that died over it; when they were is by the hardware's clock, which may be another than ours.
 */
const MOVES = 2;

async function signOfLife(
  restart: Restart,
  started: Started,
  withinMs: number,
  signal: AbortSignal,
): Promise<SignOfLife> {
  const { ctx } = restart;
  // From now, not from the start: after a crash the server has had no chance to be seen meanwhile.
  const untilMs = ctx.monotonic() + withinMs;
  let before: SignOfLife | null = null;
  let moves = 0;
  for (;;) {
    const seen = await look(restart, started, signal);
    if (typeof seen !== 'string') {
      if (seen.source === 'server') return seen;
      if (before !== null && seen.atMs > before.atMs) moves += 1;
      if (moves === MOVES) return seen;
      before = seen;
    }
    const leftMs = untilMs - ctx.monotonic();
    if (leftMs <= 0) throw silent(restart, started, withinMs, seen);
    await ctx.pause(Math.min(POLL_MS, leftMs), signal);
  }
}

function silent(
  { ctx }: Restart,
  started: Started,
  withinMs: number,
  seen: SignOfLife | string,
): StepRefusal {
  const { backup } = started.attempt;
  const last = typeof seen === 'string' ? seen : `the last one, at ${seen.atMs}, was not followed by another`;
  return new StepRefusal(
    'no-heartbeat',
    backup,
    `no sign of life of ${ctx.server} on ${backup} within ${withinMs} ms: ${last}`,
  );
}

/** A sign of life newer than the start, or why there is none. */
async function look(restart: Restart, started: Started, signal: AbortSignal): Promise<SignOfLife | string> {
  const { ctx, deps } = restart;
  const { atMs, heartbeat } = started.since;
  const own = await deps.lastHeartbeat(ctx.server);
  if (own !== null && own !== heartbeat && toEpochMs(own) > atMs)
    return { source: 'server', atMs: toEpochMs(own) };
  return seenByHardware(restart, started, signal);
}

async function seenByHardware(
  { ctx, hardware }: Restart,
  { attempt }: Started,
  signal: AbortSignal,
): Promise<SignOfLife | string> {
  try {
    const guest = await hardware.power(attempt.backup).guest(signal);
    if (guest === null) return 'the machine runs nothing';
    if (guest.server !== ctx.server) return `the machine runs ${guest.server}`;
    if (guest.heartbeatAt === null) return 'it runs and gave no sign of life yet';
    return { source: 'hardware', atMs: guest.heartbeatAt };
  } catch (error) {
    return messageUnlessCrash(error);
  }
}
