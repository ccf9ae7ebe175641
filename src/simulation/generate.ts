/** What happens in a simulation: a Scenario without expectations, made from a seed. */
import { comparisonsIn } from '../engine/condition.js';
import type { PolicySet, Scenario, ScenarioAct } from '../engine/policy-set.js';
import { compareText } from '../engine/world.js';
import { FAULTS, FAULT_NAMES } from '../hw/sim/index.js';
import { randomOf, type Random } from './random.js';

const MINUTE_MS = 60_000;
const FEWEST_STEPS = 10;
const MORE_STEPS = 12;

/** The classes of things that happen; how often each comes beside the others. A new class is a line here. */
const KINDS: readonly {
  readonly weight: number;
  readonly make: (random: Random, site: Site) => ScenarioAct;
}[] = [
  { weight: 6, make: alert },
  { weight: 4, make: snapshot },
  { weight: 6, make: failure },
  { weight: 8, make: misbehaviour },
  { weight: 3, make: health },
  { weight: 3, make: path },
  { weight: 5, make: crash },
];

/** Equal policy sets and seeds give equal scenarios. */
export function generate(policySet: PolicySet, seed: number): Scenario {
  const random = randomOf(seed);
  const site = siteOf(policySet);
  const origin = { file: `seed ${seed}`, line: 1 };
  const acts: { readonly atMs: number; readonly act: ScenarioAct }[] = site.servers.map((server) => ({
    atMs: 0,
    act: { kind: 'snapshot', server, condition: 'first', drive: null },
  }));
  const wanted = FEWEST_STEPS + random.below(MORE_STEPS);
  for (let atMs = MINUTE_MS; acts.length < wanted; atMs += pause(random))
    acts.push({ atMs, act: pick(random).make(random, site) });
  return {
    name: `seed ${seed}`,
    origin,
    inventory: policySet.inventory.name,
    schedules: random.chance(25),
    steps: acts.map(({ atMs, act }) => ({ origin, atMs, act, expect: null })),
  };
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

function alert(random: Random, { servers, alerts }: Site): ScenarioAct {
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
  const times = random.below(4);
  return {
    kind: 'misbehave',
    target: random.of(on === 'machine' ? machines : drives),
    fault: times === 0 ? name : `${name}*${times}`,
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
