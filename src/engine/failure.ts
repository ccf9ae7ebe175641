import type { Decision } from './decision.js';

/**
 * Whether a decision makes it known that the server is down. A report that is only observed, that an earlier
 * takeover has answered or that follows one too closely to be believed does not; an order to restart a server
 * that is up takes it down.
 */
export function tellsOfFailure({ event, mode, outcome, reasons }: Decision): boolean {
  if (mode === 'observe') return false;
  if (event.kind === 'restart-order') return outcome === 'restart';
  if (event.kind !== 'failure') return false;
  return outcome === 'restart' || (outcome === 'refused' && reasons[0]?.code !== 'in-cooldown');
}
