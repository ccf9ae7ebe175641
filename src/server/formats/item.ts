import type { AlertEvent, EngineEvent } from '../../engine/event.js';
import type { Instant } from '../../engine/time.js';
import type { HttpProblemCode } from '../problem.js';

/** What one entry of a body became. Formats differ; from here on nothing knows which one it was. */
export type Item =
  | EventItem
  | { readonly kind: 'heartbeat'; readonly server: string; readonly at: Instant }
  /** Well-formed, and names no server that it could be about. */
  | { readonly kind: 'no-server'; readonly detail: string }
  | { readonly kind: 'rejected'; readonly problem: ItemProblem };

export interface EventItem {
  readonly kind: 'event';
  readonly event: EngineEvent;
  readonly identity: Identity;
}

/** What it means that an event of this id was accepted before. */
export type Identity =
  /**
   * The source gave the id: with equal content it is the same event, with other content a conflict.
   * `atReception`: the source gave no time, so the same event sent again differs in it.
   */
  | { readonly by: 'id-and-content'; readonly atReception: boolean }
  /** The id is made of all that tells events of this source apart: it is the same event. */
  | { readonly by: 'id' }
  /** The source reports the same thing again without saying so: either delivered once more, or `repeat`. */
  | { readonly by: 'occurrence'; readonly repeat: AlertEvent };

/** Why one item cannot be accepted. */
export interface ItemProblem {
  readonly code: HttpProblemCode;
  readonly detail: string;
}

/** What converting needs from around it. */
export interface Reception {
  /** Epoch ms at which the body was received. */
  readonly nowMs: number;
  /** A fresh id for an event whose source gives none. */
  readonly newId: () => string;
}

/** A result of reading something foreign. */
export type Read<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: ItemProblem };

export function rejected(problem: ItemProblem): Item {
  return { kind: 'rejected', problem };
}

/** One item or a list of them: the two forms in which our own JSON comes. */
export function oneOrMany(body: unknown): readonly unknown[] {
  return Array.isArray(body) ? (body as readonly unknown[]) : [body];
}
