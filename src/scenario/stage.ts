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
import { quiet } from '../quiet.js';

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
  /** Lets the service die at a call to the world, and the lives after it at theirs. */
  doom(deaths: readonly Doom[]): void;
  /** Deaths that have not come. */
  doomed(): number;
  /** Lets no death come any more. */
  spare(): void;
  /** Ends this life of the service, as whoever looks after it would; another begins later. */
  kill(downForMs: number): void;
  /** Tells the service of events; one that is down is told when it is up again. */
  accept(events: readonly EngineEvent[]): Promise<void>;
  /** The clock that the service sees is set; what happens in the world takes as long as it did. */
  setClock(byMs: number): void;
  /** Another policy set decides from now on. */
  reload(policySet: PolicySet): Promise<void>;
  /** Lets everything happen that can happen without time moving. */
  settle(): Promise<void>;
  /** Lets time run to `ms` after the start; does nothing when it is later already. */
  runTo(ms: number): Promise<void>;
  /** Lets a drive be asked how it is; the next survey may be far away, and a step means now. */
  measure(drive: string): Promise<void>;
  /** Lets time run until no operation does, or to the limit. */
  runOut(limitMs: number): Promise<void>;
  strike(): Promise<void>;
}

/** A death of the service, and for how long it is down then. */
export interface Doom {
  /** After how many calls to the world it comes; with 0 it has another reason. */
  readonly calls: number;
  readonly downForMs: number;
}

/** What a stage is made of beside the policies. */
export interface StageOptions {
  readonly audience?: Audience;
  /** Puts something between each life of the service and its store. */
  readonly between?: (store: Store) => Store;
  /** Whether something that went wrong beside the operations was meant to. */
  readonly isMeant?: (error: unknown) => boolean;
  /** True when the service may be doomed or restarted. */
  readonly mortal?: boolean;
}

/** Who wants to know what is decided and what becomes of it, beside the expectations. */
export type Audience = Pick<Journalist, 'decided' | 'ended'>;

const NOBODY: Audience = { decided: ignore, ended: ignore };

/** Any instant will do, as long as it is always the same; midnight makes the times of schedules easy to read. */
const BEGIN_MS = Date.UTC(2026, 0, 1);

/** After which a service that could not start is started again. */
const STARTED_AGAIN_MS = 5_000;

/** How long before that the service starts, so that nothing of its start is left to do. */
export const HEAD_START_MS = 1_000;

export async function setStage(
  policySet: PolicySet,
  scenario: Scenario,
  { audience = NOBODY, between = (store) => store, isMeant = never, mortal = false }: StageOptions = {},
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
    isolated: ignore,
    fault(what, error) {
      // Hardware that misbehaves does so because the scenario says so.
      if (error instanceof HardwareError || isMeant(error)) return;
      faults.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    },
  };
  let deciding = policySet;
  let aheadMs = 0;
  const seenClock: Clock = {
    ...clock,
    now: () => clock.now() + aheadMs,
  };
  const mayCrash = mortal || scenario.steps.some(({ act }) => act?.kind === 'crash');
  const dooms: Doom[] = [];
  let alive: Life | null = null;

  function openRoom(): ControlRoom {
    const life = newLife(() => {
      const doom = dooms.shift();
      room = null;
      alive = null;
      if (doom !== undefined) void clock.sleep(doom.downForMs).then(open);
    });
    alive = life;
    const doom = dooms[0];
    if (doom !== undefined) life.endAfter(doom.calls);
    const livingClock: Clock = {
      ...seenClock,
      after: (ms, fire) =>
        clock.after(ms, () => {
          if (!life.isOver()) fire();
        }),
    };
    const reach = <T extends object>(object: T): T => (mayCrash ? life.reaching(object) : object);
    const reached = reach(hardware);
    return createControlRoom({
      store: reach(between(store)),
      clock: reach(livingClock),
      policySet: () => deciding,
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
    if (life === alive) kill(crash.downForMs);
    await forever();
  }

  /** Null while the service is down. */
  let room: ControlRoom | null = null;
  async function open(): Promise<void> {
    const opened = openRoom();
    const life = alive;
    try {
      await opened.start();
    } catch (error) {
      if (!isMeant(error)) throw error;
      // What cannot start exits, and whoever looks after it starts it again.
      if (life === alive) kill(STARTED_AGAIN_MS);
      return;
    }
    room = opened;
  }

  function kill(downForMs: number): void {
    if (alive === null) return;
    dooms.unshift({ calls: 0, downForMs });
    alive.end();
  }

  const passTime = async (): Promise<void> => {
    if (!(await clock.runNext(quiet))) await quiet();
  };
  /** Lets time run until the service has done something; asks again when it died over it. */
  async function served(ask: (asked: ControlRoom) => Promise<unknown>): Promise<void> {
    const asked = await service();
    const waiting = { isOver: false };
    const over = ask(asked).finally(() => {
      waiting.isOver = true;
    });
    // It may be refused before anyone waits for it; that is heard below.
    over.catch(ignore);
    await quiet();
    while (!waiting.isOver) {
      if (room !== asked) return served(ask);
      await passTime();
    }
    await over;
  }
  /** The service as it is reached from outside: who finds it down tries again until it is up. */
  async function service(): Promise<ControlRoom> {
    while (room === null) await passTime();
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
    doom(deaths) {
      dooms.push(...deaths);
      const [next] = dooms;
      if (next !== undefined) alive?.endAfter(next.calls);
    },
    doomed: () => dooms.length,
    spare() {
      dooms.length = 0;
      alive?.endAfter(Infinity);
    },
    kill,
    setClock(byMs) {
      aheadMs += byMs;
    },
    async reload(next) {
      deciding = next;
      await served((asked) => asked.policiesChanged());
    },
    settle: quiet,
    async accept(events) {
      await served((asked) => asked.accept(events));
    },
    async runTo(ms) {
      if (startMs + ms > clock.now()) await clock.runUntil(startMs + ms, quiet);
      else await quiet();
    },
    async measure(drive) {
      await served((asked) => asked.measure(new Set([drive])));
    },
    async runOut(limitMs) {
      await quiet();
      while (room === null || room.running() > 0) {
        const next = clock.nextTimer();
        if (next === null || next > startMs + limitMs) return;
        await passTime();
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

function never(): boolean {
  return false;
}

function ignore(): void {
  // Nobody watches a scenario but its expectations.
}
