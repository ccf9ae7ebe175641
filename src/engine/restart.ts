import { backupsFor, type Startable, selectBackups } from './backup-selection.js';
import type { BackupCandidate, Reason, RestartAttempt, RestartPlan } from './decision.js';
import type { FailureEvent, RestartOrder } from './event.js';
import { once } from './once.js';
import type { PolicySet, RestartPolicy } from './policy-set.js';
import { reason, spoken } from './reason.js';
import {
  type Announcement,
  announcementOf,
  describeAnnouncement,
  type Selected,
  selectSnapshots,
} from './snapshot-selection.js';
import { type Instant, toEpochMs } from './time.js';
import type { View } from './view.js';
import { type ActiveServer, driveState, holdOn, selects } from './world.js';

/** What to wake where, or why nothing may be. */
export interface RestartVerdict {
  readonly policy: RestartPolicy | null;
  /** Null when no policy governs the server or a guard refused before anything was selected. */
  readonly plan: RestartPlan | null;
  readonly refusal: Reason | null;
  readonly reasons: readonly Reason[];
}

/** Steps 6 and 7 of the method, and the choice of the backup server that step 8 starts. */
export async function planRestart(
  policySet: PolicySet,
  view: View,
  server: ActiveServer,
  event: FailureEvent | RestartOrder,
): Promise<RestartVerdict> {
  const policy = policySet.restartPolicies.find((one) => selects(one.servers, server.identity)) ?? null;
  if (policy === null) return refuse(null, reason('no-restart-policy'));
  // An operator has looked; the guards are against automatic storms.
  const guarded = event.kind === 'failure' ? guard(view, server, policy, event) : null;
  if (guarded) return refuse(policy, guarded);

  const announcement = announce(policySet, view, server, policy, event);
  const { selected, candidates } = selectSnapshots(policySet, view, server.name, policy, announcement);
  const startables = [
    ...selected.map(({ snapshot }): Startable => ({ drive: snapshot.drive, snapshot })),
    ...coldBoot(policySet, view, server, policy, event),
  ];
  const attempts: RestartAttempt[] = [];
  const backups = new Map<string, BackupCandidate>();
  const selecting = { policySet, view, server, policy };
  const known = backupsFor(policySet, view, server);
  for (const startable of startables) {
    for (const candidate of await selectBackups(selecting, known, startable)) {
      const before = backups.get(candidate.backup);
      if (before === undefined || prospect(candidate) > prospect(before))
        backups.set(candidate.backup, candidate);
      if (candidate.accepted) attempts.push(attempt(startable, candidate.backup, candidate.score));
    }
  }
  const plan: RestartPlan = {
    policy: policy.name,
    machine: server.machine.name,
    disk: server.state.disk,
    condition: announcement.condition,
    cause: announcement.cause,
    firstSymptomAt: announcement.firstSymptomAt,
    attempts,
    candidates,
    backups: [...backups.values()],
    sequence: policy.sequence,
    afterTakeover: policy.afterTakeover,
  };
  const busy = busyDrive(policySet, view, server, policy, attempts);
  if (busy) return { ...refuse(policy, busy), plan };
  if (attempts.length === 0) return { ...refuse(policy, nothingToTry(policy, selected, plan)), plan };
  const text = `${describeAnnouncement(announcement)}; ${attempts.length} to try`;
  return { policy, plan, refusal: null, reasons: [reason('attempts-planned', policy, { text })] };
}

function refuse(policy: RestartPolicy | null, refusal: Reason): RestartVerdict {
  return { policy, plan: null, refusal, reasons: [refusal] };
}

/** What is known of the cause: what the report says, else what the alerts before it said. */
function announce(
  policySet: PolicySet,
  view: View,
  server: ActiveServer,
  policy: RestartPolicy,
  event: FailureEvent | RestartOrder,
): Announcement {
  const announcement = announcementOf(
    policySet,
    view,
    server.name,
    failedAt(server, event),
    policy.symptomsWithinMs,
  );
  const reported = event.kind === 'failure' ? event.causeClass : 'unknown';
  return reported === 'unknown' ? announcement : { ...announcement, cause: reported };
}

/**
 * A person, or a second report, may come hours after the failure. What announced it, and how old its memory is,
 * is measured from the first report.
 */
function failedAt(server: ActiveServer, event: FailureEvent | RestartOrder): Instant {
  const known = server.state.failedAt;
  return known !== null && known < event.at ? known : event.at;
}

/** The storm guard: when restarting more would do harm. Null when nothing stands against it. */
function guard(view: View, server: ActiveServer, policy: RestartPolicy, event: FailureEvent): Reason | null {
  const { maxConcurrent, minHealthy, cooldownMs } = policy.guard;
  const { takenOverAt } = server.state;
  if (takenOverAt !== null && toEpochMs(event.at) - toEpochMs(takenOverAt) < cooldownMs) {
    const text = `the last takeover was at ${takenOverAt}; at most one in ${spoken(cooldownMs)}`;
    return reason('in-cooldown', policy, { text });
  }
  const running = view.operations.filter(
    ({ kind, state }) => kind === 'restart-server' && state === 'running',
  ).length;
  if (running >= maxConcurrent) {
    return reason('max-concurrent', policy, {
      text: `${running} restarts are running, at most ${maxConcurrent}`,
    });
  }
  const others = view.servers.length - 1;
  const up = upCount(view.servers) - (server.state.state === 'up' ? 1 : 0);
  if (others > 0 && up / others < minHealthy) {
    const text = `${up} of the ${others} other servers are up, ${Math.round(minHealthy * 100)} % are needed`;
    return reason('below-min-healthy', policy, { text });
  }
  return null;
}

const upCount = once((rows: View['servers']): number => rows.filter(({ state }) => state === 'up').length);

/** The disk without the memory: only when the policy allows it, and only after every snapshot. */
function coldBoot(
  policySet: PolicySet,
  view: View,
  server: ActiveServer,
  policy: RestartPolicy,
  event: FailureEvent | RestartOrder,
): Startable[] {
  const disk = policySet.inventory.drives.get(server.state.disk);
  const diskLost = event.kind === 'failure' && event.subject === 'disk';
  if (policy.coldBoot === 'never' || disk === undefined || diskLost) return [];
  const state = driveState(view, disk, policySet.inventory);
  return state.health === 'failed' ? [] : [{ drive: disk.name, snapshot: null }];
}

/** A backup is explained by the best snapshot that it can run, else that it could run, else that it cannot. */
function prospect(candidate: BackupCandidate): 0 | 1 | 2 {
  if (candidate.accepted) return 2;
  return candidate.reason === 'reserved' ? 1 : 0;
}

function attempt({ drive, snapshot }: Startable, backup: string, score: number): RestartAttempt {
  return { snapshot: snapshot?.id ?? null, condition: snapshot?.condition ?? null, drive, backup, score };
}

/**
 * The drive of the best snapshot that can be started is being written by another operation, which will end.
 * Waiting for it loses seconds; waking from an older snapshot would lose work for good.
 */
function busyDrive(
  policySet: PolicySet,
  view: View,
  server: ActiveServer,
  policy: RestartPolicy,
  attempts: readonly RestartAttempt[],
): Reason | null {
  const best = attempts.find(({ snapshot }) => snapshot !== null);
  const drive = best && policySet.inventory.drives.get(best.drive);
  const reservedBy = drive ? driveState(view, drive, policySet.inventory).reservedBy : null;
  if (drive === undefined || holdOn(view, reservedBy, server.name) !== 'busy') return null;
  return reason('drives-busy', policy, {
    text: `${drive.name} holds the best snapshot and is reserved by ${reservedBy ?? ''}`,
  });
}

function nothingToTry(policy: RestartPolicy, selected: readonly Selected[], plan: RestartPlan): Reason {
  const busyBackup = plan.backups.some((one) => !one.accepted && one.reason === 'reserved');
  if (busyBackup) return reason('backups-busy', policy);
  const text =
    selected.length === 0
      ? `none of the ${plan.candidates.length} snapshots may be started and there is no cold boot`
      : 'no backup server can start any of the selected snapshots';
  return reason('no-attempt', policy, { text });
}
