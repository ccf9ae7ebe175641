import { blocked, type ActionEnd, type FailedAttempt, type InDoubt, type RestartResult } from '../action.js';
import { STEP_CODES, type StepContext, type StepError } from '../context.js';
import type { AttemptEnd } from './attempt.js';
import { RESTART_CODES, type Restart } from './job.js';
import type { Attempt } from './reserve.js';

/** What the attempts so far have come to. */
export type Account = Pick<RestartResult, 'tried' | 'unproven'>;

/** Codes whose subject is the machine that could not be kept off. */
const FENCE_CODES: ReadonlySet<string> = new Set([RESTART_CODES.notProvenOff, RESTART_CODES.unfenced]);

/** The plan does not fit the world, or nobody could find out whether it does. */
export function notBegun(ctx: StepContext, error: StepError): ActionEnd {
  const advice = `Nothing was touched; make sure where ${ctx.server} runs before it is restarted again`;
  return stopped(ctx, error, advice, noResult());
}

/** A machine that may run the server is not proven off. */
export function unfenced(restart: Restart, error: StepError, account?: Account): ActionEnd {
  const { ctx, inDoubt } = restart;
  return stopped(ctx, error, unfencedAdvice(restart, error), { ...noResult(inDoubt), ...account });
}

/** A machine that is off has its drive still. */
export function notIsolated({ ctx, inDoubt }: Restart, error: StepError): ActionEnd {
  const advice = `Nothing was started; take the access away, then restart ${ctx.server} again`;
  return stopped(ctx, error, advice, noResult(inDoubt));
}

type Stop = Pick<Extract<AttemptEnd, { end: 'stop' }>, 'error' | 'why'>;

/** An attempt ended such that no other one may follow. */
export async function stop(
  restart: Restart,
  attempt: Attempt,
  { error, why }: Stop,
  account: Account,
): Promise<ActionEnd> {
  const { ctx } = restart;
  switch (why) {
    case 'in-doubt':
      return inDoubt(restart, attempt, error, account);
    case 'unfenced':
      return unfenced({ ...restart, inDoubt: [] }, error, account);
    case 'runs-already': {
      const advice = `Find out who started it there before ${ctx.server} is restarted again`;
      return stopped(ctx, error, advice, { ...noResult(), ...account });
    }
  }
}

/** Both reservations stay: nobody else may use what may be running the server. */
async function inDoubt(
  { ctx }: Restart,
  { backup, drive }: Attempt,
  error: StepError,
  account: Account,
): Promise<ActionEnd> {
  await ctx.record('in-doubt', async (table) => {
    await table.setMachineState(backup, 'failed');
    return null;
  });
  const advice =
    `${backup} may run ${ctx.server} from ${drive}, so nothing else was started and both stay reserved. ` +
    `Look at ${backup}: if ${ctx.server} runs there, leave it; if not, switch ${backup} off and restart ${ctx.server} again`;
  const left: InDoubt = { machine: backup, drive, operation: ctx.operation };
  return stopped(ctx, error, advice, { ...noResult([left]), ...account });
}

/** Every attempt was tried and undone, or the restart was given up between two of them. */
export function noneLeft({ ctx }: Restart, account: Account): ActionEnd {
  const why = account.tried.at(-1)?.code === STEP_CODES.aborted ? 'aborted' : 'no-attempt-left';
  const text = account.tried.map(describe).join('; ') || 'the plan names no attempt';
  ctx.note({ methodStep: 8, message: `blocked: ${why}` });
  return blocked(
    `${why}: ${ctx.server} does not run anywhere. ${text}. Mend what failed, then restart ${ctx.server} again`,
    { ...noResult(), ...account },
  );
}

function describe({ snapshot, drive, backup, reason }: FailedAttempt): string {
  return `${snapshot ?? 'cold boot'} from ${drive} on ${backup}: ${reason}`;
}

function unfencedAdvice({ ctx: { server }, plan: { machine }, unproven }: Restart, error: StepError): string {
  if (error.code === STEP_CODES.aborted) return `Nothing was started; ${server} may still run on ${machine}`;
  const subject = FENCE_CODES.has(error.code) ? error.subject : machine;
  if (unproven.includes(subject)) {
    return (
      `Nothing was started, since ${subject} was fenced while a drive did not answer, and could run ${server} a second ` +
      `time by now. Mend its power control, or that drive, then restart ${server} again`
    );
  }
  return (
    `Nothing was started, since ${server} could then run twice. Mend the power control of ${subject} or pull its ` +
    `plug, then restart ${server} again`
  );
}

function stopped(ctx: StepContext, error: StepError, advice: string, result: RestartResult): ActionEnd {
  ctx.note({ methodStep: 8, message: `blocked: ${error.message}`, detail: { code: error.code } });
  return blocked(`${error.code}: ${error.message}. ${advice}`, result);
}

function noResult(inDoubt: readonly InDoubt[] = []): RestartResult {
  return { kind: 'restart', backup: null, snapshot: null, drive: null, tried: [], unproven: [], inDoubt };
}
