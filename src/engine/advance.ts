import type { Decision, RestartAttempt, SnapshotPlan } from './decision.js';
import { tellsOfFailure } from './failure.js';
import type { PolicySet } from './policy-set.js';
import type { MachineView, ServerView, SnapshotView, SymptomView, View } from './view.js';

/**
 * The view after a decision, supposing that what it orders succeeds at once and at the first choice. A dry run
 * of a stream of events is decided on it: the alert's snapshot is there when the failure comes.
 */
export function advance(policySet: PolicySet, view: View, decision: Decision): View {
  const remembered = withFailure(remember(view, decision), decision);
  if (decision.mode === 'observe') return remembered;
  if (decision.outcome === 'snapshot' && decision.snapshot)
    return withSnapshot(policySet, remembered, decision, decision.snapshot);
  const attempt = decision.restart?.attempts[0];
  if (decision.outcome === 'restart' && decision.restart && attempt) {
    return withTakeover(remembered, decision, decision.restart.machine, attempt);
  }
  if (decision.outcome === 'retire' && decision.retire) {
    return withoutSnapshots(remembered, new Set(decision.retire.snapshots.map(({ snapshot }) => snapshot)));
  }
  return remembered;
}

function remember(view: View, { at, event, remember: memory }: Decision): View {
  const { server } = event;
  if (!view.servers.some(({ name }) => name === server)) return view;
  const ordered = new Set(memory.orders.map(({ policy, action }) => `${action} ${policy}`));
  return {
    ...view,
    matches: [...view.matches, ...memory.matches.map((match) => ({ event: event.id, server, at, ...match }))],
    symptoms: memory.symptoms.reduce(
      (symptoms, seen) => withSymptom(symptoms, { server, firstAt: at, lastAt: at, ...seen }),
      view.symptoms.filter((symptom) => symptom.server !== server || !memory.closed.includes(symptom.policy)),
    ),
    orders: [
      ...view.orders.filter(
        (order) => order.server !== server || !ordered.has(`${order.action} ${order.policy}`),
      ),
      ...memory.orders.map((order) => ({ server, at, ...order })),
    ],
  };
}

function withSymptom(symptoms: readonly SymptomView[], seen: SymptomView): SymptomView[] {
  const known = symptoms.find(({ server, policy }) => server === seen.server && policy === seen.policy);
  const rest = symptoms.filter((symptom) => symptom !== known);
  return [...rest, known ? merged(known, seen) : seen];
}

/** Events may come late: an open symptom grows at either end and never shrinks. */
function merged(known: SymptomView, seen: SymptomView): SymptomView {
  return {
    ...seen,
    firstAt: known.firstAt < seen.firstAt ? known.firstAt : seen.firstAt,
    lastAt: known.lastAt > seen.lastAt ? known.lastAt : seen.lastAt,
    met: known.met || seen.met,
  };
}

function withFailure(view: View, decision: Decision): View {
  if (!tellsOfFailure(decision)) return view;
  return {
    ...view,
    servers: view.servers.map((row): ServerView =>
      row.name === decision.event.server && row.state === 'up'
        ? { ...row, state: 'failed', failedAt: decision.at }
        : row,
    ),
  };
}

function withoutSnapshots(view: View, gone: ReadonlySet<string>): View {
  const freed = new Map<string, number>();
  for (const { id, drive, memoryBytes, diskBytes } of view.snapshots) {
    if (gone.has(id)) freed.set(drive, (freed.get(drive) ?? 0) + memoryBytes + diskBytes);
  }
  return {
    ...view,
    snapshots: view.snapshots.filter(({ id }) => !gone.has(id)),
    drives: view.drives.map((drive) => {
      const bytes = freed.get(drive.name);
      return bytes === undefined ? drive : { ...drive, freeBytes: drive.freeBytes + bytes };
    }),
  };
}

function withSnapshot(policySet: PolicySet, view: View, decision: Decision, plan: SnapshotPlan): View {
  const server = view.servers.find(({ name }) => name === decision.event.server);
  if (server === undefined || plan.drive === null) return view;
  const memoryBytes = policySet.inventory.machines.get(server.machine)?.memoryBytes ?? 0;
  const generations = view.snapshots.filter((row) => row.server === server.name).map((row) => row.generation);
  const snapshot: SnapshotView = {
    id: `dry-${decision.id}`,
    server: server.name,
    generation: Math.max(0, ...generations) + 1,
    kind: plan.kind,
    condition: plan.condition,
    cause: plan.cause,
    drive: plan.drive,
    takenAt: decision.at,
    memoryBytes,
    diskBytes: plan.estimatedBytes - memoryBytes,
    state: 'complete',
    checksum: null,
    verified: 'ok',
    pinned: plan.pinned,
  };
  return {
    ...view,
    snapshots: [...view.snapshots, snapshot],
    drives: view.drives.map((drive) =>
      drive.name === plan.drive
        ? { ...drive, freeBytes: Math.max(0, drive.freeBytes - plan.estimatedBytes) }
        : drive,
    ),
  };
}

function withTakeover(view: View, decision: Decision, failed: string, attempt: RestartAttempt): View {
  const server = view.servers.find(({ machine }) => machine === failed);
  if (server === undefined) return view;
  return {
    ...view,
    servers: view.servers.map((row): ServerView =>
      row === server
        ? {
            ...row,
            machine: attempt.backup,
            disk: attempt.drive,
            state: 'up',
            failedAt: null,
            takenOverAt: decision.at,
          }
        : row,
    ),
    machines: view.machines.map((row): MachineView => {
      if (row.name === failed) return { ...row, state: 'fenced' };
      return row.name === attempt.backup ? { ...row, state: 'serving' } : row;
    }),
    drives: view.drives.map((drive) => {
      if (drive.name === attempt.drive) return { ...drive, role: 'active', server: server.name };
      return drive.name === server.disk ? { ...drive, role: 'quarantined', server: null } : drive;
    }),
    matches: view.matches.filter((match) => match.server !== server.name),
    symptoms: view.symptoms.filter((symptom) => symptom.server !== server.name),
  };
}
