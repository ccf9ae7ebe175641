import { advance } from '../../engine/advance.js';
import { decide } from '../../engine/decide.js';
import type { Decision } from '../../engine/decision.js';
import type { EngineEvent } from '../../engine/event.js';
import type { AlertPolicy, PolicySet } from '../../engine/policy-set.js';
import { nextSchedules } from '../../engine/schedule.js';
import { type Instant, toEpochMs, toInstant } from '../../engine/time.js';
import type { DriveView, SnapshotView, SymptomView, View } from '../../engine/view.js';
import { initialView } from '../../engine/world.js';
import type { Governed } from '../governance.js';
import { surroundingsOf } from './surroundings.js';

/** A server, and the disk tables between which its schedules go round. */
export interface Rotating {
  readonly governed: Governed;
  /** The part of the policy set that has a say in it. */
  readonly policySet: PolicySet;
  readonly states: readonly TableState[];
  /** Why no drive takes its next snapshot any more; null when there always is one. */
  readonly stuck: Decision | null;
}

/** The disk table of a server in the worst instant before the next snapshot of it is complete. */
export interface TableState {
  readonly snapshots: readonly SnapshotView[];
  /** When the next one is complete at the latest; null: never. */
  readonly untilMs: number | null;
  /** The symptom that has been open for as long as it takes to replace all that retention lets go; null: none is. */
  readonly symptom: SymptomView | null;
}

/** Any instant will do, as long as it is always the same. */
const START_MS = Date.UTC(2026, 0, 1);
/** More snapshots in a row than any table needs to come round again, and few enough for a thousand servers. */
const MOST_SNAPSHOTS = 12;

/**
 * Lets the schedules of all servers run, on the engine itself, until the disk tables come round again. Servers go
 * by turns, so that each finds the drives as full as the others leave them.
 */
export async function rotations(
  policySet: PolicySet,
  servers: readonly Governed[],
): Promise<readonly Rotating[]> {
  const start = initialView(policySet.inventory);
  const drives = new Map(start.drives.map((row) => [row.name, row]));
  const players = servers.map((governed) => playerOf(policySet, governed, start));
  for (let turn = 0; turn < MOST_SNAPSHOTS; turn += 1) {
    for (const player of players) {
      if (player.comesRound === null) await play(player, drives);
    }
  }
  return Promise.all(players.map(rotatingOf));
}

/** What has been played of one server. */
interface Player {
  readonly governed: Governed;
  readonly policySet: PolicySet;
  view: View;
  now: Instant;
  readonly played: { readonly signature: string; readonly state: TableState; readonly decision: Decision }[];
  /** Index of the first state of the circle, when it is closed. */
  comesRound: number | null;
}

function playerOf(policySet: PolicySet, governed: Governed, start: View): Player {
  const { server } = governed;
  const own = surroundingsOf(policySet, server);
  const view: View = {
    ...start,
    servers: start.servers.filter(({ name }) => name === server.name),
    machines: start.machines.filter(({ name }) => own.inventory.machines.has(name)),
  };
  return {
    governed,
    policySet: own,
    view,
    now: toInstant(START_MS),
    played: [],
    comesRound: own.schedulePolicies.length === 0 ? 0 : null,
  };
}

async function play(player: Player, drives: Map<string, DriveView>): Promise<void> {
  player.view = { ...player.view, drives: rowsOf(player.policySet, drives) };
  const decision = await takeNext(player);
  if (decision === null) {
    player.comesRound = player.played.length;
    return;
  }
  for (const row of player.view.drives) drives.set(row.name, row);
  const signature = signatureOf(player.view);
  const known = player.played.findIndex((one) => one.signature === signature);
  if (known !== -1) player.comesRound = known;
  player.played.push({ signature, state: stateOf(player, null), decision });
}

/** The next periodic snapshot, and what retention lets go after it; null when none is due any more. */
async function takeNext(player: Player): Promise<Decision | null> {
  const due = dueNext(player);
  if (due === null) return null;
  const decision = await happen(player, due);
  await happen(player, { kind: 'retention', id: `retention-${due.id}`, at: due.at, server: due.server });
  player.now = due.at;
  return decision;
}

function stateOf(player: Player, symptom: SymptomView | null): TableState {
  return { snapshots: player.view.snapshots, untilMs: completeBy(player), symptom };
}

async function happen(player: Player, event: EngineEvent): Promise<Decision> {
  const decision = await decide(player.policySet, event, player.view);
  player.view = advance(player.policySet, player.view, decision);
  return decision;
}

function dueNext({ policySet, view, now }: Player) {
  return nextSchedules(policySet, view, { since: toInstant(START_MS), now })[0] ?? null;
}

/** It is ordered when it is due, and has its deadline to be complete; if it fails, that is a second failure. */
function completeBy(player: Player): number | null {
  const due = dueNext(player);
  if (due === null) return null;
  const policy = player.policySet.schedulePolicies.find(({ name }) => name === due.policy);
  return toEpochMs(due.at) + (policy?.snapshot.deadlineMs ?? 0);
}

function rowsOf({ inventory }: PolicySet, drives: ReadonlyMap<string, DriveView>): readonly DriveView[] {
  return [...inventory.drives.keys()].flatMap((name) => drives.get(name) ?? []);
}

/** Equal when what follows is equal: where which kind of snapshot is, newest first. */
function signatureOf({ snapshots }: View): string {
  return JSON.stringify(snapshots.map(({ drive, condition, kind }) => [drive, condition, kind]));
}

async function rotatingOf(player: Player): Promise<Rotating> {
  const { governed, policySet, played, comesRound } = player;
  const bare: TableState = { snapshots: [], untilMs: null, symptom: null };
  if (played.length === 0) return { governed, policySet, states: [bare], stuck: null };
  // Before the circle begins the first snapshots are being taken; the last state is the first one again.
  const circle = played.slice((comesRound ?? 0) + 1);
  const last = circle.at(-1);
  if (last !== undefined && circle.every(({ decision }) => decision.outcome !== 'snapshot')) {
    return { governed, policySet, states: [{ ...last.state, untilMs: null }], stuck: last.decision };
  }
  const announced: TableState[] = [];
  for (const alert of tellingAlerts(governed)) announced.push(await withOpenSymptom(player, alert));
  return { governed, policySet, states: [...circle.map(({ state }) => state), ...announced], stuck: null };
}

/**
 * Of the alerts after which the same is selected, one each. An alert that changes nothing of what may be woken only
 * adds its snapshot to what there is.
 */
function tellingAlerts({ alerts, restarts }: Governed): readonly AlertPolicy[] {
  const [policy] = restarts;
  if (policy === undefined) return [];
  const limited = policy.snapshots.some(({ before }) => before !== null);
  const telling = alerts.filter(
    ({ mode, cause }) => mode === 'enforce' && (limited || policy.never.includes(cause)),
  );
  const distinct = new Map(telling.map((alert) => [policy.never.includes(alert.cause), alert]));
  return [...distinct.values()];
}

/** The symptom shows when the next snapshot is due, and the schedules go on: what they take from then on is suspect. */
async function withOpenSymptom(player: Player, { name, cause, condition }: AlertPolicy): Promise<TableState> {
  const { server } = player.governed;
  const firstAt = dueNext(player)?.at ?? player.now;
  const symptom = {
    server: server.name,
    condition,
    cause,
    policy: name,
    met: true,
    firstAt,
    lastAt: firstAt,
  };
  const own: Player = { ...player, view: { ...player.view, symptoms: [symptom] }, played: [] };
  const before = own.view.snapshots.length;
  for (let taken = 0; taken <= before; taken += 1) await takeNext(own);
  return stateOf(own, symptom);
}
