import { StepError } from '../context.js';
import { RESTART_CODES, type Restart } from './job.js';
import { connect } from './connect.js';
import { inspect } from './inspect.js';
import type { Isolated } from './isolate.js';
import { release, reserve, type Attempt } from './reserve.js';
import { start } from './start.js';
import { undo, type Unproven } from './undo.js';
import { verify, type Verified } from './verify.js';

export type AttemptEnd =
  | { readonly end: 'runs'; readonly verified: Verified }
  /** Undone; the next attempt may begin. */
  | {
      readonly end: 'failed';
      readonly error: StepError;
      readonly unproven: Unproven | null;
    }
  /** No attempt may follow: the server may run somewhere. */
  | {
      readonly end: 'stop';
      readonly error: StepError;
      readonly why: 'unfenced' | 'runs-already' | 'in-doubt';
      readonly unproven: Unproven | null;
    };

/** Tries one pair of snapshot and backup: each phase needs the value that the one before it gave. */
export async function tryAttempt(
  restart: Restart,
  isolated: Isolated,
  attempt: Attempt,
): Promise<AttemptEnd> {
  const reserved = await reserve(restart, attempt);
  if (!reserved.ok) return { end: 'failed', error: reserved.error, unproven: null };

  const sound = await inspect(restart, reserved.value);
  if (!sound.ok) return givenBack(restart, attempt, sound.error);

  const connected = await connect(restart, isolated, sound.value);
  if (!connected.ok) return undone(restart, attempt, { error: connected.error, ordered: false });

  const started = await start(restart, connected.value);
  if (started.end !== 'started') {
    return undone(restart, attempt, {
      error: started.error,
      ordered: true,
      unfenced: started.end === 'unfenced',
    });
  }

  const verified = await verify(restart, started.started);
  if (!verified.ok) return undone(restart, attempt, { error: verified.error, ordered: true });
  return { end: 'runs', verified: verified.value };
}

async function givenBack(restart: Restart, attempt: Attempt, error: StepError): Promise<AttemptEnd> {
  await release(restart, attempt);
  if (error.code !== RESTART_CODES.runsAlready) return { end: 'failed', error, unproven: null };
  return { end: 'stop', error, why: 'runs-already', unproven: null };
}

interface Failure {
  readonly error: StepError;
  /** Whether a start was ordered, so that the backup may run. */
  readonly ordered: boolean;
  readonly unfenced?: boolean;
}

async function undone(restart: Restart, attempt: Attempt, failure: Failure): Promise<AttemptEnd> {
  const { error, ordered, unfenced = false } = failure;
  const taken = await undo(restart, attempt, ordered);
  if (taken.end === 'in-doubt') {
    return { end: 'stop', error: because(taken.error, error), why: 'in-doubt', unproven: null };
  }
  if (unfenced) return { end: 'stop', error, why: 'unfenced', unproven: taken.unproven };
  return { end: 'failed', error, unproven: taken.unproven };
}

/** Why the undo failed, and what it was to undo. */
function because(undoing: StepError, failed: StepError): StepError {
  const { step, code, subject, message } = undoing;
  return new StepError(step, {
    code,
    subject,
    message: `${message}; it had to be undone since ${failed.message}`,
  });
}
