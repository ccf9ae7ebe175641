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
import { RESTART_CODES, type Restart } from './restart/job.js';
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

/**
 * Tries one attempt after the other. When none is left, those that failed because a running operation held their drive or
 * backup are tried again once that has ended: nothing is the matter with them.
 */
async function tryAll(restart: Restart, isolated: Isolated): Promise<ActionEnd> {
  const { ctx, plan } = restart;
  const tried = new Map<string, FailedAttempt>();
  const unproven = isolated.unreadable.flatMap(({ drive, reason }) =>
    isolated.fenced.machines.map((machine) => ({ drive, machine, reason })),
  );
  const account = (): Account => ({ tried: [...tried.values()], unproven });
  let left: readonly Attempt[] = plan.attempts.map((chosen, index) => ({
    name: `attempt-${index + 1}`,
    ...chosen,
  }));
  for (let round = 1; left.length > 0; round += 1) {
    const held: Attempt[] = [];
    for (const attempt of left) {
      const ended = await tryAttempt(restart, isolated, attempt);
      if (ended.end === 'runs') return takeover(restart, ended.verified, account());
      if (ended.unproven !== null) unproven.push(ended.unproven);
      tried.set(placeOf(attempt), failed(ctx, attempt, ended.error));
      if (ended.end === 'stop') return stop(restart, attempt, ended, account());
      if (ended.error.code === STEP_CODES.aborted) return noneLeft(restart, account());
      if (ended.error.code === RESTART_CODES.reserved) held.push(attempt);
    }
    left = (await waited(restart, held, round)) ? held.map((attempt) => again(attempt, round)) : [];
    for (const attempt of left) tried.delete(placeOf(attempt));
  }
  return noneLeft(restart, account());
}

/** Attempts differ by what is tried, and a repetition tries the same. */
function placeOf({ snapshot, drive, backup }: Attempt): string {
  return [snapshot, drive, backup].join(' ');
}

function again(attempt: Attempt, round: number): Attempt {
  return { ...attempt, name: `${attempt.name.replace(/-again-\d+$/, '')}-again-${round}` };
}

/** The times between two looks at what others hold add up to about ten minutes, more than any snapshot should take. */
const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 15_000, ...Array.from({ length: 19 }, () => 30_000)];

/** Waits for running operations to give back what attempts need. False when there is nothing to wait for, or no longer. */
async function waited({ ctx, deps }: Restart, held: readonly Attempt[], round: number): Promise<boolean> {
  const ms = WAITS_MS[round - 1];
  if (held.length === 0 || ms === undefined) return false;
  const wanted = held.flatMap(({ drive, backup }) => [drive, backup]);
  const forNow = await outcomeOf(ctx.step(`held-${round}`, () => deps.heldForNow(wanted)));
  if (!forNow.ok || forNow.value.length === 0) return false;
  ctx.note({
    methodStep: 8,
    message: `waiting for ${forNow.value.join(' and ')}, held by an operation that runs`,
  });
  const slept = await outcomeOf(ctx.sleep(`wait-${round}`, ms));
  return slept.ok;
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
