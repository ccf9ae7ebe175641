import { createHash } from 'node:crypto';
import { matchAlert } from './alert.js';
import type { CauseClass, EngineEvent, AlertEvent, FailureEvent, RestartOrder } from './event.js';
import type { Decision, Memory, Mode, Outcome, Reason, SnapshotPlan } from './decision.js';
import { place } from './placement.js';
import type { PlacementPolicy, PolicySet } from './policy-set.js';
import { reason } from './reason.js';
import { planRestart } from './restart.js';
import { planRetention } from './retention.js';
import type { SnapshotKind, View } from './view.js';
import { type ActiveServer, findServer, selects, type ServerLookup } from './world.js';

/**
 * What the policies say to do about one event. Pure: equal policies, event and view give an equal decision,
 * byte for byte; time is the event's own. The same function serves the running service, the dry run, the
 * scenarios and the explanation.
 */
export async function decide(policySet: PolicySet, event: EngineEvent, view: View): Promise<Decision> {
  const lookup = findServer(policySet, view, event.server);
  const verdict = await judge(policySet, event, view, lookup);
  return {
    id: decisionId(event.id),
    at: event.at,
    event: {
      kind: event.kind,
      id: event.id,
      server: lookup.found === 'active' ? lookup.server.name : event.server,
    },
    policyRevision: policySet.revision,
    outcome: verdict.outcome,
    mode: verdict.mode ?? 'enforce',
    reasons: verdict.reasons,
    ...(verdict.snapshot ? { snapshot: verdict.snapshot } : {}),
    ...(verdict.restart ? { restart: verdict.restart } : {}),
    ...(verdict.retire ? { retire: verdict.retire } : {}),
    remember: { matches: [], symptoms: [], closed: [], orders: [], ...verdict.remember },
  };
}

/** The id of the decision about an event: the same in a dry run and in the service. */
export function decisionId(eventId: string): string {
  return `d-${createHash('sha256').update(eventId).digest('hex').slice(0, 16)}`;
}

interface Verdict extends Pick<Decision, 'snapshot' | 'restart' | 'retire'> {
  readonly outcome: Outcome;
  readonly mode?: Mode;
  readonly reasons: readonly Reason[];
  readonly remember?: Partial<Memory>;
}

async function judge(
  policySet: PolicySet,
  event: EngineEvent,
  view: View,
  lookup: ServerLookup,
): Promise<Verdict> {
  if (lookup.found === 'nothing') return nothing(reason('unknown-server'));
  if (lookup.found === 'machine') return nothing(reason('not-active'));
  const { server } = lookup;
  if (isReport(event) && server.state.takenOverAt !== null && event.at <= server.state.takenOverAt) {
    return nothing(
      reason('before-takeover', null, { text: `the takeover of ${server.state.takenOverAt} answered it` }),
    );
  }
  switch (event.kind) {
    case 'alert':
      return judgeAlert(policySet, event, view, server);
    case 'failure':
    case 'restart-order':
      return judgeFailure(policySet, event, view, server);
    case 'retention': {
      const retire = planRetention(policySet, view, server);
      return retire.snapshots.length === 0
        ? { outcome: 'none', reasons: [reason('nothing-to-retire')], retire }
        : { outcome: 'retire', reasons: [reason('beyond-retention')], retire };
    }
    case 'schedule': {
      const policy = policySet.schedulePolicies.find(({ name }) => name === event.policy);
      if (policy === undefined) {
        return nothing(
          reason('no-policy-matched', null, { text: `there is no SchedulePolicy ${event.policy} any more` }),
        );
      }
      return orderSnapshot(policySet, view, server, {
        policy: policy.name,
        placement: placementNamed(policySet, policy.snapshot.placement),
        kind: 'scheduled',
        condition: policy.condition,
        deadlineMs: policy.snapshot.deadlineMs,
        because: reason('schedule-due', policy),
      });
    }
    case 'takeover': {
      const policy = policySet.restartPolicies.find(({ name }) => name === event.policy);
      if (policy?.afterTakeover !== 'snapshot') {
        const text = `the policy ${event.policy} asks for no snapshot after a takeover`;
        return nothing(reason('no-policy-matched', null, { text }));
      }
      return orderSnapshot(policySet, view, server, {
        policy: policy.name,
        placement: placementNamed(policySet, policy.placement),
        kind: 'after-takeover',
        condition: 'after-takeover',
        because: reason('takeover-complete', policy),
      });
    }
    case 'snapshot-order':
      return orderSnapshot(policySet, view, server, {
        policy: event.by,
        placement: usualPlacement(policySet, server),
        kind: 'manual',
        condition: event.condition,
        pinned: event.pinned,
        only: event.drive ?? null,
        because: reason('ordered-by-operator', null, { text: `ordered by ${event.by}` }),
      });
  }
}

/** Reports come from outside and may arrive late; orders and internal events cannot be older than a takeover. */
function isReport(event: EngineEvent): boolean {
  return event.kind === 'alert' || event.kind === 'failure';
}

async function judgeAlert(
  policySet: PolicySet,
  alert: AlertEvent,
  view: View,
  server: ActiveServer,
): Promise<Verdict> {
  const matching = await matchAlert(policySet, view, server, alert);
  const { ordering, reasons, remember } = matching;
  if (ordering === null) {
    return { outcome: matching.met ? 'refused' : 'none', reasons, remember };
  }
  const [because = reason('matched', ordering), ...others] = reasons;
  const verdict = await orderSnapshot(policySet, view, server, {
    policy: ordering.name,
    placement: placementNamed(policySet, ordering.snapshot.placement),
    kind: 'additional',
    condition: ordering.condition,
    cause: ordering.cause,
    deadlineMs: ordering.snapshot.deadlineMs,
    because,
  });
  const observed = ordering.mode === 'observe' ? [reason('observe', ordering)] : [];
  return {
    ...verdict,
    mode: ordering.mode,
    reasons: [...verdict.reasons, ...others, ...observed],
    remember: { ...remember, ...verdict.remember },
  };
}

async function judgeFailure(
  policySet: PolicySet,
  event: FailureEvent | RestartOrder,
  view: View,
  server: ActiveServer,
): Promise<Verdict> {
  const because =
    event.kind === 'failure'
      ? reason('failure-reported', null, { text: `${event.subject} failure, cause ${event.cause}` })
      : reason('ordered-by-operator', null, { text: `ordered by ${event.by}: ${event.reason}` });
  const { policy, plan, refusal, reasons } = await planRestart(policySet, view, server, event);
  const observed = policy?.mode === 'observe' ? [reason('observe', policy)] : [];
  return {
    outcome: refusal === null ? 'restart' : 'refused',
    mode: policy?.mode ?? 'enforce',
    reasons: [...reasons, because, ...observed],
    ...(plan ? { restart: plan } : {}),
    remember: refusal === null && policy ? { orders: [{ policy: policy.name, action: 'restart' }] } : {},
  };
}

interface SnapshotRequest {
  readonly policy: string;
  readonly placement: PlacementPolicy;
  readonly kind: SnapshotKind;
  readonly condition: string;
  readonly cause?: CauseClass;
  readonly pinned?: boolean;
  readonly only?: string | null;
  readonly deadlineMs?: number;
  /** Why the snapshot is asked for. */
  readonly because: Reason;
}

const DEFAULT_DEADLINE_MS = 300_000;

/** Steps 3 and 4 of the method: a snapshot beside the previous one, on another drive, or a loud refusal. */
async function orderSnapshot(
  policySet: PolicySet,
  view: View,
  server: ActiveServer,
  request: SnapshotRequest,
): Promise<Verdict> {
  // Only schedules count from their last order, and a policy of another kind may have the same name.
  const orders: Memory['orders'] =
    request.kind === 'scheduled' ? [{ policy: request.policy, action: 'snapshot' }] : [];
  if (server.state.state === 'failed') {
    return { outcome: 'refused', reasons: [reason('server-failed'), request.because], remember: { orders } };
  }
  const placement = await place(policySet, view, server, request.placement, request.only);
  const [drive = null] = placement.drives;
  const snapshot: SnapshotPlan = {
    policy: request.policy,
    kind: request.kind,
    condition: request.condition,
    cause: request.cause ?? 'unknown',
    pinned: request.pinned ?? false,
    drive,
    drives: placement.drives,
    previous: placement.previous && { snapshot: placement.previous.id, drive: placement.previous.drive },
    estimatedBytes: placement.estimatedBytes,
    deadlineMs: request.deadlineMs ?? DEFAULT_DEADLINE_MS,
    candidates: placement.candidates,
  };
  if (drive === null) {
    const refusal = reason(placement.busy ? 'drives-busy' : 'no-drive', request.placement);
    // A schedule that was refused for good is tried again when it is due the next time.
    const remember = placement.busy ? {} : { orders };
    return { outcome: 'refused', reasons: [refusal, request.because], snapshot, remember };
  }
  const text = `${drive}${placement.previous ? `, beside the previous snapshot on ${placement.previous.drive}` : ''}`;
  return {
    outcome: 'snapshot',
    reasons: [request.because, reason('placed', request.placement, { text })],
    snapshot,
    remember: { orders },
  };
}

function nothing(why: Reason): Verdict {
  return { outcome: 'none', reasons: [why] };
}

/** The loader has checked that the name exists. */
function placementNamed(policySet: PolicySet, name: string): PlacementPolicy {
  return policySet.placementPolicies.get(name) ?? UNCONDITIONAL;
}

/** Where the periodic snapshots of the server go, else its additional ones. */
function usualPlacement(policySet: PolicySet, server: ActiveServer): PlacementPolicy {
  const usual = [...policySet.schedulePolicies, ...policySet.alertPolicies].find((policy) =>
    selects(policy.servers, server.identity),
  );
  return usual ? placementNamed(policySet, usual.snapshot.placement) : UNCONDITIONAL;
}

/** For a server that no policy places: only the law. */
const UNCONDITIONAL: PlacementPolicy = {
  name: 'built-in',
  origin: { file: '', line: 0 },
  require: null,
  apartFrom: null,
  prefer: [],
  retain: { scheduled: 3, additional: 2, 'after-takeover': 1, manual: 3 },
};
