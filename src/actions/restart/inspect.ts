import { toInstant } from '../../engine/time.js';
import { HardwareError } from '../../hw/contract.js';
import { outcomeOf, type Outcome } from '../action.js';
import { StepError, StepRefusal } from '../context.js';
import { RESTART_CODES, type Restart } from './job.js';
import type { Attempt, Reserved } from './reserve.js';

const SOUND: unique symbol = Symbol('only inspect() makes it');

/** The backup runs nothing, and the snapshot reads back as it was recorded. */
export interface Sound {
  readonly [SOUND]: true;
  readonly attempt: Attempt;
}

/** Looks at backup and snapshot at the time of use, before anything is changed for them. */
export async function inspect(restart: Restart, reserved: Reserved): Promise<Outcome<Sound>> {
  const { attempt } = reserved;
  const idle = await backupIdle(restart, attempt);
  if (!idle.ok) return idle;
  const whole = await snapshotWhole(restart, reserved);
  if (!whole.ok) return whole;
  return { ok: true, value: { [SOUND]: true, attempt } };
}

/** Undoing an attempt switches its backup off: it must not run anything that is not ours. */
function backupIdle({ ctx, hardware, plan }: Restart, { name, backup }: Attempt): Promise<Outcome<null>> {
  return outcomeOf(
    ctx.step(
      `${name}/backup`,
      async (signal) => {
        const guest = await hardware.power(backup).guest(signal);
        if (guest === null) return null;
        const code = guest.server === ctx.server ? RESTART_CODES.runsAlready : 'in-use';
        throw new StepRefusal(code, backup, `${backup} already runs ${guest.server}`);
      },
      { timeoutMs: plan.sequence.connect.timeoutMs, attempts: plan.sequence.connect.attempts },
    ),
  );
}

async function snapshotWhole(restart: Restart, { attempt, expected }: Reserved): Promise<Outcome<null>> {
  if (expected === null) return { ok: true, value: null };
  const { ctx } = restart;
  const { snapshot } = expected;
  const step = `${attempt.name}/checksum`;
  const read = await outcomeOf(
    ctx.step(step, (signal) => readBack(restart, attempt, expected, signal), {
      timeoutMs: restart.plan.sequence.start.timeoutMs,
      attempts: 2,
    }),
  );
  if (!read.ok) return read;
  const verdict = read.value;
  await ctx.record(`${attempt.name}/checked`, async (table) => {
    await table.recordVerification(snapshot, verdict === 'ok' ? 'ok' : 'failed', toInstant(ctx.now()));
    return null;
  });
  if (verdict === 'ok') return { ok: true, value: null };
  const message = `${snapshot} reads back from ${attempt.drive} as ${verdict}`;
  return { ok: false, error: new StepError(step, { code: verdict, subject: snapshot, message }) };
}

/** The manifest lies beside the bytes it vouches for; the disk table does not. Both must agree. */
async function readBack(
  restart: Restart,
  attempt: Attempt,
  { snapshot, checksum }: NonNullable<Reserved['expected']>,
  signal: AbortSignal,
): Promise<Verdict> {
  const storage = restart.hardware.storage(attempt.drive);
  const manifest = await storage.inspect(snapshot, signal);
  if (manifest === 'absent') return 'absent';
  if (manifest === 'partial') return 'damaged';
  if (manifest.server !== restart.ctx.server || manifest.checksum !== checksum) return 'damaged';
  return (await holdReady(restart, attempt, snapshot, signal)) ?? storage.verify(snapshot, signal);
}

type Verdict = 'ok' | 'damaged' | 'absent';

/**
 * Where the backup can stand by, it loads the snapshot while its bytes are read back, or holds it already: letting
 * it run is then a moment's work. Null when it cannot; the start then says why, or does without.
 */
async function holdReady(
  { ctx, hardware }: Restart,
  { backup, drive }: Attempt,
  snapshot: string,
  signal: AbortSignal,
): Promise<Verdict | null> {
  const standby = hardware.standby(backup);
  if (standby === null) return null;
  try {
    await standby.arm({ operation: ctx.operation, server: ctx.server, snapshot, drive, signal });
    return 'ok';
  } catch (error) {
    if (!(error instanceof HardwareError) || signal.aborted) throw error;
    return error.code === 'damaged' || error.code === 'absent' ? error.code : null;
  }
}
