import { createHash } from 'node:crypto';
import { WINDOW_MS } from './signature.js';

/**
 * Signed deliveries that were accepted. Outside of the window a signature is refused anyway, so what is forgotten
 * after it cannot be replayed; what a restart forgets within it is told from new events by their ids.
 */
export interface Deliveries {
  /** Waits for a delivery of the same id that is under way: what becomes of that says what this one is. */
  begin(id: string, body: Uint8Array, nowMs: number): Promise<Begun>;
}

export type Begun =
  | { readonly is: 'same' | 'other' }
  /** `end` must be called, with what became of it. */
  | { readonly is: 'new'; readonly end: (end: { readonly accepted: boolean }) => void };

interface Accepted {
  readonly digest: string;
  readonly atMs: number;
}

export function createDeliveries(): Deliveries {
  const known = new Map<string, Accepted>();
  const underWay = new Map<string, Promise<void>>();

  /** In the order of their reception, so that the oldest stand first. */
  function forget(nowMs: number): void {
    for (const [id, { atMs }] of known) {
      // A delivery may be signed as far in the future as it may be in the past.
      if (nowMs - atMs <= 2 * WINDOW_MS) return;
      known.delete(id);
    }
  }

  function beginNew(id: string, accepted: Accepted): Begun {
    let over = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      over = resolve;
    });
    underWay.set(id, ended);
    return {
      is: 'new',
      end(end) {
        // An answer that could not be sent is followed by another; only the first one says what was done.
        if (underWay.get(id) !== ended) return;
        if (end.accepted) known.set(id, accepted);
        underWay.delete(id);
        over();
      },
    };
  }

  return {
    async begin(id, body, nowMs) {
      for (let other = underWay.get(id); other !== undefined; other = underWay.get(id)) await other;
      forget(nowMs);
      const digest = digestOf(body);
      const before = known.get(id);
      if (before === undefined) return beginNew(id, { digest, atMs: nowMs });
      return { is: before.digest === digest ? 'same' : 'other' };
    },
  };
}

function digestOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64');
}
