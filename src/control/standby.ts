import { bounded } from '../actions/bounded.js';
import type { Clock } from '../clock.js';
import { planStandby, type StandbyPlan } from '../engine/standby.js';
import type { PolicySet } from '../engine/policy-set.js';
import { toInstant } from '../engine/time.js';
import type { View } from '../engine/view.js';
import { HardwareError, type StandbyCapability } from '../hw/contract.js';
import type { Hardware } from '../hw/index.js';
import type { Journalist } from './journalist.js';

/**
 * Makes the backups hold ready what the policies ask for. Nothing of it is journaled: it is looked at anew after
 * each change, and what it brings about is memory that a restart may find loaded, or load for itself.
 */
export interface Standby {
  /** Something has changed that may change what is to be held ready. */
  reconsider(): void;
  /** Resolves when what was begun has ended; nothing is begun any more. */
  close(): Promise<void>;
}

export interface StandbyParts {
  readonly clock: Clock;
  readonly policySet: () => PolicySet;
  readonly hardware: () => Hardware;
  readonly view: () => Promise<View>;
  readonly journalist: Journalist;
}

const LOOK_MS = 5_000;
/** Loading a large memory takes a while. */
const ARM_MS = 300_000;
const OPERATION = 'standby';

export function createStandby(parts: StandbyParts): Standby {
  const { clock, policySet, hardware, view, journalist } = parts;
  const closing = new AbortController();
  /** What could not be done, so that it is told once and not at every look. */
  const troubles = new Map<string, string>();
  let woken = false;
  let working: Promise<void> | null = null;

  async function work(): Promise<void> {
    while (woken && !closing.signal.aborted) {
      woken = false;
      try {
        await follow();
      } catch (error) {
        tell('the policies', 'what is to be held ready could not be looked at', error);
      }
    }
    working = null;
  }

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
    for (const backup of idle(seen)) {
      if (closing.signal.aborted) return;
      const standby = able.get(backup);
      if (standby === undefined) continue;
      const plan = plans.find((one) => one.backup === backup) ?? null;
      try {
        await bringAbout(standby, backup, plan);
        troubles.delete(backup);
      } catch (error) {
        tell(backup, `${backup} does not hold ready what it should`, error);
      }
    }
  }

  async function bringAbout(
    standby: StandbyCapability,
    backup: string,
    plan: StandbyPlan | null,
  ): Promise<void> {
    const held = await within(LOOK_MS, (signal) => standby.armed(signal));
    if (held === (plan?.snapshot ?? null)) return;
    if (plan === null) await within(LOOK_MS, (signal) => standby.disarm({ operation: OPERATION, signal }));
    else await within(ARM_MS, (signal) => standby.arm({ ...plan, operation: OPERATION, signal }));
    journalist.stoodBy({ machine: backup, server: plan?.server ?? null, snapshot: plan?.snapshot ?? null });
  }

  async function within<T>(timeoutMs: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const answer = await bounded(ask, { clock, timeoutMs, abort: closing.signal });
    if (answer.end === 'value') return answer.value;
    if (answer.end === 'thrown' && answer.error instanceof Error) throw answer.error;
    throw new Error(`no answer within ${timeoutMs} ms`, { cause: answer.error });
  }

  function tell(subject: string, what: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    // What gave way to a restart is looked at again when that has ended.
    const gaveWay = error instanceof HardwareError && error.code === 'aborted';
    if (gaveWay || closing.signal.aborted || troubles.get(subject) === message) return;
    troubles.set(subject, message);
    journalist.fault(what, error);
  }

  return {
    reconsider() {
      woken = true;
      working ??= work();
    },
    async close() {
      closing.abort(new Error('the service is stopping'));
      await working;
    },
  };
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
