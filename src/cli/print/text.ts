import { spoken } from '../../engine/reason.js';
import { toEpochMs, type Instant } from '../../engine/time.js';

/** Text that came from outside must not steer the terminal that shows it. */
export function safe(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** A value of a condition, as it would be written in JSON; long ones are cut. */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text = safe(JSON.stringify(value));
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

/** `2026-01-31 12:00:05Z`: to the second, which is as exact as people read. */
export function timeText(at: Instant): string {
  const seconds = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(at);
  return seconds ? `${seconds[1] ?? ''} ${seconds[2] ?? ''}Z` : safe(at);
}

/** `12:00:05.123Z`: the time of day, where the day is clear. */
export function clockText(at: Instant): string {
  return safe(at.slice(at.indexOf('T') + 1));
}

/** `3h 5m ago`, with the two units that matter; `in 5m` for what is still to come. */
export function agoText(at: Instant, nowMs: number): string {
  const ms = nowMs - toEpochMs(at);
  if (Number.isNaN(ms)) return safe(at);
  if (Math.abs(ms) < 1000) return 'just now';
  return ms < 0 ? `in ${roughly(-ms)}` : `${roughly(ms)} ago`;
}

/** `3h 5m`: a duration by its two largest units. */
export function roughly(ms: number): string {
  return spoken(ms).split(' ').slice(0, 2).join(' ');
}

/** `1.234 s`, `12 ms`: how long something took. */
export function tookText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `1.5 GiB`. */
export function sizeText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(SIZE_UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** power;
  return `${Number.isInteger(amount) ? amount : amount.toFixed(1)} ${SIZE_UNITS[power] ?? 'B'}`;
}

/** `1 server`, `3 servers`, `2 policies`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `sha256:0123456789ab`: enough of a revision to tell it from others. */
export function shortRevision(revision: string): string {
  return /^sha256:[0-9a-f]{64}$/.test(revision) ? revision.slice(0, 'sha256:'.length + 12) : safe(revision);
}

/** JSON as commands print it: one line. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
