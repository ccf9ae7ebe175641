import { advance } from '../engine/advance.js';
import { decide } from '../engine/decide.js';
import type { Decision } from '../engine/decision.js';
import type { AlertEvent, EngineEvent } from '../engine/event.js';
import type { PolicySet } from '../engine/policy-set.js';
import { type Instant, toEpochMs, toInstant } from '../engine/time.js';
import type { View } from '../engine/view.js';
import { findServer } from '../engine/world.js';
import { explainAlert } from './matching.js';
import { turnsTo } from './tree.js';
import { sizeOf, turned, type Change } from './values.js';

/** A small change of what came in, or of the state, and what would have been decided then. */
export interface Flip {
  readonly changes: readonly Change[];
  readonly decision: Decision;
}

/** Something else that could have come in, on another state. */
interface Trial {
  readonly changes: readonly Change[];
  readonly event: EngineEvent;
  readonly view: View;
}

const MOST_FLIPS = 5;

/**
 * What would have changed a decision, the smallest change first. Each is proven: the engine decides the changed
 * event on the changed state, and what comes out the same is left out.
 */
export async function flipsOf(
  policySet: PolicySet,
  event: EngineEvent,
  view: View,
  decision: Decision,
): Promise<readonly Flip[]> {
  const trials = [
    ...(event.kind === 'alert' && event.status === 'firing'
      ? await ofAlert(policySet, event, view, decision)
      : []),
    ...ofTime(policySet, event, view, decision),
    ...ofState(policySet, event, view, decision),
  ].toSorted((a, b) => sizeOf(a.changes) - sizeOf(b.changes));
  const flips: Flip[] = [];
  for (const trial of trials) {
    const other = await decide(policySet, trial.event, trial.view);
    const known = flips.some(
      (flip) => !differs(flip.decision, other) && sizeOf(flip.changes) < sizeOf(trial.changes),
    );
    if (differs(decision, other) && !known) flips.push({ changes: trial.changes, decision: other });
    if (flips.length === MOST_FLIPS) break;
  }
  return flips;
}

/** Other things would be done, or for another reason. */
function differs(a: Decision, b: Decision): boolean {
  return consequence(a) !== consequence(b);
}

function consequence({ outcome, mode, reasons, snapshot, restart }: Decision): string {
  const [attempt] = restart?.attempts ?? [];
  const acts = outcome === 'snapshot' || outcome === 'restart';
  return JSON.stringify([
    outcome,
    mode,
    acts ? null : reasons[0]?.code,
    snapshot?.policy,
    snapshot?.drive,
    attempt,
  ]);
}

/** Other labels or values, and more of the same. */
async function ofAlert(
  policySet: PolicySet,
  alert: AlertEvent,
  view: View,
  decision: Decision,
): Promise<readonly Trial[]> {
  const lookup = findServer(policySet, view, alert.server);
  if (lookup.found !== 'active') return [];
  const policies = await explainAlert(policySet, lookup.server, alert);
  const others = policies.flatMap(({ selects, condition }): Trial[] => {
    const other = selects && condition !== null ? turned(alert, turnsTo(condition, !condition.met)) : null;
    return other === null ? [] : [{ changes: other.changes, event: other.alert, view }];
  });
  const again = decision.reasons.some(({ code }) => code === 'counting')
    ? await ofRepetition(policySet, alert, view, decision)
    : [];
  return [...again, ...others];
}

/** More alerts like this one, until something else is decided about the last of them. */
async function ofRepetition(
  policySet: PolicySet,
  alert: AlertEvent,
  view: View,
  decision: Decision,
): Promise<readonly Trial[]> {
  const most = Math.max(...policySet.alertPolicies.map(({ repeated }) => repeated.times));
  let state = view;
  let last = decision;
  for (let more = 1; more < most; more += 1) {
    state = advance(policySet, state, last);
    const event = { ...alert, id: `${alert.id}+${more}` };
    last = await decide(policySet, event, state);
    if (differs(decision, last))
      return [{ changes: [{ what: 'more alerts like this', from: 0, to: more }], event, view: state }];
  }
  return [];
}

/** The same, after what was too soon has passed. */
function ofTime(policySet: PolicySet, event: EngineEvent, view: View, decision: Decision): readonly Trial[] {
  const cooling = decision.reasons.filter(({ code }) => code === 'in-cooldown').map(({ policy }) => policy);
  const { server } = decision.event;
  const ends = [
    ...policySet.alertPolicies
      .filter(({ name }) => cooling.includes(name))
      .flatMap(({ condition, snapshot }) =>
        view.snapshots
          .filter((row) => row.server === server && row.condition === condition && row.kind === 'additional')
          .map(({ takenAt }) => toEpochMs(takenAt) + snapshot.cooldownMs),
      ),
    ...policySet.restartPolicies
      .filter(({ name }) => cooling.includes(name))
      .flatMap(({ guard }) => {
        const takenOverAt = view.servers.find(({ name }) => name === server)?.takenOverAt ?? null;
        return takenOverAt === null ? [] : [toEpochMs(takenOverAt) + guard.cooldownMs];
      }),
  ].filter((endMs) => endMs > toEpochMs(event.at));
  return ends.map((endMs): Trial => {
    const at: Instant = toInstant(endMs);
    return { changes: [{ what: 'at', from: event.at, to: at }], event: { ...event, at }, view };
  });
}

/** The same, with one drive, machine or server in another state. */
function ofState(policySet: PolicySet, event: EngineEvent, view: View, decision: Decision): readonly Trial[] {
  const { snapshot, restart, outcome, reasons } = decision;
  const [attempt] = restart?.attempts ?? [];
  const rejected = (snapshot?.candidates ?? []).flatMap((one) => (one.accepted ? [] : [one.drive]));
  const lost = (restart?.candidates ?? []).flatMap((one) => (one.accepted ? [] : [one.drive]));
  const unable = (restart?.backups ?? []).flatMap((one) => (one.accepted ? [] : [one.backup]));
  const codes = new Set(reasons.map(({ code }) => code));
  const states: readonly (readonly [View, readonly Change[]])[] = [
    ...(outcome === 'snapshot' && snapshot?.drive
      ? [driveIn(view, snapshot.drive, { health: 'failed' })]
      : []),
    ...(outcome === 'restart' && attempt
      ? [
          driveIn(view, attempt.drive, { health: 'failed' }),
          machineIn(view, attempt.backup, { state: 'failed' }),
        ]
      : []),
    ...(outcome === 'refused'
      ? [
          ...[...new Set([...rejected, ...lost])].map((name) => {
            const capacity = policySet.inventory.drives.get(name)?.capacityBytes ?? 0;
            const { freeBytes = 0 } = view.drives.find((row) => row.name === name) ?? {};
            const room = codes.has('no-drive') ? { freeBytes: Math.max(freeBytes, capacity) } : {};
            return driveIn(view, name, { health: 'ok', reservedBy: null, ...room });
          }),
          ...unable.map((name) => machineIn(view, name, { state: 'idle', reservedBy: null })),
          ...(codes.has('max-concurrent') ? [withoutOperations(view)] : []),
          ...(codes.has('below-min-healthy') || codes.has('server-failed') ? serversUp(view) : []),
        ]
      : []),
  ];
  return states.flatMap(([changed, changes]) =>
    changes.length === 0 ? [] : [{ changes, event, view: changed }],
  );
}

type Changed = readonly [View, readonly Change[]];

function driveIn(view: View, name: string, to: Partial<View['drives'][number]>): Changed {
  const changes = changesOf(
    `drive ${name}`,
    view.drives.find((row) => row.name === name),
    to,
  );
  return [
    { ...view, drives: view.drives.map((row) => (row.name === name ? { ...row, ...to } : row)) },
    changes,
  ];
}

function machineIn(view: View, name: string, to: Partial<View['machines'][number]>): Changed {
  const changes = changesOf(
    `server ${name}`,
    view.machines.find((row) => row.name === name),
    to,
  );
  return [
    { ...view, machines: view.machines.map((row) => (row.name === name ? { ...row, ...to } : row)) },
    changes,
  ];
}

function serversUp(view: View): readonly Changed[] {
  const up = (name: string) =>
    view.servers.map((row) => (row.name === name ? { ...row, state: 'up' as const, failedAt: null } : row));
  return view.servers
    .filter(({ state }) => state === 'failed')
    .map(({ name }): Changed => [
      { ...view, servers: up(name) },
      [{ what: `server ${name} state`, from: 'failed', to: 'up' }],
    ]);
}

function withoutOperations(view: View): Changed {
  const running = view.operations.filter(({ state }) => state === 'running').length;
  return [
    { ...view, operations: view.operations.filter(({ state }) => state !== 'running') },
    [{ what: 'running operations', from: running, to: 0 }],
  ];
}

function changesOf<R extends object>(what: string, row: R | undefined, to: Partial<R>): readonly Change[] {
  if (row === undefined) return [];
  const before = new Map<string, unknown>(Object.entries(row));
  return Object.entries(to)
    .filter(([key, value]) => before.get(key) !== value)
    .map(([key, value]) => ({ what: `${what} ${key}`, from: before.get(key), to: value }));
}
