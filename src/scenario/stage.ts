import type { StepPoint } from '../actions/durable.js';
import type { Clock } from '../clock.js';
import { createControlRoom, type ControlRoom } from '../control/index.js';
import type { Journalist } from '../control/journalist.js';
import type { Decision } from '../engine/decision.js';
import type { EngineEvent } from '../engine/event.js';
import type { PolicySet, Scenario } from '../engine/policy-set.js';
import { HardwareError } from '../hw/contract.js';
import { openHardware } from '../hw/index.js';
import { createRackControl, memoryRack, simDriver, type RackControl } from '../hw/sim/index.js';
import { openMemoryStore } from '../store/memory/index.js';
import type { Store } from '../store/store.js';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.js';
import { createCrashTrap, type CrashTrap } from './crash.js';
import { forever, newLife, type Life } from './life.js';
import { quiet } from './quiet.js';

/** The world of one scenario: the whole administration server, a rack and a clock, all in this process. */
export interface Stage {
  readonly store: Store;
  readonly rack: RackControl;
  readonly startMs: number;
  readonly clock: VirtualClock;
  /** The decision about an event; of one that was decided again, the last. */
  decisionAbout(event: string): Decision | null;
  /** What went wrong beside the operations. */
  readonly faults: readonly string[];
  /** Crashes that the scenario has ordered. */
  readonly trap: CrashTrap;
  /** Tells the service of events; one that is down is told when it is up again. */
  accept(events: readonly EngineEvent[]): Promise<void>;
  /** Lets everything happen that can happen without time moving. */
  settle(): Promise<void>;
  /** Lets time run to `ms` after the start; does nothing when it is later already. */
  runTo(ms: number): Promise<void>;
  /** Lets the drives be asked how they are; the next survey may be far away, and a step means now. */
  measure(): Promise<void>;
  /** Lets time run until no operation does, or to the limit. */
  runOut(limitMs: number): Promise<void>;
  strike(): Promise<void>;
}

/** Who wants to know what is decided and what becomes of it, beside the expectations. */
export type Audience = Pick<Journalist, 'decided' | 'ended'>;

const NOBODY: Audience = { decided: ignore, ended: ignore };

/** Any instant will do, as long as it is always the same; midnight makes the times of schedules easy to read. */
const BEGIN_MS = Date.UTC(2026, 0, 1);

/** How long before that the service starts, so that nothing of its start is left to do. */
export const HEAD_START_MS = 1_000;

export async function setStage(
  policySet: PolicySet,
  scenario: Scenario,
  audience: Audience = NOBODY,
): Promise<Stage> {
  const clock = createVirtualClock(BEGIN_MS - HEAD_START_MS);
  const store = openMemoryStore({ clock });
  const holder = memoryRack(clock);
  const rack = createRackControl(holder);
  const hardware = openHardware(policySet.inventory, new Map([['sim', simDriver({ holder, clock })]]));
  const decisions = new Map<string, Decision>();
  const faults: string[] = [];
  const trap = createCrashTrap(store);
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
  const mayCrash = scenario.steps.some(({ act }) => act?.kind === 'crash');

  function openRoom(): ControlRoom {
    const life = newLife();
    const reach = <T extends object>(object: T): T => (mayCrash ? life.reaching(object) : object);
    const reached = reach(hardware);
    return createControlRoom({
      store: reach(store),
      clock: reach<Clock>(clock),
      policySet: () => policySet,
      hardware: () => reached,
      // What dies in the middle of something has nothing to say about it any more.
      journalist: reach(journalist),
      queueLimit: 100_000,
      schedules: scenario.schedules,
      // Nothing changes here but by a step or an operation, and after those the drives are measured anyway.
      surveyEveryMs: null,
      ...(mayCrash ? { observe: (point: StepPoint) => dieAt(point, life) } : {}),
    });
  }

  async function dieAt(point: StepPoint, life: Life): Promise<void> {
    const crash = await trap.springs(point);
    if (crash === null) return;
    life.end();
    room = null;
    void clock.sleep(crash.downForMs).then(open);
    await forever();
  }

  /** Null while the service is down. */
  let room: ControlRoom | null = null;
  async function open(): Promise<void> {
    const opened = openRoom();
    await opened.start();
    room = opened;
  }

  const passTime = async (ms: number): Promise<void> => {
    await clock.runUntil(ms, quiet);
    await quiet();
  };
  /** Lets time run until the service has done something; asks again when it died over it. */
  async function served(ask: (asked: ControlRoom) => Promise<unknown>): Promise<void> {
    const asked = await service();
    const waiting = { isOver: false };
    const over = ask(asked).finally(() => {
      waiting.isOver = true;
    });
    await quiet();
    while (!waiting.isOver) {
      if (room !== asked) return served(ask);
      await passTime(clock.nextTimer() ?? clock.now());
    }
    await over;
  }
  /** The service as it is reached from outside: who finds it down tries again until it is up. */
  async function service(): Promise<ControlRoom> {
    while (room === null) await passTime(clock.nextTimer() ?? clock.now());
    return room;
  }

  const starting = open();
  await clock.runUntil(BEGIN_MS, quiet);
  await starting;
  const startMs = BEGIN_MS;

  return {
    store,
    rack,
    clock,
    startMs,
    decisionAbout: (event) => decisions.get(event) ?? null,
    faults,
    trap,
    settle: quiet,
    async accept(events) {
      await served((asked) => asked.accept(events));
    },
    async runTo(ms) {
      if (startMs + ms > clock.now()) await clock.runUntil(startMs + ms, quiet);
      else await quiet();
    },
    async measure() {
      await served((asked) => asked.policiesChanged());
    },
    async runOut(limitMs) {
      await quiet();
      while (room === null || room.running > 0) {
        const next = clock.nextTimer();
        if (next === null || next > startMs + limitMs) return;
        await passTime(next);
      }
    },
    async strike() {
      const drained = room?.drain(0);
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
