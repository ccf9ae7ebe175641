import { createControlRoom, type ControlRoom } from '../control/index.js';
import type { Journalist } from '../control/journalist.js';
import type { Decision } from '../engine/decision.js';
import type { PolicySet } from '../engine/policy-set.js';
import { HardwareError } from '../hw/contract.js';
import { openHardware } from '../hw/index.js';
import { createRackControl, memoryRack, simDriver, type RackControl } from '../hw/sim/index.js';
import { openMemoryStore } from '../store/memory/index.js';
import type { Store } from '../store/store.js';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.js';
import { quiet } from './quiet.js';

/** The world of one scenario: the whole administration server, a rack and a clock, all in this process. */
export interface Stage {
  readonly room: ControlRoom;
  readonly store: Store;
  readonly rack: RackControl;
  readonly startMs: number;
  readonly clock: VirtualClock;
  /** The decision about an event; of one that was decided again, the last. */
  decisionAbout(event: string): Decision | null;
  /** What went wrong beside the operations. */
  readonly faults: readonly string[];
  /** Lets everything happen that can happen without time moving. */
  settle(): Promise<void>;
  /** Lets time run to `ms` after the start; does nothing when it is later already. */
  runTo(ms: number): Promise<void>;
  /** Lets the drives be asked how they are; the next survey may be far away, and a step means now. */
  measure(): Promise<void>;
  /** Lets time run until no operation does, or to the limit. True when none does. */
  runOut(limitMs: number): Promise<boolean>;
  strike(): Promise<void>;
}

/** Who wants to know what is decided and what becomes of it, beside the expectations. */
export type Audience = Pick<Journalist, 'decided' | 'ended'>;

const NOBODY: Audience = { decided: ignore, ended: ignore };

/** Any instant will do, as long as it is always the same. */
const START_MS = Date.UTC(2026, 0, 1);

export async function setStage(policySet: PolicySet, audience: Audience = NOBODY): Promise<Stage> {
  const clock = createVirtualClock(START_MS);
  const store = openMemoryStore({ clock });
  const holder = memoryRack(clock);
  const rack = createRackControl(holder);
  const hardware = openHardware(policySet.inventory, new Map([['sim', simDriver({ holder, clock })]]));
  const decisions = new Map<string, Decision>();
  const faults: string[] = [];
  const journalist: Journalist = {
    accepted: ignore,
    decided(decision, how) {
      decisions.set(decision.event.id, decision);
      audience.decided(decision, how);
    },
    began: ignore,
    noted: ignore,
    stepFailed: ignore,
    ended(operation, end) {
      audience.ended(operation, end);
    },
    stoodBy: ignore,
    fault(what, error) {
      // Hardware that misbehaves does so because the scenario says so.
      if (error instanceof HardwareError) return;
      faults.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    },
  };
  const room = createControlRoom({
    store,
    clock,
    policySet: () => policySet,
    hardware: () => hardware,
    journalist,
    queueLimit: 100_000,
    schedules: false,
    // Nothing changes here but by a step or an operation, and after those the drives are measured anyway.
    surveyEveryMs: null,
  });
  const passTime = async (ms: number): Promise<void> => {
    await clock.runUntil(ms, quiet);
    await quiet();
  };
  const starting = room.start();
  await clock.runUntil(START_MS + 1_000, quiet);
  await starting;
  const startMs = clock.now();

  return {
    room,
    store,
    rack,
    clock,
    startMs,
    decisionAbout: (event) => decisions.get(event) ?? null,
    faults,
    settle: quiet,
    async runTo(ms) {
      if (startMs + ms > clock.now()) await clock.runUntil(startMs + ms, quiet);
      else await quiet();
    },
    async measure() {
      const survey = { isOver: false };
      const measured = room.policiesChanged().finally(() => {
        survey.isOver = true;
      });
      await quiet();
      while (!survey.isOver) await passTime(clock.nextTimer() ?? clock.now());
      await measured;
    },
    async runOut(limitMs) {
      await quiet();
      while (room.running > 0) {
        const next = clock.nextTimer();
        if (next === null || next > startMs + limitMs) return false;
        await passTime(next);
      }
      return true;
    },
    async strike() {
      const drained = room.drain(0);
      await clock.runUntil(clock.now() + 1, quiet);
      await drained;
      await hardware.close();
      await store.close();
    },
  };
}

function ignore(): void {
  // Nobody watches a scenario but its expectations.
}
