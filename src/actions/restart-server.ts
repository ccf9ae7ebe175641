import type { Decision, RestartPlan } from '../engine/decision.js';
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
  type InDoubt,
  type RestartResult,
} from './action.js';
import { STEP_CODES, type StepContext, type StepError } from './context.js';
import { tryAttempt, type AttemptEnd } from './restart/attempt.js';
import { fence } from './restart/fence.js';
import { isolate, type Isolated } from './restart/isolate.js';
import type { Restart } from './restart/job.js';
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
  tellSelection(ctx, plan);

  const surveyed = await outcomeOf(ctx.step('survey', (signal) => survey(ctx, plan, hardware, deps, signal)));
  if (!surveyed.ok) {
    return stopped(
      ctx,
      surveyed.error,
      'nothing was touched. Find out where it runs, then restart it again',
      noResult([]),
    );
  }
  const restart: Restart = { ctx, plan, hardware, deps, ...surveyed.value };
  const { inDoubt } = restart;

  const fenced = await fence(restart, 'fence');
  if (!fenced.ok) {
    return stopped(ctx, fenced.error, unfencedAdvice(plan, fenced.error), noResult(inDoubt));
  }
  await ctx.record('fenced', async (table) => {
    await table.setMachineState(plan.machine, 'fenced');
    return null;
  });

  const isolated = await isolate(restart, fenced.value);
  if (!isolated.ok) {
    return stopped(
      ctx,
      isolated.error,
      `take its access away, then restart ${ctx.server} again`,
      noResult(inDoubt),
    );
  }
  await clearDoubts(restart);

  return tryAll(restart, isolated.value);
}

/** Steps 6 and 7 were decided by the policies; here they are told, with every row. */
function tellSelection(ctx: StepContext, { candidates, attempts, condition }: RestartPlan): void {
  ctx.note({
    methodStep: 6,
    message: `${candidates.length} snapshots of ${ctx.server} found`,
    detail: { candidates },
  });
  const [first] = attempts;
  ctx.note({
    methodStep: 7,
    message:
      first === undefined
        ? 'none of them may be started'
        : `first choice for condition ${condition ?? '(none)'}: ${first.snapshot ?? 'cold boot'} on ${first.drive}`,
    detail: { condition, attempts },
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

type Account = Pick<RestartResult, 'tried' | 'unproven'>;

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

type Stop = Pick<Extract<AttemptEnd, { end: 'stop' }>, 'error' | 'why'>;

async function stop(restart: Restart, attempt: Attempt, end: Stop, account: Account): Promise<ActionEnd> {
  const { ctx, plan } = restart;
  const left: InDoubt = { machine: attempt.backup, drive: attempt.drive, operation: ctx.operation };
  const result = { ...noResult([]), ...account };
  switch (end.why) {
    case 'in-doubt':
      // Both reservations stay: nobody else may use what may be running the server.
      await ctx.record('in-doubt', async (table) => {
        await table.setMachineState(attempt.backup, 'failed');
        return null;
      });
      return stopped(ctx, end.error, inDoubtAdvice(ctx, left), { ...result, inDoubt: [left] });
    case 'unfenced':
      return stopped(ctx, end.error, unfencedAdvice(plan, end.error), result);
    case 'runs-already':
      return stopped(
        ctx,
        end.error,
        `find out who started it there, then restart ${ctx.server} again`,
        result,
      );
  }
}

function inDoubtAdvice(ctx: StepContext, { machine, drive }: InDoubt): string {
  return (
    `${machine} may run ${ctx.server} from ${drive}, so nothing else was started and both stay reserved. ` +
    `Look at ${machine}: if ${ctx.server} runs there, leave it; if not, switch ${machine} off and restart ${ctx.server} again`
  );
}

function unfencedAdvice({ machine }: RestartPlan, error: StepError): string {
  const subject = error.subject === '' ? machine : error.subject;
  return (
    `nothing runs instead, since two could run at once. Mend the power control of ${subject} or pull its plug, ` +
    `then restart the server again`
  );
}

function stopped(ctx: StepContext, error: StepError, advice: string, result: RestartResult): ActionEnd {
  ctx.note({ methodStep: 8, message: `blocked: ${error.message}`, detail: { code: error.code } });
  return blocked(`${error.code}: ${error.message}; ${advice}`, result);
}

async function noneLeft({ ctx }: Restart, account: Account): Promise<ActionEnd> {
  const each = account.tried.map(
    ({ snapshot, drive, backup, reason }) =>
      `${snapshot ?? 'cold boot'} from ${drive} on ${backup}: ${reason}`,
  );
  const last = account.tried.at(-1)?.code;
  const why = last === STEP_CODES.aborted ? 'aborted' : 'no-attempt-left';
  const text = each.length === 0 ? 'the plan names none' : each.join('; ');
  return blocked(
    `${why}: ${ctx.server} does not run anywhere. ${text}. Mend what failed, then restart ${ctx.server} again`,
    { ...noResult([]), ...account },
  );
}

function noResult(inDoubt: readonly InDoubt[]): RestartResult {
  return { kind: 'restart', backup: null, snapshot: null, drive: null, tried: [], unproven: [], inDoubt };
}
