/**
 * When a report was last accepted, for sources that resend without saying so. Held in memory only: losing it
 * costs one report counted twice.
 */
export interface Receptions {
  /** True when the report was accepted less than `windowMs` before `nowMs`. */
  justAccepted(id: string, nowMs: number, windowMs: number): boolean;
  accepted(id: string, nowMs: number): void;
}

/** Reports remembered: a flood forgets the oldest first and cannot fill the memory. */
const CAPACITY = 50_000;

export function createReceptions(capacity = CAPACITY): Receptions {
  const lastAt = new Map<string, number>();
  return {
    justAccepted(id, nowMs, windowMs) {
      const last = lastAt.get(id);
      // A clock set back makes the last reception lie in the future; that is no reason to drop reports.
      return last !== undefined && nowMs >= last && nowMs - last < windowMs;
    },
    accepted(id, nowMs) {
      // Inserted anew, so that the order of the map is the order of reception.
      lastAt.delete(id);
      lastAt.set(id, nowMs);
      const [oldest] = lastAt.keys();
      if (lastAt.size > capacity && oldest !== undefined) lastAt.delete(oldest);
    },
  };
}
