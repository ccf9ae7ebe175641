import { advance } from '../engine/advance.js';
import { decide } from '../engine/decide.js';
import type { Decision } from '../engine/decision.js';
import type { EngineEvent } from '../engine/event.js';
import { memoryHorizonMs } from '../engine/horizon.js';
import type { Inventory, PolicySet } from '../engine/policy-set.js';
import { toEpochMs, toInstant, type Instant } from '../engine/time.js';
import type { View } from '../engine/view.js';
import { findServer, initialView } from '../engine/world.js';
import { underSchedules } from './schedule.js';
import { acts } from './side.js';

/** One policy set and the state that its own decisions have led to. */
export interface World {
  readonly policySet: PolicySet;
  /** The policy set on the other side: it tells what was renamed. */
  readonly other: PolicySet;
  readonly view: View;
  /** How long symptoms matter here. */
  readonly horizonMs: number;
  /** How long matches do: no policy counts further back. */
  readonly windowMs: number;
}

/** An event, and what was decided about it on which state. */
export interface Decided {
  readonly event: EngineEvent;
  readonly decision: Decision;
  readonly view: View;
}

/** @param state what was recorded of the state before the first event; null when nothing had happened. */
export function worldOf(policySet: PolicySet, other: PolicySet, state: View | null): World {
  const view = initialView(policySet.inventory);
  return {
    policySet,
    other,
    view: state === null ? view : inInventory(policySet.inventory, view, state),
    horizonMs: memoryHorizonMs(policySet),
    windowMs: Math.max(0, ...policySet.alertPolicies.map(({ repeated }) => repeated.withinMs)),
  };
}

/** The recorded state in the inventory of a policy set that may have gained or lost a server or a drive. */
function inInventory({ machines }: Inventory, initial: View, state: View): View {
  const known = <T extends { readonly name: string }>(now: readonly T[], then: readonly T[]): readonly T[] =>
    now.map((row) => then.find(({ name }) => name === row.name) ?? row);
  return {
    ...state,
    // A server whose machine is gone starts where the inventory says.
    servers: initial.servers.map(
      (row) => state.servers.find(({ name, machine }) => name === row.name && machines.has(machine)) ?? row,
    ),
    machines: known(initial.machines, state.machines),
    drives: known(initial.drives, state.drives),
  };
}

/**
 * Decides an event and what follows from the decision, as if all that is ordered succeeded at once and at the
 * first choice: older snapshots are retired after each snapshot, and a takeover is told to its policy.
 */
export async function step(
  world: World,
  event: EngineEvent,
): Promise<{ readonly decided: readonly Decided[]; readonly world: World }> {
  const decided: Decided[] = [];
  let { view } = world;
  for (let next: EngineEvent | null = event; next !== null;) {
    const before = rememberedAt({ ...world, view }, next);
    const decision: Decision = await decideIn(world, next, before);
    decided.push({ event: next, decision, view: before });
    view = advance(world.policySet, view, decision);
    next = followUp(decision);
  }
  return { decided, world: { ...world, view } };
}

/** Decides on a view of either world. */
export async function decideIn(
  { policySet, other }: World,
  event: EngineEvent,
  view: View,
): Promise<Decision> {
  if (event.kind !== 'schedule') return decide(policySet, event, view);
  const under = underSchedules(policySet, other, event);
  return under.due ? decide(policySet, under.event, view) : under.decision;
}

/** These follow from decisions. Each side has its own, so the recorded ones are not replayed. */
export function isFollowUp({ kind }: EngineEvent): boolean {
  return kind === 'retention' || kind === 'takeover';
}

function followUp(decision: Decision): EngineEvent | null {
  if (!acts(decision)) return null;
  const { id, at, event, restart } = decision;
  const { server } = event;
  switch (decision.outcome) {
    case 'snapshot':
      return { kind: 'retention', id: `retention:${id}`, at, server };
    case 'restart':
      return { kind: 'takeover', id: `takeover:${id}`, at, server, policy: restart?.policy ?? '' };
    case 'retire':
    case 'refused':
    case 'none':
      return null;
  }
}

/**
 * What matters of the decision memory. Of symptoms that is what the store would show: none older than the horizon, but
 * of a failed server every one. Of matches it is less: those of other servers and older ones are counted by nobody.
 */
function rememberedAt({ policySet, view, horizonMs, windowMs }: World, { at, server }: EngineEvent): View {
  const shown = before(at, horizonMs);
  const counted = before(at, windowMs);
  const lookup = findServer(policySet, view, server);
  const name = lookup.found === 'active' ? lookup.server.name : server;
  const failed = new Set(view.servers.filter(({ state }) => state === 'failed').map((row) => row.name));
  return {
    ...view,
    matches: view.matches.filter((match) => match.server === name && match.at >= counted),
    symptoms: view.symptoms.filter((symptom) => symptom.lastAt >= shown || failed.has(symptom.server)),
  };
}

/** Forgets matches that no later event can count. @param earliest the earliest time of what is still to come. */
export function pruned(world: World, earliest: Instant): World {
  const since = before(earliest, world.windowMs);
  const matches = world.view.matches.filter(({ at }) => at >= since);
  return { ...world, view: { ...world.view, matches } };
}

function before(at: Instant, ms: number): Instant {
  return toInstant(toEpochMs(at) - ms);
}
