import type { Clock } from '../clock.js';
import { planStandby, type StandbyPlan } from '../engine/standby.js';
import type { PolicySet } from '../engine/policy-set.js';
import { toInstant } from '../engine/time.js';
import type { View } from '../engine/view.js';
import { HardwareError, type StandbyCapability } from '../hw/contract.js';
import type { Hardware } from '../hw/index.js';
import { createFollower, within, type Follower } from './follower.js';
import type { Journalist } from './journalist.js';

export interface StandbyParts {
  readonly clock: Clock;
  readonly policySet: () => PolicySet;
  readonly hardware: () => Hardware;
  readonly view: () => Promise<View>;
  readonly journalist: Journalist;
  /** Aborted when the service stops. */
  readonly closing: AbortSignal;
}

const LOOK_MS = 5_000;
/** Loading a large memory takes a while. */
const ARM_MS = 300_000;
const OPERATION = 'standby';

/**
 * Makes the backups hold ready what the policies ask for. Nothing of it is journaled: it is looked at anew after
 * each change, and what it brings about is memory that a restart may find loaded, or load for itself.
 */
export function createStandby(parts: StandbyParts): Follower {
  const { clock, policySet, hardware, view, journalist, closing } = parts;
  /** What could not be done, so that it is told once and not at every look. */
  const troubles = new Map<string, string>();

  async function follow(): Promise<void> {
    const policies = policySet();
    const able = new Map(
      backupsOf(policies).flatMap((name) => {
        const standby = hardware().standby(name);
        return standby === null ? [] : [[name, standby]];
      }),
    );
    if (able.size === 0) return;
    const seen = await view();
    const plans = await planStandby(policies, seen, toInstant(clock.now()));
    const stopping = (): boolean => closing.aborted;
    for (const backup of idle(seen)) {
      if (stopping()) return;
      const standby = able.get(backup);
      if (standby === undefined) continue;
      const plan = plans.find((one) => one.backup === backup) ?? null;
      try {
        await bringAbout({ standby, backup, plan });
        troubles.delete(backup);
      } catch (error) {
        if (!stopping()) tell(backup, `${backup} does not hold ready what it should`, error);
      }
    }
  }

  async function bringAbout({ standby, backup, plan }: Wanted): Promise<void> {
    const look = { clock, timeoutMs: LOOK_MS, abort: closing };
    const held = await within(look, (signal) => standby.armed(signal));
    if (held === (plan?.snapshot ?? null)) return;
    if (plan === null) await within(look, (signal) => standby.disarm({ operation: OPERATION, signal }));
    else
      await within({ ...look, timeoutMs: ARM_MS }, (signal) =>
        standby.arm({ ...plan, operation: OPERATION, signal }),
      );
    journalist.stoodBy({ machine: backup, server: plan?.server ?? null, snapshot: plan?.snapshot ?? null });
  }

  function tell(subject: string, what: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    // What gave way to a restart is looked at again when that has ended.
    const gaveWay = error instanceof HardwareError && error.code === 'aborted';
    if (gaveWay || troubles.get(subject) === message) return;
    troubles.set(subject, message);
    journalist.fault(what, error);
  }

  return createFollower(follow, closing, (error) => {
    tell('the policies', 'what is to be held ready could not be looked at', error);
  });
}

/** What one backup is to hold; with null nothing. */
interface Wanted {
  readonly standby: StandbyCapability;
  readonly backup: string;
  readonly plan: StandbyPlan | null;
}

function backupsOf({ inventory }: PolicySet): readonly string[] {
  return [...inventory.machines.values()].filter(({ role }) => role === 'backup').map(({ name }) => name);
}

/** Machines that nothing runs on and that no restart has reserved: only their memory may be filled. */
function idle({ machines }: View): readonly string[] {
  return machines
    .filter(({ state, reservedBy }) => state === 'idle' && reservedBy === null)
    .map(({ name }) => name);
}
