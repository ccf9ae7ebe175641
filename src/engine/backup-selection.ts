import type { Comparison, Condition, Facts } from './condition.js';
import type { BackupCandidate, Evidence } from './decision.js';
import { once } from './once.js';
import type { Machine, PolicySet, RestartPolicy } from './policy-set.js';
import { REASONS, type ReasonCode } from './reasons.js';
import type { MachineView, SnapshotView, View } from './view.js';
import { type ActiveServer, backupFact, compareText, holdOn, serverFact, snapshotFact } from './world.js';

/** What is to be started: a drive, and the snapshot on it unless the boot is a cold one. */
export interface Startable {
  readonly drive: string;
  readonly snapshot: SnapshotView | null;
}

/** A machine that may be a backup, with what is known of it: looked up once for all that is to be started. */
export interface Backup {
  readonly machine: Machine;
  readonly state: MachineView['state'];
  readonly reservedBy: string | null;
  /** The server that it runs; null for none. */
  readonly runs: string | null;
}

/** Every machine that could take over, and the one that has failed, by name. */
export function backupsFor(
  { inventory }: PolicySet,
  { machines, servers }: View,
  { machine: failed }: ActiveServer,
): readonly Backup[] {
  const backups = backupMachines(inventory);
  const possible = backups.has(failed.name)
    ? [...backups.values()]
    : [...backups.values(), failed].toSorted((a, b) => compareText(a.name, b.name));
  const rows = byName(machines);
  const runs = takenOver(servers);
  return possible.map((machine) => {
    const { state = 'idle', reservedBy = null } = rows.get(machine.name) ?? {};
    return { machine, state, reservedBy, runs: runs.get(machine.name) ?? null };
  });
}

/** By name. An inventory never changes, so this is found out once for each. */
const backupMachines = once(
  ({ machines }: PolicySet['inventory']): ReadonlyMap<string, Machine> =>
    new Map(
      [...machines].filter(([, { role }]) => role === 'backup').toSorted(([a], [b]) => compareText(a, b)),
    ),
);

/** The rows of a view never change either. */
const byName = once(
  (rows: View['machines']): ReadonlyMap<string, MachineView> => new Map(rows.map((row) => [row.name, row])),
);

/** What the machines run that are no server's own: at most a few of a whole site. */
const takenOver = once(
  (rows: View['servers']): ReadonlyMap<string, string> =>
    new Map(rows.filter(({ machine, name }) => machine !== name).map(({ machine, name }) => [machine, name])),
);

/** The backup servers that can take over from `startable`, best first, and every other one with its reason. */
export async function selectBackups(
  selecting: Selecting,
  backups: readonly Backup[],
  startable: Startable,
): Promise<readonly BackupCandidate[]> {
  const candidates: BackupCandidate[] = [];
  for (const backup of backups) {
    candidates.push(inability(selecting, startable, backup) ?? (await judge(selecting, startable, backup)));
  }
  return candidates.toSorted((a, b) => (b.accepted ? b.score : -1) - (a.accepted ? a.score : -1));
}

/** What backup servers are selected for. */
export interface Selecting {
  readonly policySet: PolicySet;
  readonly view: View;
  readonly server: ActiveServer;
  readonly policy: RestartPolicy;
}

/** What the policy says of a backup that is able. */
async function judge(
  { view, server, policy }: Selecting,
  startable: Startable,
  backup: Backup,
): Promise<BackupCandidate> {
  const { machine } = backup;
  // Most policies ask nothing of a backup, and a site has many.
  const facts = (): Facts => ({
    backup: backupFact(machine),
    server: serverFact(server),
    ...(startable.snapshot ? { snapshot: snapshotFact(startable.snapshot) } : {}),
  });
  const required = requiredFor(policy, startable);
  if (required !== null) {
    const { held, error, evidence } = await required.holds(facts());
    if (error !== null) return rejected(machine, 'condition-error', error);
    if (!held) return rejected(machine, 'requirement-not-met', REASONS['requirement-not-met'], evidence);
  }
  const free = byReservation(view, server, backup);
  if (free) return free;
  let score = 0;
  for (const preference of policy.backups.prefer) {
    const { held } = await preference.when.holds(facts());
    if (held) score += preference.weight;
  }
  return { backup: machine.name, accepted: true, score };
}

/** A cold boot has no snapshot, so what the policy says of one is not asked; the rest is. */
function requiredFor({ backups }: RestartPolicy, { snapshot }: Startable): Condition | null {
  if (snapshot !== null || backups.require === null) return backups.require;
  return backups.require.only((comparison) => !isOfSnapshot(comparison));
}

function isOfSnapshot({ fact, value }: Comparison): boolean {
  return fact === 'snapshot' || (isReference(value) && value.fact === 'snapshot');
}

function isReference(value: unknown): value is { readonly fact: unknown } {
  return typeof value === 'object' && value !== null && 'fact' in value;
}

/** What no policy can change. */
function inability(
  { policySet, view, server }: Selecting,
  startable: Startable,
  { machine, state, reservedBy, runs }: Backup,
): BackupCandidate | null {
  if (machine.name === server.machine.name) return rejected(machine, 'is-failed-server');
  if (runs !== null) return rejected(machine, 'in-use', `it runs ${runs}`);
  // What an earlier restart of this server left in doubt, this one fences first: then it is a backup again.
  const willBeFenced = holdOn(view, reservedBy, server.name) === 'own-doubt';
  if (state !== 'idle' && !willBeFenced)
    return rejected(machine, 'machine-unavailable', `its state is ${state}`);
  const device = policySet.inventory.drives.get(startable.drive)?.device;
  if (device === undefined || !machine.reaches.includes(device)) {
    return rejected(machine, 'unreachable', `no path to ${device ?? 'the device'} of ${startable.drive}`);
  }
  const needed = startable.snapshot?.memoryBytes ?? 0;
  if (machine.memoryBytes < needed) {
    return rejected(
      machine,
      'too-small',
      `${machine.memoryBytes} bytes of memory, the snapshot has ${needed}`,
    );
  }
  return null;
}

function byReservation(
  view: View,
  server: ActiveServer,
  { machine, reservedBy }: Backup,
): BackupCandidate | null {
  switch (holdOn(view, reservedBy, server.name)) {
    case 'none':
    case 'own-doubt':
      return null;
    case 'busy':
      return rejected(machine, 'reserved', `reserved by ${reservedBy ?? ''}`);
    case 'in-doubt':
      return rejected(machine, 'in-doubt', `held by ${reservedBy ?? ''}, which ended blocked`);
  }
}

function rejected(
  machine: Machine,
  reason: ReasonCode,
  text: string = REASONS[reason],
  evidence?: readonly Evidence[],
): BackupCandidate {
  return { backup: machine.name, accepted: false, reason, text, ...(evidence ? { evidence } : {}) };
}
