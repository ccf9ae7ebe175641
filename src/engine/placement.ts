import type { DriveCandidate, Evidence } from './decision.js';
import type { Drive, DrivePreference, PlacementPolicy, PolicySet } from './policy-set.js';
import { REASONS, type ReasonCode } from './reasons.js';
import { unrestorable } from './restorable.js';
import type { DriveView, SnapshotView, View } from './view.js';
import { type ActiveServer, compareText, driveFact, driveState, holdOn, serverFact } from './world.js';

/** Where a snapshot goes: every drive of the inventory, accepted or rejected with its reason. */
export interface Placement {
  /** Accepted drives, best first. */
  readonly drives: readonly string[];
  readonly previous: SnapshotView | null;
  readonly estimatedBytes: number;
  /** By drive name. */
  readonly candidates: readonly DriveCandidate[];
  /** Nothing was accepted, but a drive would have been if no operation had reserved it. */
  readonly busy: boolean;
}

/**
 * Step 4 of the method: filter, then score. That the drive is another one than the previous snapshot's is
 * decided here before any policy is asked, so no policy can switch it off.
 *
 * @param only the drive that an operator named; the others are not asked for, and the law holds for it too.
 */
export async function place(
  policySet: PolicySet,
  view: View,
  server: ActiveServer,
  policy: PlacementPolicy,
  only: string | null = null,
): Promise<Placement> {
  const search = searchFor(policySet, view, server, policy, only);
  const drives = [...policySet.inventory.drives.values()].toSorted((a, b) => compareText(a.name, b.name));
  const filtered = await Promise.all(drives.map((drive) => filter(search, drive)));
  const accepted = filtered.filter((candidate) => candidate.rejected === null);
  const mostFree = Math.max(1, ...accepted.map(({ state }) => state.freeBytes));
  const scored = new Map<string, number>();
  for (const candidate of accepted) {
    scored.set(candidate.drive.name, await score(search, candidate, mostFree));
  }
  return {
    drives: [...scored].toSorted(([a, x], [b, y]) => y - x || compareText(a, b)).map(([name]) => name),
    previous: search.previous,
    estimatedBytes: search.estimatedBytes,
    candidates: filtered.map(({ drive, rejected }): DriveCandidate =>
      rejected
        ? { drive: drive.name, accepted: false, ...rejected }
        : { drive: drive.name, accepted: true, score: scored.get(drive.name) ?? 0 },
    ),
    busy: accepted.length === 0 && filtered.some(({ rejected }) => rejected?.reason === 'reserved'),
  };
}

interface Search {
  readonly inventory: PolicySet['inventory'];
  readonly view: View;
  readonly server: ActiveServer;
  readonly policy: PlacementPolicy;
  readonly previous: SnapshotView | null;
  readonly only: string | null;
  /** The law: no snapshot goes to a drive that holds one of these. */
  readonly untouchable: readonly SnapshotView[];
  readonly estimatedBytes: number;
}

interface Rejection {
  readonly reason: ReasonCode;
  readonly text: string;
  readonly evidence?: readonly Evidence[];
}

interface Filtered {
  readonly drive: Drive;
  readonly state: DriveView;
  readonly rejected: Rejection | null;
}

function searchFor(
  policySet: PolicySet,
  view: View,
  server: ActiveServer,
  policy: PlacementPolicy,
  only: string | null,
): Search {
  const { inventory } = policySet;
  // Generations order snapshots; clocks do not.
  const own = view.snapshots
    .filter((row) => row.server === server.name)
    .toSorted((a, b) => b.generation - a.generation);
  const previous = own.find(({ state }) => state === 'complete') ?? null;
  // When the previous one is damaged or out of reach, an older one is the last that could be started.
  const lifeline = own.find((row) => unrestorable(policySet, view, row) === null) ?? null;
  const writing = own.filter(({ state }) => state === 'writing');
  return {
    inventory,
    view,
    server,
    policy,
    only,
    previous,
    untouchable: [previous, lifeline, ...writing].filter((row) => row !== null),
    estimatedBytes: estimateBytes(policySet, view, server),
  };
}

/** Memory of the machine, and as much disk as is used on the drive that the server runs from. */
function estimateBytes(policySet: PolicySet, view: View, server: ActiveServer): number {
  const disk = policySet.inventory.drives.get(server.state.disk);
  const used = disk ? disk.capacityBytes - driveState(view, disk, policySet.inventory).freeBytes : 0;
  return server.machine.memoryBytes + Math.max(0, used);
}

async function filter(search: Search, drive: Drive): Promise<Filtered> {
  const state = driveState(search.view, drive, search.inventory);
  const rejected =
    byLaw(search, drive, state) ?? (await byPolicy(search, drive, state)) ?? byReservation(search, state);
  return { drive, state, rejected };
}

/** What no policy can change. */
function byLaw(search: Search, drive: Drive, state: DriveView): Rejection | null {
  const runner = runnerOf(search.view, drive, state);
  if (runner !== null) return reject('active-disk', `the active disk of ${runner}`);
  if (state.role === 'quarantined' || drive.quarantined) return reject('quarantined');
  const held = search.untouchable.find((row) => isOn(search.inventory, row, drive));
  if (held) return reject('holds-previous', `it holds ${held.id}; another drive is the law`);
  if (!search.server.machine.reaches.includes(drive.device)) {
    return reject('unreachable', `${search.server.machine.name} has no path to device ${drive.device}`);
  }
  if (state.health === 'failed') return reject('drive-failed');
  if (state.freeBytes < search.estimatedBytes) {
    return reject('no-space', `${state.freeBytes} bytes free, about ${search.estimatedBytes} needed`);
  }
  return null;
}

/** Two names with one serial number are one drive. */
function isOn(inventory: PolicySet['inventory'], row: SnapshotView, drive: Drive): boolean {
  const serial = inventory.drives.get(row.drive)?.serial ?? null;
  return row.drive === drive.name || (serial !== null && serial === drive.serial);
}

/** Asked of the servers as well: a view that was written by hand may contradict itself. */
function runnerOf(view: View, drive: Drive, state: DriveView): string | null {
  if (state.role === 'active') return state.server ?? 'a server';
  return view.servers.find(({ disk }) => disk === drive.name)?.name ?? null;
}

async function byPolicy(search: Search, drive: Drive, state: DriveView): Promise<Rejection | null> {
  if (search.only !== null && search.only !== drive.name) return reject('not-asked-for');
  const domain = search.policy.apartFrom;
  const previousDrive = search.previous && search.inventory.drives.get(search.previous.drive);
  if (domain !== null && previousDrive) {
    const value = drive.labels[domain];
    if (value === undefined || value === previousDrive.labels[domain]) {
      return reject(
        'same-failure-domain',
        `${domain} is ${value ?? 'not known'}, as for the previous snapshot`,
      );
    }
  }
  if (search.policy.require === null) return null;
  const verdict = await search.policy.require.holds({
    drive: driveFact(drive, state),
    server: serverFact(search.server),
  });
  if (verdict.error !== null) return reject('condition-error', verdict.error);
  return verdict.held ? null : { ...reject('requirement-not-met'), evidence: verdict.evidence };
}

/** Last, so that `reserved` means: but for the reservation it would have been accepted. */
function byReservation({ view, server }: Search, { reservedBy }: DriveView): Rejection | null {
  switch (holdOn(view, reservedBy, server.name)) {
    case 'none':
      return null;
    case 'busy':
      return reject('reserved', `reserved by ${reservedBy ?? ''}`);
    case 'in-doubt':
    case 'own-doubt':
      return reject('in-doubt', `held by ${reservedBy ?? ''}, which ended blocked`);
  }
}

function reject(reason: ReasonCode, text: string = REASONS[reason]): Rejection {
  return { reason, text };
}

async function score(search: Search, candidate: Filtered, mostFree: number): Promise<number> {
  const facts = { drive: driveFact(candidate.drive, candidate.state), server: serverFact(search.server) };
  let sum = 0;
  for (const preference of search.policy.prefer) {
    sum += await points(preference, facts, candidate.state.freeBytes / mostFree);
  }
  // Thousandths: enough to rank, and free of the last bits of floating point.
  return Math.round(sum * 1000) / 1000;
}

async function points(
  preference: DrivePreference,
  facts: { drive: object; server: object },
  share: number,
): Promise<number> {
  if ('most' in preference) return preference.weight * share;
  const { held } = await preference.when.holds(facts);
  return held ? preference.weight : 0;
}
