import type { Clock } from '../clock.js';
import { HardwareError, type HardwareErrorCode } from '../hw/contract.js';
import { StoreRefusal, type StepEnd, type StepFailure } from '../store/store.js';
import { bounded, type Bounded } from './bounded.js';
import { STEP_CODES, StepRefusal } from './context.js';
import { SimulatedCrash } from './crash.js';

/** Answers that another attempt would only repeat. */
const FINAL: ReadonlySet<HardwareErrorCode> = new Set<HardwareErrorCode>([
  'no-space',
  'damaged',
  'absent',
  'unsupported',
  'unknown-name',
  'driver-settings',
  'unfenced',
]);

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

export interface EffectLimits {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly attempts: number;
  /** Null for an effect that runs even when the operation was aborted. */
  readonly abort: AbortSignal | null;
  /** Told of each failed attempt after which another one is made. */
  readonly onRetry: (failure: StepFailure, attempt: number) => void;
}

/**
 * Runs an effect until it succeeds, no attempt is left, or another attempt makes no sense.
 * @throws {SimulatedCrash} and nothing else.
 */
export async function runEffect(
  step: string,
  effect: (signal: AbortSignal) => Promise<unknown>,
  limits: EffectLimits,
): Promise<StepEnd> {
  for (let attempt = 1; ; attempt += 1) {
    const end = await bounded(effect, limits);
    if (end.end === 'value') return { ok: true, result: asJournaled(end.value) };
    if (end.error instanceof SimulatedCrash) throw end.error;
    const failure = failureOf(step, end, limits);
    if (attempt >= limits.attempts || !worthRetrying(end)) return { ok: false, error: failure };
    limits.onRetry(failure, attempt);
    await pauseBefore(attempt + 1, limits);
  }
}

/** What the journal will give back after a crash, so that a live run sees the very same value. */
export function asJournaled(value: unknown): unknown {
  return value === undefined || value === null ? null : (JSON.parse(JSON.stringify(value)) as unknown);
}

/** The failure that stands in the journal for what was thrown. */
export function asFailure(step: string, error: unknown): StepFailure {
  if (error instanceof HardwareError || error instanceof StepRefusal) {
    return { code: error.code, subject: error.subject, message: error.message };
  }
  if (error instanceof StoreRefusal) return { code: error.code, subject: step, message: error.message };
  return { code: STEP_CODES.defect, subject: step, message: describe(error) };
}

type Failed = Exclude<Bounded<unknown>, { end: 'value' }>;

function failureOf(step: string, end: Failed, limits: EffectLimits): StepFailure {
  switch (end.end) {
    case 'thrown':
      return asFailure(step, end.error);
    case 'aborted':
      return { code: STEP_CODES.aborted, subject: step, message: abortMessage(limits.abort) };
    case 'timeout': {
      const detail = end.error === undefined ? 'no answer when told to stop' : describe(end.error);
      const time = `given up after ${Math.max(0, limits.timeoutMs)} ms`;
      return { code: STEP_CODES.timeout, subject: step, message: `${time}: ${detail}` };
    }
  }
}

/** Why the operation was aborted, in the words of whoever aborted it. */
export function abortMessage(signal: AbortSignal | null): string {
  return signal === null ? 'aborted' : describe(signal.reason ?? 'aborted');
}

function worthRetrying(end: Failed): boolean {
  if (end.end !== 'thrown') return end.end === 'timeout';
  const { error } = end;
  if (error instanceof HardwareError) return !FINAL.has(error.code);
  return error instanceof StepRefusal && error.retry;
}

async function pauseBefore(attempt: number, limits: EffectLimits): Promise<void> {
  const ms = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 2));
  try {
    await limits.clock.sleep(ms, limits.abort ?? undefined);
  } catch {
    // Aborted while waiting: the next attempt sees that before it begins and says so.
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
