import { createHash } from 'node:crypto';
import { WINDOW_MS } from './signature.js';

/**
 * Signed deliveries that were accepted. Outside of the window a signature is refused anyway, so what is forgotten
 * after it cannot be replayed; what a restart forgets within it is told from new events by their ids.
 */
export interface Deliveries {
  seen(id: string, body: Uint8Array, nowMs: number): 'new' | 'same' | 'other';
  accepted(id: string, body: Uint8Array, nowMs: number): void;
}

interface Accepted {
  readonly digest: string;
  readonly atMs: number;
}

export function createDeliveries(): Deliveries {
  const known = new Map<string, Accepted>();

  /** In the order of their reception, so that the oldest stand first. */
  function forget(nowMs: number): void {
    for (const [id, { atMs }] of known) {
      // A delivery may be signed as far in the future as it may be in the past.
      if (nowMs - atMs <= 2 * WINDOW_MS) return;
      known.delete(id);
    }
  }

  return {
    seen(id, body, nowMs) {
      forget(nowMs);
      const before = known.get(id);
      if (before === undefined) return 'new';
      return before.digest === digestOf(body) ? 'same' : 'other';
    },
    accepted(id, body, nowMs) {
      known.delete(id);
      known.set(id, { digest: digestOf(body), atMs: nowMs });
    },
  };
}

function digestOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64');
}
