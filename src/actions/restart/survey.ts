import type { ActionDeps, InDoubt } from '../action.js';
import { bounded } from '../bounded.js';
import { StepRefusal, type StepContext } from '../context.js';
import { messageUnlessCrash } from '../crash.js';
import type { RestartPlan } from '../../engine/decision.js';
import type { Hardware } from '../../hw/index.js';
import { RESTART_CODES } from './job.js';

/** What the restart works on beside its plan, as it was when the restart began. */
export interface Survey {
  readonly drives: readonly string[];
  readonly inDoubt: readonly InDoubt[];
  readonly unproven: readonly string[];
}

const LOOK_MS = 5_000;

/**
 * Looks whether the plan still fits the world, before anything is touched.
 * @throws {StepRefusal} `stale-plan` when the server runs on another machine by now, `runs-already` when a backup
 * says that it runs the server.
 */
export async function survey(
  ctx: StepContext,
  plan: RestartPlan,
  hardware: Hardware,
  deps: ActionDeps,
  signal: AbortSignal,
): Promise<Survey> {
  const machine = await deps.machineOf(ctx.server);
  if (machine !== plan.machine) {
    throw new StepRefusal(
      'stale-plan',
      ctx.server,
      `the plan fences ${plan.machine}, and ${ctx.server} runs on ${machine ?? 'no known machine'} by now`,
    );
  }
  const inDoubt = await deps.inDoubt(ctx.server);
  const known = new Set([plan.machine, ...inDoubt.map((left) => left.machine)]);
  const backups = new Set(plan.attempts.map(({ backup }) => backup).filter((backup) => !known.has(backup)));
  const guests = await Promise.all([...backups].map((backup) => guestOf(hardware, backup, deps, signal)));
  const running = guests.find(({ server }) => server === ctx.server);
  if (running !== undefined) {
    throw new StepRefusal(
      RESTART_CODES.runsAlready,
      running.backup,
      `${running.backup} says that it runs ${ctx.server} already, and the disk table says ${plan.machine}`,
    );
  }
  const unproven = await deps.unproven(ctx.server);
  return { drives: everyDrive(plan, await deps.drives()), inDoubt, unproven };
}

function everyDrive(plan: RestartPlan, drives: readonly string[]): readonly string[] {
  return [...new Set([plan.disk, ...plan.attempts.map(({ drive }) => drive), ...drives])].sort();
}

/** A backup that does not answer is no reason to stop: it fails when its attempt comes. */
async function guestOf(
  hardware: Hardware,
  backup: string,
  { clock }: ActionDeps,
  signal: AbortSignal,
): Promise<{ readonly backup: string; readonly server: string | null }> {
  const look = await bounded(async (until) => hardware.power(backup).guest(until), {
    clock,
    timeoutMs: LOOK_MS,
    abort: signal,
  });
  if (look.end === 'value') return { backup, server: look.value?.server ?? null };
  messageUnlessCrash(look.error);
  return { backup, server: null };
}
