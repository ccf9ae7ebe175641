import { abortError, type Clock } from '../clock.js';
import type { EngineEvent, ScheduleEvent } from '../engine/event.js';
import type { PolicySet } from '../engine/policy-set.js';
import { nextSchedules } from '../engine/schedule.js';
import { toEpochMs, toInstant } from '../engine/time.js';
import type { View } from '../engine/view.js';
import type { Store } from '../store/store.js';

/**
 * Turns schedules that are due into events. What is due is the engine's to say; this only waits for it.
 */
export interface Scheduler {
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** The policies or the disk table have changed: look again now. */
  reconsider(): void;
}

export interface SchedulerParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly policySet: () => PolicySet;
  readonly accept: (events: readonly EngineEvent[]) => Promise<unknown>;
  readonly onFault: (error: unknown) => void;
}

/** New servers and drives are noticed this late at the latest. */
const LOOK_AGAIN_MS = 60_000;

/** Nobody reads it; made once, since this is asked for after everything that happens. */
const LOOK_AGAIN = new Error('look again');

export function createScheduler({ store, clock, policySet, accept, onFault }: SchedulerParts): Scheduler {
  const since = toInstant(clock.now());
  /** By policy and server: the event that was accepted last. */
  const asked = new Map<string, ScheduleEvent>();
  let alarm = new AbortController();

  /** Accepts what is due and says when to look again. */
  async function round(): Promise<number> {
    const now = clock.now();
    const view = await store.view(toInstant(now));
    const schedules = nextSchedules(policySet(), view, { since, now: toInstant(now) });
    const due = schedules.filter((event) => toEpochMs(event.at) <= now && !isWaiting(view, event));
    if (due.length > 0) await accept(due);
    for (const event of due) asked.set(keyOf(event), event);
    const next = schedules.find((event) => toEpochMs(event.at) > now);
    return Math.min(LOOK_AGAIN_MS, next ? toEpochMs(next.at) - now : LOOK_AGAIN_MS);
  }

  /** One that waits for a drive is still due, and is not to be accepted again each time we look. */
  function isWaiting(view: View, event: ScheduleEvent): boolean {
    const last = asked.get(keyOf(event));
    if (last === undefined) return false;
    const order = view.orders.find(
      ({ policy, server }) => policy === event.policy && server === event.server,
    );
    return last.id === event.id || order === undefined || order.at < last.at;
  }

  return {
    async run(signal) {
      const stop = (): void => {
        alarm.abort(abortError(signal));
      };
      signal.addEventListener('abort', stop, { once: true });
      const stopping = (): boolean => signal.aborted;
      while (!stopping()) {
        const wait = await round().catch((error: unknown) => {
          onFault(error);
          return LOOK_AGAIN_MS;
        });
        // The alarm ends the wait early; that is its purpose and no fault.
        await clock.sleep(wait, alarm.signal).catch(() => undefined);
        if (!stopping() && alarm.signal.aborted) alarm = new AbortController();
      }
    },
    reconsider() {
      alarm.abort(LOOK_AGAIN);
    },
  };
}

function keyOf({ policy, server }: ScheduleEvent): string {
  return `${policy} ${server}`;
}
