/** The line between the driver and the rack: a call goes out, its answer is waited for, failures become errors. */
import { abortError, type Clock } from '../../clock.js';
import { HardwareError } from '../contract.js';
import type { Reply, Transition } from './call.js';
import type { RackHolder } from './rack.js';
import type { Failure } from './state.js';

export interface Line {
  /**
   * One call.
   * @throws {HardwareError} the machine's or drive's failure; `aborted` when the caller gives up. Before the
   * call goes out nothing has happened then; afterwards it has.
   */
  ask<T>(subject: string, signal: AbortSignal, call: Transition<Reply<T>>): Promise<T>;
  /** Looks at, or tidies up, what the driver itself has begun. Cannot fail and takes no time. */
  peek<T>(transition: Transition<T>): Promise<T>;
  /** @throws {HardwareError} `aborted` */
  wait(subject: string, ms: number, signal: AbortSignal): Promise<void>;
}

/** @param ready resolves when the rack holds what the inventory says. */
export function openLine(holder: RackHolder, clock: Clock, ready: Promise<unknown>): Line {
  async function wait(subject: string, ms: number, signal: AbortSignal): Promise<void> {
    try {
      await clock.sleep(ms, signal);
    } catch (cause) {
      throw aborted(subject, cause);
    }
  }
  return {
    wait,
    async ask(subject, signal, call) {
      if (signal.aborted) throw aborted(subject, abortError(signal));
      await ready;
      const { answer, afterMs } = await holder.apply(call);
      await wait(subject, afterMs, signal);
      if (!answer.ok) throw toError(answer.failure);
      return answer.value;
    },
    async peek(transition) {
      await ready;
      return holder.apply(transition);
    },
  };
}

export function toError({ code, subject, message }: Failure): HardwareError {
  return new HardwareError(code, subject, message);
}

function aborted(subject: string, cause: unknown): HardwareError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new HardwareError('aborted', subject, `the call to ${subject} was given up: ${why}`, { cause });
}
