import type { EngineEvent } from '../engine/event.js';
import type { PolicySet } from '../engine/policy-set.js';
import type { Instant } from '../engine/time.js';
import type { View } from '../engine/view.js';
import type { DecisionChange } from './change.js';
import { decideIn, isFollowUp, pruned, step, worldOf, type Decided, type World } from './replay.js';
import { changesBetween, sideOf, type NameOf } from './side.js';

/** What was recorded of a service: the events in the order in which they were decided. */
export interface Recording {
  readonly events: readonly EngineEvent[];
  /** The state before the first of them; null when nothing had happened yet. */
  readonly state: View | null;
}

/** Matches that no event can count any more are dropped each time that so many events have been decided. */
const PRUNE_EVERY = 256;

/**
 * Decides the recorded events under both policy sets, each on the state that its own decisions lead to, and tells
 * where they part. Equal input gives equal changes.
 */
export async function changesOfEvents(
  base: PolicySet,
  head: PolicySet,
  { events, state }: Recording,
): Promise<readonly DecisionChange[]> {
  const changes: DecisionChange[] = [];
  const recorded = events.filter((event) => !isFollowUp(event));
  const earliest = earliestFrom(recorded);
  let worlds = { base: worldOf(base, head, state), head: worldOf(head, base, state) };
  for (const [index, event] of recorded.entries()) {
    if (index % PRUNE_EVERY === 0) worlds = bothPruned(worlds, earliest[index] ?? event.at);
    const before = await step(worlds.base, event);
    const after = await step(worlds.head, event);
    for (const pair of pairs(before.decided, after.decided)) {
      const change = await changeOf(pair, worlds, changes.length > 0);
      if (change !== null) changes.push(change);
    }
    worlds = { base: before.world, head: after.world };
  }
  return changes;
}

interface Worlds {
  readonly base: World;
  readonly head: World;
}

function bothPruned({ base, head }: Worlds, earliest: Instant): Worlds {
  return { base: pruned(base, earliest), head: pruned(head, earliest) };
}

/** For each event the earliest time of it and all after it: events may have come late. */
function earliestFrom(events: readonly EngineEvent[]): readonly Instant[] {
  const earliest = events.map(({ at }) => at);
  for (let index = earliest.length - 2; index >= 0; index -= 1) {
    const [own = '', next = ''] = earliest.slice(index, index + 2);
    earliest[index] = own < next ? own : next;
  }
  return earliest;
}

interface Pair {
  readonly base: Decided;
  readonly head: Decided;
}

/** What follows on one side only is no change of its own: the decision that it follows from has changed. */
function pairs(base: readonly Decided[], head: readonly Decided[]): readonly Pair[] {
  return base.flatMap((one) => {
    const other = head.find(({ event }) => event.id === one.event.id);
    return other ? [{ base: one, head: other }] : [];
  });
}

/** @param parted whether anything was decided differently before: without that nothing can follow from it. */
async function changeOf(
  { base, head }: Pair,
  worlds: Worlds,
  parted: boolean,
): Promise<DecisionChange | null> {
  const nameOf = { base: namesIn(base.view), head: namesIn(head.view) };
  const changes = changesBetween(base.decision, head.decision, nameOf);
  if (changes.length === 0) return null;
  return {
    event: base.decision.event,
    at: base.decision.at,
    changes,
    follows: parted && (await isConsequence({ base, head }, worlds)),
    base: sideOf(base.decision, changes, nameOf.base),
    head: sideOf(head.decision, changes, nameOf.head),
  };
}

/** Whether head decides as base does when it is given the state that base has come to. */
async function isConsequence({ base, head }: Pair, worlds: Worlds): Promise<boolean> {
  const digests = new Set(worlds.base.policySet.alertPolicies.map(({ name, digest }) => `${digest} ${name}`));
  // What head counts by policies that base has not, nobody in base's world could have counted.
  const own = head.view.matches.filter(({ policy, digest }) => !digests.has(`${digest} ${policy}`));
  const view = { ...base.view, matches: [...base.view.matches, ...own] };
  const decision = await decideIn(worlds.head, head.event, view);
  const nameOf = namesIn(base.view);
  return changesBetween(base.decision, decision, { base: nameOf, head: nameOf }).length === 0;
}

/** By condition and time, which people know, and which are the same where both sides took it at one event. */
function namesIn({ snapshots }: View): NameOf {
  return (id) => {
    const row = snapshots.find((snapshot) => snapshot.id === id);
    return row ? `${row.condition} of ${row.takenAt}` : id;
  };
}
