/** What happens in a simulation, made from a seed: what a Scenario can do, and blows that none can. */
import { comparisonsIn } from '../engine/condition.js';
import type { PolicySet, ScenarioAct } from '../engine/policy-set.js';
import { compareText } from '../engine/world.js';
import { FAULTS, FAULT_NAMES } from '../hw/sim/index.js';
import type { StoreFault } from './faulty-store.js';
import { randomOf, type Random } from './random.js';

const MINUTE_MS = 60_000;
const FEWEST_STEPS = 9;
const MORE_STEPS = 9;

/** What strikes the service itself. */
export type Blow =
  /** It dies when its n-th call to the world is done; with `again`, the life after it at its n-th call too. */
  | {
      readonly kind: 'death';
      readonly calls: number;
      readonly again: number | null;
      readonly downForMs: number;
    }
  | ({ readonly kind: 'store' } & StoreFault)
  /** The policy files change: to a set without the conditions, or back. */
  | { readonly kind: 'reload'; readonly without: boolean }
  /** The clock of the service is set. */
  | { readonly kind: 'clock'; readonly byMs: number }
  /** What is left on a drive is about what one snapshot takes: enough, or not quite. */
  | { readonly kind: 'fill'; readonly drive: string; readonly freeBytes: number }
  /** A bit of a snapshot that lies on a drive flips; which one, of those that there are then, the number says. */
  | { readonly kind: 'decay'; readonly number: number }
  /** A machine comes on by itself and boots what it ran last. */
  | { readonly kind: 'comeback'; readonly machine: string }
  /** A server that runs says so, by its own clock. */
  | { readonly kind: 'heartbeat'; readonly server: string; readonly aheadMs: number }
  /** Every server fails within a moment. */
  | { readonly kind: 'mass'; readonly cause: 'power' | 'panic' }
  /** One alert many times over, each under its own id, dated up to a day before or after it is told. */
  | {
      readonly kind: 'flood';
      readonly alert: Extract<ScenarioAct, { kind: 'alert' }>;
      readonly shiftsMs: readonly number[];
    };

export interface Step {
  /** After the start. */
  readonly atMs: number;
  readonly act: ScenarioAct | Blow;
}

/** A schedule of things that happen, most of them bad. */
export interface Story {
  /** Whether the policies' own schedules take snapshots. */
  readonly schedules: boolean;
  readonly steps: readonly Step[];
}

/** The classes of things that happen; how often each comes beside the others. A new class is a line here. */
const KINDS: readonly {
  readonly weight: number;
  readonly make: (random: Random, site: Site) => Step['act'];
}[] = [
  { weight: 6, make: alert },
  { weight: 4, make: snapshot },
  { weight: 6, make: failure },
  { weight: 8, make: misbehaviour },
  { weight: 3, make: health },
  { weight: 3, make: path },
  { weight: 5, make: crash },
  { weight: 5, make: death },
  { weight: 3, make: storeFault },
  { weight: 2, make: fill },
  { weight: 2, make: decay },
  { weight: 2, make: comeback },
  { weight: 2, make: heartbeat },
  { weight: 1, make: mass },
  { weight: 2, make: reload },
  { weight: 2, make: clockStep },
  { weight: 1, make: flood },
];

/** Equal policy sets and seeds give equal stories. */
export function generate(policySet: PolicySet, seed: number): Story {
  const random = randomOf(seed);
  const site = siteOf(policySet);
  const steps: Step[] = site.servers.map((server) => ({
    atMs: 0,
    act: { kind: 'snapshot', server, condition: 'first', drive: null },
  }));
  const wanted = FEWEST_STEPS + random.below(MORE_STEPS);
  for (let atMs = MINUTE_MS; steps.length < wanted; atMs += pause(random))
    steps.push({ atMs, act: pick(random).make(random, site) });
  return { schedules: random.chance(25), steps };
}

/** At once, while the last thing is still going on, or when all is quiet again. */
function pause(random: Random): number {
  return random.of([() => 0, () => random.below(5_000), () => random.below(20 * MINUTE_MS)])();
}

function pick(random: Random) {
  let left = random.below(KINDS.reduce((sum, { weight }) => sum + weight, 0));
  for (const kind of KINDS) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  throw new RangeError('the weights add up to less than was drawn');
}

/** What there is to be struck. */
interface Site {
  readonly servers: Some<string>;
  readonly machines: Some<string>;
  readonly drives: Some<string>;
  /** Of the largest machine. */
  readonly memoryBytes: number;
  readonly paths: Some<{ readonly machine: string; readonly device: string }>;
  readonly alerts: Some<string>;
}

type Some<T> = readonly [T, ...T[]];

function siteOf({ inventory, alertPolicies }: PolicySet): Site {
  const machines = [...inventory.machines.values()].toSorted((a, b) => compareText(a.name, b.name));
  const names = alertPolicies.flatMap(({ when }) =>
    comparisonsIn(when.tree).flatMap(({ path, value }) =>
      path === '$.labels.alertname' ? texts(value) : [],
    ),
  );
  return {
    servers: some(machines.filter(({ role }) => role === 'active').map(({ name }) => name)),
    machines: some(machines.map(({ name }) => name)),
    drives: some([...inventory.drives.keys()].toSorted(compareText)),
    memoryBytes: Math.max(...machines.map(({ memoryBytes }) => memoryBytes)),
    paths: some(
      machines.flatMap(({ name, reaches }) => reaches.map((device) => ({ machine: name, device }))),
    ),
    alerts: some([...new Set([...names, 'Watchdog'])]),
  };
}

function texts(value: unknown): readonly string[] {
  return [value].flat().filter((one): one is string => typeof one === 'string');
}

/** @throws {RangeError} an inventory without servers or drives has nothing to simulate. */
function some<T>([first, ...others]: readonly T[]): Some<T> {
  if (first === undefined)
    throw new RangeError('the inventory has nothing of a kind that a simulation strikes');
  return [first, ...others];
}

function alert(random: Random, { servers, alerts }: Site): Extract<ScenarioAct, { kind: 'alert' }> {
  return {
    kind: 'alert',
    server: random.of(servers),
    status: random.chance(85) ? 'firing' : 'resolved',
    labels: { alertname: random.of(alerts), severity: random.of(['critical', 'warning', 'info']) },
    annotations: {},
    value: random.chance(20) ? null : random.below(120),
  };
}

function snapshot(random: Random, { servers }: Site): ScenarioAct {
  return { kind: 'snapshot', server: random.of(servers), condition: random.of(['a', 'b']), drive: null };
}

function failure(random: Random, { servers }: Site): ScenarioAct {
  return {
    kind: 'failure',
    server: random.of(servers),
    cause: random.of(['power', 'panic', 'unknown']),
    subject: random.chance(85) ? 'server' : 'disk',
  };
}

function misbehaviour(random: Random, { machines, drives }: Site): ScenarioAct {
  const on = random.chance(60) ? 'machine' : 'drive';
  const faults = some(FAULT_NAMES.filter((name) => FAULTS[name].on === on || FAULTS[name].on === 'both'));
  const name = random.of(faults);
  const share = FAULTS[name].value?.unit === 'percent' ? `=${random.below(101)}` : '';
  const times = random.below(4);
  return {
    kind: 'misbehave',
    target: random.of(on === 'machine' ? machines : drives),
    fault: `${name}${share}${times === 0 ? '' : `*${times}`}`,
  };
}

function health(random: Random, { drives }: Site): ScenarioAct {
  return { kind: 'drive', drive: random.of(drives), health: random.of(['ok', 'degraded', 'failed']) };
}

function path(random: Random, { paths }: Site): ScenarioAct {
  return { kind: 'path', ...random.of(paths), isCut: random.chance(70) };
}

function crash(random: Random): ScenarioAct {
  return {
    kind: 'crash',
    operation: random.of(['snapshot', 'restart']),
    step: 1 + random.below(12),
    at: random.of(['before-intent', 'after-intent', 'after-effect', 'after-result']),
    downForMs: 1 + random.below(2 * MINUTE_MS),
  };
}

/** Any instant of an operation is within this many calls of its start; half the deaths are followed by another. */
const CALLS = 60;

function death(random: Random): Blow {
  return {
    kind: 'death',
    calls: 1 + random.below(CALLS),
    again: random.chance(50) ? 1 + random.below(CALLS) : null,
    downForMs: 1 + random.below(2 * MINUTE_MS),
  };
}

function storeFault(random: Random): Blow {
  return {
    kind: 'store',
    commit: 1 + random.below(25),
    how: random.of(['full', 'damaged', 'unknown']),
    seenAfterMs: 1 + random.below(MINUTE_MS),
  };
}

function fill(random: Random, { drives, memoryBytes }: Site): Blow {
  return { kind: 'fill', drive: random.of(drives), freeBytes: random.below(3 * memoryBytes) };
}

function decay(random: Random): Blow {
  return { kind: 'decay', number: random.below(1_000) };
}

function comeback(random: Random, { machines }: Site): Blow {
  return { kind: 'comeback', machine: random.of(machines) };
}

function heartbeat(random: Random, { servers }: Site): Blow {
  return { kind: 'heartbeat', server: random.of(servers), aheadMs: shift(random) };
}

function mass(random: Random): Blow {
  return { kind: 'mass', cause: random.of(['power', 'panic']) };
}

const DAY_MS = 24 * 60 * MINUTE_MS;

function flood(random: Random, site: Site): Blow {
  const shiftsMs = Array.from({ length: 20 }, () =>
    random.of([() => 0, () => random.below(2 * DAY_MS) - DAY_MS])(),
  );
  return { kind: 'flood', alert: alert(random, site), shiftsMs };
}

function reload(random: Random): Blow {
  return { kind: 'reload', without: random.chance(50) };
}

function clockStep(random: Random): Blow {
  return { kind: 'clock', byMs: shift(random) };
}

/** By up to a day, forward or back; small ones are those of a clock that is disciplined. */
function shift(random: Random): number {
  const mostMs = random.of([1_000, 60 * MINUTE_MS, DAY_MS]);
  return random.below(2 * mostMs) - mostMs;
}
