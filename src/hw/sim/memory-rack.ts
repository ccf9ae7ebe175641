import type { Clock } from '../../clock.js';
import { evolve, type RackHolder } from './rack.js';
import { EMPTY_RACK } from './state.js';

/** A rack inside this process, gone with it: for tests and scenarios. */
export function memoryRack(clock: Clock): RackHolder {
  let state = EMPTY_RACK;
  return {
    clock,
    async apply(transition) {
      const outcome = evolve(state, clock.now(), transition);
      state = outcome.state;
      return outcome.result;
    },
  };
}
