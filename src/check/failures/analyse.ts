import type { PolicySet } from '../../engine/policy-set.js';
import { toInstant } from '../../engine/time.js';
import type { View } from '../../engine/view.js';
import { compareText, initialView } from '../../engine/world.js';
import { type Governed, recording } from '../governance.js';
import { type Failure, pairOf, singleFailures, strikes } from './failure.js';
import { failsAtMs, type Outcome, outcomeOf, withFailed, type World, worldAfter } from './outcome.js';
import { remembering } from '../../engine/remembering.js';
import { type Rotating, rotations, type TableState } from './rotation.js';

/** What every failure that was looked at comes to. */
export interface Analysis {
  readonly servers: readonly Rotating[];
  /** How many failures were looked at. */
  readonly failures: number;
  /** For each failure and each server that it strikes, the worst that can come of it. */
  readonly struck: readonly Case[];
  /** Failures that leave a server running, and nothing to wake should it fail before its next snapshot. */
  readonly unprotected: readonly Case[];
  /** Null unless pairs were asked for. */
  readonly pairs: PairSample | null;
}

export interface Case {
  readonly failure: Failure;
  readonly outcome: Outcome;
  /** What became of the servers that failed with it. */
  readonly others: readonly Outcome[];
}

export interface PairSample {
  /** How many pairs there are of the single failures that the policies survive. */
  readonly all: number;
  /** How many of them were looked at. */
  readonly looked: number;
  readonly struck: readonly Case[];
}

/**
 * Takes every single failure from the worst state that schedules leave the disk table in, and asks the engine what
 * it would do. Servers that no RestartPolicy governs, or of which no snapshot is ever taken, are left out: that is
 * a finding of its own.
 *
 * @param pairs how many pairs of failures may be looked at; they are taken evenly from all there are.
 */
export async function analyseFailures(
  policySet: PolicySet,
  governed: readonly Governed[],
  { pairs = 0 }: { readonly pairs?: number } = {},
): Promise<Analysis> {
  const kept = governed.filter((one) => one.restarts.length > 0 && recording(one).length > 0);
  const servers = await rotations(remembering()(policySet), kept);
  const start = initialView(policySet.inventory);
  const failures = singleFailures(policySet);
  const struck: Case[] = [];
  const unprotected: Case[] = [];
  // The machines come first: where a server's own failure goes badly, others say nothing new.
  const lost = new Set<string>();
  const forgetful = new Set<string>();
  const judged: Judged = new Map();
  const holders = holdersByDrive(servers);
  const struckBy = striking(servers, policySet.inventory);
  for (const failure of failures) {
    const hit = struckBy(failure).filter(({ governed: { server } }) => !lost.has(server.name));
    const cases = await worstOf(start, failure, hit);
    struck.push(...cases);
    const struckNames = new Set(hit.map(({ governed: { server } }) => server.name));
    const running = holdersOn(failure, holders).filter(
      ({
        governed: {
          server: { name },
        },
      }) => !lost.has(name) && !struckNames.has(name) && !forgetful.has(name),
    );
    unprotected.push(...(await leftBare(start, failure, running, judged)));
    if (failure.kind !== 'server') continue;
    for (const { outcome } of cases) {
      if (outcome.attempt === null) lost.add(outcome.server.name);
      if (outcome.lostMs === null) forgetful.add(outcome.server.name);
    }
  }
  const analysis = { servers, failures: failures.length, struck, unprotected };
  return { ...analysis, pairs: pairs === 0 ? null : await samplePairs(policySet, analysis, pairs) };
}

/** Finds the servers that a failure strikes, in their order, without asking all of them each time. */
function striking(
  servers: readonly Rotating[],
  inventory: PolicySet['inventory'],
): (failure: Failure) => readonly Rotating[] {
  const touching = new Map<string, number[]>();
  for (const [index, { governed }] of servers.entries()) {
    const { name, disk } = governed.server;
    for (const key of [`machine ${name}`, `drive ${disk ?? ''}`])
      touching.set(key, [...(touching.get(key) ?? []), index]);
  }
  return (failure) => {
    const keys = [
      ...[...failure.machines, ...failure.paths.map(({ machine }) => machine)].map((one) => `machine ${one}`),
      ...[...failure.drives].map((one) => `drive ${one}`),
    ];
    const touched = new Set(keys.flatMap((key) => touching.get(key) ?? []));
    return [...touched]
      .toSorted((a, b) => a - b)
      .flatMap((index) => servers[index] ?? [])
      .filter(({ governed: { server } }) => strikes(failure, server, inventory));
  };
}

/** Servers that fail together are restarted one after the other, each with what the ones before have left. */
async function worstOf(start: View, failure: Failure, hit: readonly Rotating[]): Promise<readonly Case[]> {
  const worst = new Map<string, Case>();
  // An alert announces that its server fails; that something else fails meanwhile is a second failure.
  const tables = failure.kind === 'server' ? hit : hit.map(unannounced);
  const turns = Math.max(0, ...tables.map(({ states }) => states.length));
  const broken = worldAfter(start, failure);
  for (let turn = 0; turn < turns; turn += 1) {
    const outcomes = await restartAll(broken, tables, turn);
    for (const outcome of outcomes) {
      const known = worst.get(outcome.server.name);
      if (known !== undefined && !isWorse(outcome, known.outcome)) continue;
      const others = outcomes.filter((one) => one !== outcome);
      worst.set(outcome.server.name, { failure, outcome, others });
    }
  }
  return [...worst.values()];
}

function unannounced(one: Rotating): Rotating {
  return { ...one, states: one.states.filter(({ symptom }) => symptom === null) };
}

async function restartAll(
  broken: World,
  hit: readonly Rotating[],
  turn: number,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  let world = hit.length > 1 ? allFailed(broken, hit, turn) : broken;
  for (const one of hit) {
    const result = await outcomeOf(world, one, stateAt(one, turn));
    if (result === null) continue;
    outcomes.push(result.outcome);
    if (outcomes.length < hit.length) world = result.after();
  }
  return outcomes;
}

/** The guard of a restart asks what has become of all the other servers. */
function allFailed(broken: World, hit: readonly Rotating[], turn: number): World {
  const names = new Set(hit.map(({ governed: { server } }) => server.name));
  return withFailed(broken, names, failedAt(hit, turn));
}

/** Tables come round at their own pace; a shorter round begins again. */
function stateAt({ states }: Rotating, turn: number): TableState {
  return states[turn % states.length] ?? { snapshots: [], untilMs: null, symptom: null };
}

function failedAt(hit: readonly Rotating[], turn: number): string {
  return toInstant(Math.max(0, ...hit.map((one) => failsAtMs(stateAt(one, turn)))));
}

function isWorse(one: Outcome, other: Outcome): boolean {
  const ranks = rank(one) - rank(other);
  if (ranks !== 0) return ranks > 0;
  return one.lostMs === other.lostMs ? one.takesMs > other.takesMs : (one.lostMs ?? 0) > (other.lostMs ?? 0);
}

/** Not woken is worst, then woken without its memory. */
function rank({ attempt, lostMs }: Outcome): 0 | 1 | 2 {
  if (attempt === null) return 2;
  return lostMs === null ? 1 : 0;
}

/** Of servers that run on and show nothing, those whose snapshots were on what has failed. */
async function leftBare(
  start: View,
  failure: Failure,
  running: readonly Rotating[],
  judged: Judged,
): Promise<readonly Case[]> {
  const cases: Case[] = [];
  if (failure.drives.size === 0) return cases;
  const broken = worldAfter(start, failure);
  for (const one of running) {
    for (const state of one.states) {
      if (!state.snapshots.some(({ drive }) => failure.drives.has(drive))) continue;
      const key = leftKey(failure, one, state);
      let outcome = judged.get(key);
      if (outcome === undefined) {
        outcome = bareOnly(await outcomeOf(broken, one, state));
        judged.set(key, outcome);
      }
      if (outcome === null) continue;
      cases.push({ failure, outcome, others: [] });
      break;
    }
  }
  return cases;
}

function bareOnly(result: { readonly outcome: Outcome } | null): Outcome | null {
  return result?.outcome.lostMs === null ? result.outcome : null;
}

/**
 * A drive, its device and its enclosure often take the same snapshots with them. Null: the memory can be woken, and
 * of tens of thousands of such answers nothing else is worth its room.
 */
type Judged = Map<string, Outcome | null>;

/** What is left of a table, and whatever else that failed can matter to a restart from it. */
function leftKey(
  { machines, drives }: Failure,
  { governed: { server } }: Rotating,
  state: TableState,
): string {
  const left = state.snapshots.filter(({ drive }) => !drives.has(drive)).map(({ id }) => id);
  return JSON.stringify([server.name, left, state.untilMs, [...machines]]);
}

/** The servers that have snapshots on each drive while they show nothing, in the order of the servers. */
type Holders = ReadonlyMap<string, readonly Rotating[]>;

function holdersByDrive(servers: readonly Rotating[]): Holders {
  const holders = new Map<string, Rotating[]>();
  for (const one of servers.map(unannounced)) {
    const drives = new Set(one.states.flatMap(({ snapshots }) => snapshots.map(({ drive }) => drive)));
    for (const drive of drives) holders.set(drive, [...(holders.get(drive) ?? []), one]);
  }
  return holders;
}

function holdersOn({ drives }: Failure, holders: Holders): readonly Rotating[] {
  const found = new Set([...drives].flatMap((drive) => holders.get(drive) ?? []));
  return [...found].toSorted((a, b) => compareText(a.governed.server.name, b.governed.server.name));
}

/** Of failures that are survived one by one; what is not, says nothing new together with another. */
async function samplePairs(
  policySet: PolicySet,
  { servers, struck }: Pick<Analysis, 'servers' | 'struck'>,
  budget: number,
): Promise<PairSample> {
  const start = initialView(policySet.inventory);
  const fatal = new Set(
    struck.filter(({ outcome }) => outcome.attempt === null).map(({ failure }) => failure.subject),
  );
  const survived = singleFailures(policySet).filter(({ subject }) => !fatal.has(subject));
  const all = (survived.length * (survived.length - 1)) / 2;
  const looked = Math.min(all, budget);
  const struckBy = striking(servers, policySet.inventory);
  const cases: Case[] = [];
  for (let index = 0; index < looked; index += 1) {
    const pair = pairAt(survived, Math.floor((index * all) / looked));
    if (pair === null) continue;
    const hit = struckBy(pair);
    cases.push(...(await worstOf(start, pair, hit)));
  }
  return { all, looked, struck: cases };
}

/** The pair with this number, of all pairs in the order (0,1), (0,2), (1,2), (0,3), ... */
function pairAt(failures: readonly Failure[], number: number): Failure | null {
  const later = Math.floor((1 + Math.sqrt(1 + 8 * number)) / 2);
  const first = failures[number - (later * (later - 1)) / 2];
  const second = failures[later];
  return first === undefined || second === undefined ? null : pairOf(first, second);
}
