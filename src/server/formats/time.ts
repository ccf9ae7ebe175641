import { type Instant, toInstant } from '../../engine/time.js';
import type { Read } from './item.js';

/** A source that believes it is before 2000 has no clock. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);
/** How far the clock of a source may be ahead of ours. */
const MAX_AHEAD_MS = 5 * 60_000;

const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,18}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** Reads a time of a foreign source: RFC 3339, not before 2000, not further ahead of us than clocks drift. */
export function readTime(key: string, text: string, nowMs: number): Read<Instant> {
  const ms = parseRfc3339(text);
  if (ms === null) return outOfRange(`${key} is not an RFC 3339 time such as 2026-01-31T12:00:00Z`);
  if (ms < EARLIEST_MS) return outOfRange(`${key} is before the year 2000`);
  if (ms > nowMs + MAX_AHEAD_MS) {
    return outOfRange(`${key} is more than 5 minutes ahead of this service, where it is ${toInstant(nowMs)}`);
  }
  return { ok: true, value: toInstant(ms) };
}

function outOfRange(detail: string): Read<never> {
  return { ok: false, problem: { code: 'TIME_RANGE', detail } };
}

/**
 * Epoch ms of an RFC 3339 time, fractions cut to milliseconds; null when it is none. Stricter than
 * `Date.parse`, which takes 30 February for 2 March. Leap seconds are not accepted.
 */
function parseRfc3339(text: string): number | null {
  const match = RFC3339.exec(text);
  if (match === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const ms = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const offsetHour = Number(match[9] ?? 0);
  const offsetMinute = Number(match[10] ?? 0);
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return null;
  // Two-digit years mean 19xx to Date.UTC: those years are out of range either way.
  const midnight = new Date(Date.UTC(year, month - 1, day));
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return null;
  const offset = (match[8] === '-' ? -1 : 1) * (offsetHour * 60 + offsetMinute);
  return midnight.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000 + ms;
}
