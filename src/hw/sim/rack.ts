/** The rack: its state behind a holder, changed by one transition at a time, watched after every one of them. */
import type { Clock } from '../../clock.js';
import type { Outcome, Transition } from './call.js';
import { settle } from './settle.js';
import type { RackState } from './state.js';
import { watchTruth } from './truth.js';

/** Keeps the rack's state. Several holders may keep the same rack, if it lies in a file. */
export interface RackHolder {
  /** Whose time the rack lives by. */
  readonly clock: Clock;
  /**
   * Brings the rack up to now and applies a transition, with nothing in between.
   * @throws whatever the transition throws; the rack is then unchanged.
   */
  apply<R>(transition: Transition<R>): Promise<R>;
}

/** One transition: what became due first, then the transition, with the truth monitor after each of them. */
export function evolve<R>(before: RackState, wallMs: number, transition: Transition<R>): Outcome<R> {
  const nowMs = Math.max(wallMs, before.nowMs);
  const settled = settle(before, nowMs);
  const { state, result } = transition(settled, nowMs);
  const after = settle(state === settled ? state : watchTruth(state, nowMs), nowMs);
  return { state: after === before ? before : { ...after, nowMs }, result };
}
