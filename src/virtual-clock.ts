import { sleepBy, type Clock } from './clock.js';

/** A {@link Clock} whose time moves only when it is told to. */
export interface VirtualClock extends Clock {
  /**
   * Moves time to `ms` and ends every sleep due by then, each at its own time. What those sleeps wake runs
   * after this call, when it is `ms` already; where that matters, use {@link VirtualClock.runUntil}.
   * @throws {RangeError} when `ms` lies in the past.
   */
  advanceTo(ms: number): void;
  /** When the next sleep ends; null when nothing sleeps. */
  nextTimer(): number | null;
  /**
   * Runs everything that happens at the next instant at which a sleep ends, and moves time there.
   * @param settle as below.
   * @returns false when nothing sleeps; nothing happens then.
   */
  runNext(settle: () => Promise<void>): Promise<boolean>;
  /**
   * Runs everything that happens up to `ms`: ends sleeps in the order of their times and then of their beginning,
   * and calls `settle` before the first and after those of each instant, so that what a sleep wakes runs at that
   * sleep's time. Ends at `ms`.
   * @param settle resolves when all that was woken has come to its next sleep or to its end.
   * @throws {RangeError} when `ms` lies in the past.
   */
  runUntil(ms: number, settle: () => Promise<void>): Promise<void>;
}

interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

/** A clock that stands at `startMs` (epoch ms) until it is moved. */
export function createVirtualClock(startMs = 0): VirtualClock {
  let nowMs = startMs;
  const timers: Timer[] = [];

  function insert(timer: Timer): void {
    const later = timers.findIndex((other) => other.atMs > timer.atMs);
    timers.splice(later === -1 ? timers.length : later, 0, timer);
  }

  function remove(timer: Timer): void {
    const index = timers.indexOf(timer);
    if (index !== -1) timers.splice(index, 1);
  }

  /** Ends the first sleep that is due by `ms`. False when none is. */
  function fireNext(ms: number): boolean {
    const [timer] = timers;
    if (timer === undefined || timer.atMs > ms) return false;
    timers.shift();
    nowMs = Math.max(nowMs, timer.atMs);
    timer.fire();
    return true;
  }

  /** Ends every sleep that is due at the next instant, if that comes by `ms`. False when none is. */
  function fireMoment(ms: number): boolean {
    const atMs = timers[0]?.atMs;
    if (!fireNext(ms)) return false;
    while (timers[0]?.atMs === atMs) fireNext(ms);
    return true;
  }

  function assertAhead(ms: number): void {
    if (!(ms >= nowMs)) throw new RangeError(`virtual time is ${nowMs}; it cannot move back to ${ms}`);
  }

  function after(ms: number, fire: () => void): () => void {
    if (!Number.isFinite(ms)) throw new RangeError(`cannot sleep for ${ms} ms`);
    const timer: Timer = { atMs: nowMs + Math.max(0, ms), fire };
    insert(timer);
    return () => {
      remove(timer);
    };
  }

  return {
    now: () => nowMs,
    monotonic: () => nowMs,
    after,
    sleep: sleepBy(after),
    nextTimer: () => timers[0]?.atMs ?? null,
    advanceTo(ms) {
      assertAhead(ms);
      while (fireNext(ms));
      nowMs = ms;
    },
    async runNext(settle) {
      if (!fireMoment(Infinity)) return false;
      await settle();
      return true;
    },
    async runUntil(ms, settle) {
      assertAhead(ms);
      do await settle();
      while (fireMoment(ms));
      nowMs = Math.max(nowMs, ms);
    },
  };
}
