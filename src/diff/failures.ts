import type { FailureEvent } from '../engine/event.js';
import type { PolicySet } from '../engine/policy-set.js';
import { nextSchedules } from '../engine/schedule.js';
import { toEpochMs, toInstant, type Instant } from '../engine/time.js';
import type { View } from '../engine/view.js';
import { compareText } from '../engine/world.js';
import type { FailureChange } from './change.js';
import { decideIn, step, worldOf, type World } from './replay.js';
import { changesBetween, sideOf, type NameOf } from './side.js';

/**
 * The failures of each active server and of its disk out of quiet times, with nothing but its schedules behind it,
 * as both policy sets would answer them. What is tried after the first attempt is not compared.
 */
export async function changesOfFailures(base: PolicySet, head: PolicySet): Promise<readonly FailureChange[]> {
  const worlds = { base: await quietWorld(base, head), head: await quietWorld(head, base) };
  const changes: FailureChange[] = [];
  for (const server of activeServers(base, head)) {
    for (const subject of ['server', 'disk'] as const) {
      const change = await changeOf(worlds, { server, subject });
      if (change !== null) changes.push(change);
    }
  }
  return changes;
}

const SINCE: Instant = '2026-01-01T00:00:00.000Z';
const ROUNDS = 2;
const AFTER_MS = 60_000;

/** Every schedule has been due twice, so that each server has a snapshot and one before it. */
async function quietWorld(policySet: PolicySet, other: PolicySet): Promise<World> {
  let world = worldOf(policySet, other, null);
  for (let round = 0; round < ROUNDS; round += 1) {
    const due = nextSchedules(policySet, world.view, { since: SINCE, now: SINCE });
    for (const event of due) world = (await step(world, event)).world;
  }
  return world;
}

function activeServers(base: PolicySet, head: PolicySet): readonly string[] {
  const machines = [...base.inventory.machines.values(), ...head.inventory.machines.values()];
  const active = machines.filter(({ role }) => role === 'active').map(({ name }) => name);
  return [...new Set(active)].toSorted(compareText);
}

async function changeOf(
  { base, head }: { readonly base: World; readonly head: World },
  failure: FailureChange['failure'],
): Promise<FailureChange | null> {
  const before = await decideIn(base, sudden(base, failure), base.view);
  const after = await decideIn(head, sudden(head, failure), head.view);
  const nameOf = { base: positionIn(base.view), head: positionIn(head.view) };
  const changes = changesBetween(before, after, nameOf).filter((kind) => kind !== 'fallback');
  if (changes.length === 0) return null;
  return {
    failure,
    changes,
    base: sideOf(before, changes, nameOf.base),
    head: sideOf(after, changes, nameOf.head),
  };
}

/** A minute after the last snapshot of the server, whenever the schedules of this world have taken it. */
function sudden({ view }: World, { server, subject }: FailureChange['failure']): FailureEvent {
  const times = view.snapshots.filter((row) => row.server === server).map(({ takenAt }) => takenAt);
  const last = times.toSorted(compareText).at(-1) ?? SINCE;
  return {
    kind: 'failure',
    id: `failure:${server}:${subject}`,
    at: toInstant(toEpochMs(last) + AFTER_MS),
    server,
    subject,
    cause: 'sudden',
    causeClass: 'unknown',
  };
}

/** Times and policies may be others, so a snapshot is known by its condition and by how many are newer. */
function positionIn({ snapshots }: View): NameOf {
  return (id) => {
    const row = snapshots.find((snapshot) => snapshot.id === id);
    if (row === undefined) return id;
    const newer = snapshots.filter((one) => one.server === row.server && one.generation > row.generation);
    return `${row.condition}, ${newer.length === 0 ? 'the newest' : `the newest but ${newer.length}`}`;
  };
}
