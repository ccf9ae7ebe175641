import type { Decision } from '../engine/decision.js';
import { toInstant } from '../engine/time.js';
import type { Hardware } from '../hw/index.js';
import {
  blocked,
  done,
  outcomeOf,
  type Action,
  type ActionDeps,
  type ActionEnd,
  type FailedAttempt,
} from './action.js';
import { STEP_CODES, type StepContext, type StepError } from './context.js';
import { tryAttempt } from './restart/attempt.js';
import { noneLeft, notBegun, notIsolated, stop, unfenced, type Account } from './restart/endings.js';
import { fence } from './restart/fence.js';
import { isolate, type Isolated } from './restart/isolate.js';
import type { Restart } from './restart/job.js';
import { loadAhead } from './restart/load-ahead.js';
import type { Attempt } from './restart/reserve.js';
import { survey } from './restart/survey.js';
import type { Verified } from './restart/verify.js';

/**
 * Restarts a failed server on a backup:
 *
 *     survey -> fence -> isolate -> for each attempt ( reserve -> inspect -> connect -> start -> verify ) -> takeover
 *
 * Each phase takes the value that the phase before it made, and only that phase can make it: a restart that
 * skips the fence, or the disconnecting, does not compile. A failed attempt is undone before the next begins.
 */
export const restartServer: Action = { kind: 'restart-server', run };

async function run(
  ctx: StepContext,
  decision: Decision,
  hardware: Hardware,
  deps: ActionDeps,
): Promise<ActionEnd> {
  const plan = decision.restart;
  if (plan === undefined)
    return blocked(`decision ${decision.id} holds no restart plan; report this defect`, null);

  const surveyed = await outcomeOf(ctx.step('survey', (signal) => survey(ctx, plan, hardware, deps, signal)));
  if (!surveyed.ok) return notBegun(ctx, surveyed.error);
  const restart: Restart = { ctx, plan, hardware, deps, ...surveyed.value };

  const ended = new AbortController();
  loadAhead(restart, ended.signal);
  try {
    return await carryOut(restart);
  } finally {
    ended.abort(new Error('the restart has ended'));
  }
}

async function carryOut(restart: Restart): Promise<ActionEnd> {
  const fenced = await fence(restart, 'fence');
  if (!fenced.ok) return unfenced(restart, fenced.error);
  await recordFenced(restart);

  const isolated = await isolate(restart, fenced.value);
  if (!isolated.ok) return notIsolated(restart, isolated.error);
  await clearDoubts(restart);

  return tryAll(restart, isolated.value);
}

/** Other decisions must not take the failed machine for one that serves. */
async function recordFenced({ ctx, plan }: Restart): Promise<void> {
  await ctx.record('fenced', async (table) => {
    await table.setMachineState(plan.machine, 'fenced');
    return null;
  });
}

/** What an earlier restart left running is proven off and without drives now: its reservations can go. */
async function clearDoubts({ ctx, inDoubt }: Restart): Promise<void> {
  if (inDoubt.length === 0) return;
  await ctx.record('doubts-cleared', async (table) => {
    for (const { machine, operation } of inDoubt) {
      await table.setMachineState(machine, 'idle');
      await table.release(operation);
    }
    return null;
  });
}

async function tryAll(restart: Restart, isolated: Isolated): Promise<ActionEnd> {
  const { ctx, plan } = restart;
  const tried: FailedAttempt[] = [];
  const unproven = isolated.unreadable.flatMap(({ drive, reason }) =>
    isolated.fenced.machines.map((machine) => ({ drive, machine, reason })),
  );
  for (const [index, chosen] of plan.attempts.entries()) {
    const attempt: Attempt = { ...chosen, name: `attempt-${index + 1}` };
    const ended = await tryAttempt(restart, isolated, attempt);
    if (ended.end === 'runs') return takeover(restart, ended.verified, { tried, unproven });
    if (ended.unproven !== null) unproven.push(ended.unproven);
    tried.push(failed(ctx, attempt, ended.error));
    if (ended.end === 'stop') return stop(restart, attempt, ended, { tried, unproven });
    if (ended.error.code === STEP_CODES.aborted) break;
  }
  return noneLeft(restart, { tried, unproven });
}

function failed(
  ctx: StepContext,
  { name, snapshot, drive, backup }: Attempt,
  error: StepError,
): FailedAttempt {
  ctx.note({ methodStep: 8, message: `${name} failed: ${error.message}`, detail: { code: error.code } });
  return { snapshot, drive, backup, code: error.code, reason: error.message };
}

/** Step 8 is done: the backup is the server now, and the disk table says so in one transaction. */
async function takeover(restart: Restart, { attempt }: Verified, account: Account): Promise<ActionEnd> {
  const { ctx, plan } = restart;
  const { backup, snapshot, drive } = attempt;
  const recorded = await outcomeOf(
    ctx.record('takeover', async (table) => {
      await table.recordTakeover({
        server: ctx.server,
        fromMachine: plan.machine,
        toMachine: backup,
        fromDrive: plan.disk,
        toDrive: drive,
        at: toInstant(ctx.now()),
      });
      await table.release(ctx.operation);
      return null;
    }),
  );
  if (!recorded.ok) {
    return stop(restart, attempt, { error: recorded.error, why: 'in-doubt' }, account);
  }
  ctx.note({
    methodStep: 8,
    message: `${ctx.server} runs on ${backup} from ${drive}`,
    detail: { ...attempt },
  });
  return done({ kind: 'restart', backup, snapshot, drive, ...account, inDoubt: [] });
}
