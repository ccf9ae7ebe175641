import type { Comparison, Condition } from './condition.js';
import type { BackupCandidate, Evidence } from './decision.js';
import type { Machine, PolicySet, RestartPolicy } from './policy-set.js';
import { REASONS, type ReasonCode } from './reasons.js';
import type { SnapshotView, View } from './view.js';
import { type ActiveServer, backupFact, compareText, holdOn, serverFact, snapshotFact } from './world.js';

/** What is to be started: a drive, and the snapshot on it unless the boot is a cold one. */
export interface Startable {
  readonly drive: string;
  readonly snapshot: SnapshotView | null;
}

/** The backup servers that can take over from `startable`, best first, and every other one with its reason. */
export async function selectBackups(
  policySet: PolicySet,
  view: View,
  server: ActiveServer,
  policy: RestartPolicy,
  startable: Startable,
): Promise<readonly BackupCandidate[]> {
  const machines = [...policySet.inventory.machines.values()]
    .filter((machine) => machine.role === 'backup' || machine.name === server.machine.name)
    .toSorted((a, b) => compareText(a.name, b.name));
  const candidates = await Promise.all(
    machines.map((machine) => judge(policySet, view, server, policy, startable, machine)),
  );
  return candidates.toSorted((a, b) => (b.accepted ? b.score : -1) - (a.accepted ? a.score : -1));
}

async function judge(
  policySet: PolicySet,
  view: View,
  server: ActiveServer,
  policy: RestartPolicy,
  startable: Startable,
  machine: Machine,
): Promise<BackupCandidate> {
  const unable = inability(policySet, view, server, startable, machine);
  if (unable) return unable;
  const facts = {
    backup: backupFact(machine),
    server: serverFact(server),
    ...(startable.snapshot ? { snapshot: snapshotFact(startable.snapshot) } : {}),
  };
  const required = requiredFor(policy, startable);
  if (required !== null) {
    const { held, error, evidence } = await required.holds(facts);
    if (error !== null) return rejected(machine, 'condition-error', error);
    if (!held) return rejected(machine, 'requirement-not-met', REASONS['requirement-not-met'], evidence);
  }
  const free = byReservation(view, server, machine);
  if (free) return free;
  let score = 0;
  for (const preference of policy.backups.prefer) {
    const { held } = await preference.when.holds(facts);
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
  policySet: PolicySet,
  view: View,
  server: ActiveServer,
  startable: Startable,
  machine: Machine,
): BackupCandidate | null {
  if (machine.name === server.machine.name) return rejected(machine, 'is-failed-server');
  const running = view.servers.find((other) => other.machine === machine.name);
  if (running) return rejected(machine, 'in-use', `it runs ${running.name}`);
  const { state = 'idle', reservedBy = null } = view.machines.find((row) => row.name === machine.name) ?? {};
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

function byReservation(view: View, server: ActiveServer, machine: Machine): BackupCandidate | null {
  const reservedBy = view.machines.find((row) => row.name === machine.name)?.reservedBy ?? null;
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
