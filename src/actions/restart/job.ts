import type { RestartPlan } from '../../engine/decision.js';
import type { Hardware } from '../../hw/index.js';
import type { ActionDeps, InDoubt } from '../action.js';
import type { StepContext } from '../context.js';

/** What every phase of one restart works on. */
export interface Restart {
  readonly ctx: StepContext;
  readonly plan: RestartPlan;
  readonly hardware: Hardware;
  readonly deps: ActionDeps;
  /** All drives, for finding those that the failed server's machine can still use. */
  readonly drives: readonly string[];
  /** Backups that an earlier restart left and that may run the server as well. */
  readonly inDoubt: readonly InDoubt[];
  /** Machines that an earlier restart fenced and that may have access to a drive still, should somebody switch them on. */
  readonly unproven: readonly string[];
}

/** Codes of refusals that decide how a restart goes on. */
export const RESTART_CODES = {
  /** The machine could not be read back as off. */
  notProvenOff: 'not-proven-off',
  /** At the moment of starting, the failed server's machine could not be read back as off. */
  unfenced: 'unfenced',
  /** A drive answers that the access of a machine is not gone. */
  stillConnected: 'still-connected',
  /** Another operation holds the drive or the backup of an attempt. */
  reserved: 'reserved',
  /** The server runs already on the backup that was to be started. */
  runsAlready: 'runs-already',
} as const;

/** A step waits this much longer than the effect inside, so that the effect can say itself what it saw last. */
export const MARGIN_MS = 5_000;

/** How often a state is read back while waiting for it. */
export const POLL_MS = 500;
