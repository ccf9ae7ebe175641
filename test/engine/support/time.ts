import { toEpochMs, toInstant, type Instant } from '../../../src/engine/time.js';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

const NOON: Instant = '2026-03-01T12:00:00.000Z';

/** So many minutes after noon; before it with a negative number. Tests tell their stories around noon. */
export function at(minutes: number): Instant {
  return toInstant(toEpochMs(NOON) + minutes * MINUTE);
}
