import type { PowerCapability } from '../../hw/contract.js';
import { StepRefusal, type StepContext } from '../context.js';
import { messageUnlessCrash } from '../crash.js';
import { POLL_MS, RESTART_CODES } from './job.js';

/** A machine that was read back as off. */
export interface Off {
  readonly machine: string;
  /** It was off before anything was ordered. */
  readonly wasOff: boolean;
  /** Epoch ms. */
  readonly readAtMs: number;
}

/**
 * Switches a machine off: status first, act, status last. Only a clear `off` that is read back counts; an order
 * that was accepted, refused or never answered proves nothing in either direction, and a machine that was off
 * already is a success.
 * @throws {StepRefusal} `not-proven-off` with what the machine answered, when it does not read back as off in time.
 */
export async function powerOff(
  ctx: StepContext,
  machine: string,
  power: PowerCapability,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Off> {
  const { timeoutMs, signal } = limits;
  const untilMs = ctx.monotonic() + timeoutMs;
  let reading = await read(power, signal);
  if (reading === 'off') return { machine, wasOff: true, readAtMs: ctx.now() };

  const answer = await order(ctx, power, signal);
  do {
    const readAtMs = ctx.now();
    reading = await read(power, signal);
    if (reading === 'off') return { machine, wasOff: false, readAtMs };
  } while (await another(ctx, untilMs, signal));
  throw new StepRefusal(
    RESTART_CODES.notProvenOff,
    machine,
    `${machine} did not read back as off within ${timeoutMs} ms; ordered off: ${answer}; last reading: ${reading}`,
    { retry: true },
  );
}

/** `off`, `on`, or why neither is known. */
async function read(power: PowerCapability, signal: AbortSignal): Promise<string> {
  try {
    return await power.state(signal);
  } catch (error) {
    return `unknown (${messageUnlessCrash(error)})`;
  }
}

async function order(ctx: StepContext, power: PowerCapability, signal: AbortSignal): Promise<string> {
  try {
    await power.off({ operation: ctx.operation, signal });
    return 'accepted';
  } catch (error) {
    return messageUnlessCrash(error);
  }
}

async function another(ctx: StepContext, untilMs: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted || ctx.monotonic() >= untilMs) return false;
  try {
    await ctx.pause(Math.min(POLL_MS, untilMs - ctx.monotonic()), signal);
    return true;
  } catch {
    return false;
  }
}
