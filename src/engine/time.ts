/** A point in time as it stands in events, decisions and the store: RFC 3339, UTC, milliseconds, `Z`. */
export type Instant = string;

/** Formats milliseconds since the Unix epoch; equal times give equal text, and text order is time order. */
export function toInstant(epochMs: number): Instant {
  return new Date(epochMs).toISOString();
}

/** Milliseconds since the Unix epoch of an {@link Instant}. */
export function toEpochMs(instant: Instant): number {
  return Date.parse(instant);
}
