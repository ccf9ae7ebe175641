import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/engine/decision.js';
import type { EngineEvent } from '../../src/engine/event.js';
import type {
  AlertPolicy,
  Inventory,
  PlacementPolicy,
  PolicySet,
  RestartPolicy,
} from '../../src/engine/policy-set.js';
import type { View } from '../../src/engine/view.js';
import {
  alert,
  failure,
  restartOrder,
  retentionDue,
  scheduleDue,
  snapshotOrder,
  takeoverDone,
} from './support/events.js';
import { activeServer, backupServer, drive, GiB, inventory } from './support/inventory.js';
import {
  alertPolicy,
  compares,
  label,
  measured,
  placementPolicy,
  policySet,
  restartPolicy,
  rule,
} from './support/policies.js';
import { attempts, decided, retained } from './support/read.js';
import { at, MINUTE } from './support/time.js';
import { match, snapshot, symptom, view } from './support/view.js';

/** One line that a person would say about a decision. */
function said(decision: Decision): string {
  const { outcome, mode, reasons, snapshot: plan } = decision;
  const [first] = reasons;
  const head = `${mode === 'observe' ? 'would ' : ''}${outcome}, ${first?.code ?? 'no reason'}`;
  if (outcome === 'snapshot' && plan) return `${head}: ${plan.condition} on ${plan.drives.join(' ')}`;
  if (outcome === 'restart') return `${head}: ${attempts(decision).join(', ')}`;
  if (outcome === 'retire') {
    const gone = Object.entries(retained(decision)).filter(([, why]) => why === 'retired');
    return `${head}: ${gone.map(([id]) => id).join(' ')}`;
  }
  return head;
}

type Row = readonly [story: string, event: EngineEvent, known: View, policies: PolicySet, decision: string];

// The rack: web-1 runs from disk-1; d1, d2 and d3 take snapshots; spare-1 and spare-2 wait.
const fleet = inventory({
  with: {
    machines: [activeServer('web-2', 'disk-2'), activeServer('web-3', 'disk-3')],
    drives: [drive('disk-2', 'array-b'), drive('disk-3', 'array-c')],
  },
});
const aliased = inventory({
  with: {
    drives: [drive('d1', 'array-a', { serial: 'WWN-1' }), drive('d2', 'array-b', { serial: 'WWN-1' })],
  },
});
const onePath = inventory({
  with: { machines: [activeServer('web-1', 'disk-1', { reaches: ['array-b'] })] },
});
const smallSpares = inventory({
  with: {
    machines: [backupServer('spare-1', { memoryBytes: GiB }), backupServer('spare-2', { memoryBytes: GiB })],
  },
});

// The policies: a hot server is saved at once, a leaking one at the second alert within five minutes.
const hot = alertPolicy({ when: { all: [label('alertname', 'TooHot'), measured(85)] } });
const leak = alertPolicy({
  name: 'memory-leak',
  when: { all: [label('alertname', 'Leak')] },
  repeated: { times: 2, withinMs: 5 * MINUTE },
  cause: 'software',
});
const trial = alertPolicy({ name: 'trial', priority: 900, mode: 'observe' });
const unsound = alertPolicy({ when: { all: [compares('alert', '$.value', 'in', 5)] } });
const careful = restartPolicy({
  snapshots: [
    rule('matching', { maxAgeMs: 60 * MINUTE }),
    rule('scheduled', { before: 'first-symptom' }),
    rule('scheduled'),
  ],
  never: ['software'],
});

const alerts = [hot, leak];
const usual = policySet({ alerts, restarts: [careful] });
const on = (rack: Inventory): PolicySet => policySet({ alerts, restarts: [careful], inventory: rack });
const alerting = (...chosen: readonly AlertPolicy[]): PolicySet => policySet({ alerts: chosen });
const restarting = (policy: RestartPolicy): PolicySet => policySet({ restarts: [policy] });
const placing = (policy: PlacementPolicy): PolicySet => policySet({ alerts, placements: [policy] });

const coldBooting = restarting(restartPolicy({ coldBoot: 'last-resort' }));
const anySnapshot = restarting(restartPolicy());
const notForWeb = restarting(restartPolicy({ servers: { tier: 'db' } }));
const modest = restarting(restartPolicy({ afterTakeover: 'nothing' }));
const watching = restarting({ ...careful, mode: 'observe' });
const cooling = restarting(restartPolicy({ guard: { cooldownMs: 15 * MINUTE } }));
const wary = policySet({ inventory: fleet, restarts: [restartPolicy({ guard: { minHealthy: 0.5 } })] });
const apart = placing(placementPolicy({ apartFrom: 'enclosure' }));
const roomy = placing(placementPolicy({ prefer: [{ weight: 30, most: 'freeBytes' }] }));
const tape = placing(
  placementPolicy({ require: { all: [compares('drive', '$.labels.medium', 'equal', 'tape')] } }),
);
const keepsOne = placing(placementPolicy({ retain: { scheduled: 1 } }));

// The state: what has been saved, what shows, what is out of order.
const s1 = snapshot('s1', 'd1', { takenAt: at(-30) });
const s2 = snapshot('s2', 'd2', { takenAt: at(-15) });
const hot3 = snapshot('s3', 'd3', {
  kind: 'additional',
  condition: 'overheating',
  cause: 'hardware',
  takenAt: at(0),
});
const leaky3 = snapshot('s3', 'd3', { kind: 'additional', condition: 'memory-leak', takenAt: at(0) });
const isHot = symptom({ firstAt: at(0), lastAt: at(0) });
const leaks = symptom({ policy: 'memory-leak', cause: 'software', firstAt: at(-20), lastAt: at(0) });
const aLeak = match(0, { policy: 'memory-leak' });
const down = { name: 'web-1', state: 'failed', failedAt: at(1) } as const;
const full = (name: string) => ({ name, freeBytes: GiB });
const roomFor = (name: string, gib: number) => ({ name, freeBytes: gib * GiB });
const taken = (name: string) => ({ name, reservedBy: 'op-7' });
const broken = (name: string) => ({ name, health: 'failed' as const });
const restart = (server: string) => ({
  id: `op-${server}`,
  kind: 'restart-server' as const,
  server,
  state: 'running' as const,
});
const moved = {
  servers: [{ name: 'web-1', machine: 'spare-1', disk: 'd3', takenOverAt: at(10) }],
  machines: [
    { name: 'web-1', state: 'fenced' },
    { name: 'spare-1', state: 'serving' },
  ],
  drives: [
    { name: 'd3', role: 'active', server: 'web-1' },
    { name: 'disk-1', role: 'quarantined', server: null },
  ],
} as const;

const calm = view();
const saved = view({ snapshots: [s1, s2] });
const savedHot = view({ snapshots: [s1, s2, hot3], symptoms: [isHot] });
const savedLeaky = view({ snapshots: [s1, s2, leaky3], symptoms: [leaks] });
const stillDown = view({ snapshots: [s1, s2, leaky3], symptoms: [leaks], servers: [down] });
const afterTakeover = view(moved);
const stormy = view({ snapshots: [s1], operations: [restart('db-1'), restart('db-2')] });
const blackout = view({
  inventory: fleet,
  snapshots: [s1],
  servers: [
    { ...down, name: 'web-2' },
    { ...down, name: 'web-3' },
  ],
});

const named = (alertname: string, more: Readonly<Record<string, string>> = {}) => ({
  labels: { alertname, ...more },
});
const leakAt = (minutes: number) => alert(minutes, named('Leak'));

// prettier-ignore
const GOLDEN: Readonly<Record<string, readonly Row[]>> = {
  'alerts and conditions': [
    ['the first hot alert', alert(), calm, usual, 'snapshot, matched: overheating on d1 d2 d3'],
    ['just below the threshold', alert(0, { value: 84.9 }), calm, usual, 'none, no-policy-matched'],
    ['exactly at the threshold', alert(0, { value: 85 }), calm, usual, 'snapshot, matched: overheating on d1 d2 d3'],
    ['a label for a value', alert(0, { ...named('TooHot', { value: '99' }), value: 1 }), calm, usual, 'none, no-policy-matched'],
    ['another alert', alert(0, named('DiskFull')), calm, usual, 'none, no-policy-matched'],
    ['no labels at all', alert(0, { labels: {} }), calm, usual, 'none, no-policy-matched'],
    ['labels that imitate facts', alert(0, named('x', { server: 'web-1', drive: 'd1' })), calm, usual, 'none, no-policy-matched'],
    ['resolved', alert(0, { status: 'resolved' }), calm, usual, 'none, not-firing'],
    ['a server that nobody knows', alert(0, { server: 'web-9' }), calm, usual, 'none, unknown-server'],
    ['an idle backup server', alert(0, { server: 'spare-2' }), calm, usual, 'none, not-active'],
    ['a server that is down', alert(2), view({ servers: [down] }), usual, 'refused, server-failed'],
    ['a first leak', leakAt(0), calm, usual, 'none, counting'],
    ['a second leak in time', leakAt(4), view({ matches: [aLeak] }), usual, 'snapshot, matched: memory-leak on d1 d2 d3'],
    ['a second leak too late', leakAt(5), view({ matches: [aLeak] }), usual, 'none, counting'],
    ['a second leak after an edit', leakAt(4), view({ matches: [{ ...aLeak, digest: 'old' }] }), usual, 'none, counting'],
    ['hot again after five minutes', alert(5), savedHot, usual, 'refused, in-cooldown'],
    ['hot again after ten minutes', alert(10), savedHot, usual, 'snapshot, matched: overheating on d1 d2'],
    ['hot again, the first one failed', alert(5), view({ snapshots: [{ ...hot3, state: 'failed' }] }), usual, 'snapshot, matched: overheating on d1 d2 d3'],
    ['leaking while hot is cooling', leakAt(4), view({ snapshots: [hot3], matches: [aLeak] }), usual, 'snapshot, matched: memory-leak on d1 d2'],
    ['a policy that only observes', alert(), calm, alerting(trial), 'would snapshot, matched: trial on d1 d2 d3'],
    ['one that observes before one that acts', alert(), calm, alerting(trial, hot), 'snapshot, matched: overheating on d1 d2 d3'],
    ['no alert policies', alert(), calm, alerting(), 'none, no-policy-matched'],
    ['a condition that cannot be evaluated', alert(), calm, alerting(unsound), 'none, condition-error'],
    ['from before the takeover', alert(10), afterTakeover, usual, 'none, before-takeover'],
    ['from after the takeover', alert(11), afterTakeover, usual, 'snapshot, matched: overheating on d1 d2'],
    ['by the name of the new machine', alert(11, { server: 'spare-1' }), afterTakeover, usual, 'snapshot, matched: overheating on d1 d2'],
  ],
  placement: [
    ['beside the previous one', alert(), saved, usual, 'snapshot, matched: overheating on d1 d3'],
    ['while one is being written', alert(), view({ snapshots: [s1, { ...s2, state: 'writing' }] }), usual, 'snapshot, matched: overheating on d3'],
    ['the previous one is damaged', alert(), view({ snapshots: [s1, { ...s2, verified: 'failed' }] }), usual, 'snapshot, matched: overheating on d3'],
    ['the previous one has failed', alert(), view({ snapshots: [s1, { ...s2, state: 'failed' }] }), usual, 'snapshot, matched: overheating on d2 d3'],
    ['clocks against generations', alert(), view({ snapshots: [{ ...s1, takenAt: at(90) }, s2] }), usual, 'snapshot, matched: overheating on d1 d3'],
    ['a drive has failed', alert(), view({ drives: [broken('d1')] }), usual, 'snapshot, matched: overheating on d2 d3'],
    ['a drive is full', alert(), view({ drives: [full('d1')] }), usual, 'snapshot, matched: overheating on d2 d3'],
    ['a drive is reserved', alert(), view({ drives: [taken('d1')] }), usual, 'snapshot, matched: overheating on d2 d3'],
    ['a drive is quarantined', alert(), view({ drives: [{ name: 'd1', role: 'quarantined' }] }), usual, 'snapshot, matched: overheating on d2 d3'],
    ['two names of one drive', alert(), saved, on(aliased), 'snapshot, matched: overheating on d3'],
    ['a path to one array only', alert(), calm, on(onePath), 'snapshot, matched: overheating on d2'],
    ['only the previous drive is left', alert(), view({ snapshots: [s1], drives: [broken('d2'), full('d3')] }), usual, 'refused, no-drive'],
    ['the other drives are reserved', alert(), view({ snapshots: [s1], drives: [taken('d2'), taken('d3')] }), usual, 'refused, drives-busy'],
    ['apart by enclosure', alert(), view({ snapshots: [s2] }), apart, 'snapshot, matched: overheating on d1 d3'],
    ['the roomiest first', alert(), view({ drives: [roomFor('d1', 10), roomFor('d3', 50)] }), roomy, 'snapshot, matched: overheating on d2 d3 d1'],
    ['a requirement that nothing meets', alert(), calm, tape, 'refused, no-drive'],
  ],
  'schedules and orders': [
    ['the schedule is due', scheduleDue(), calm, usual, 'snapshot, schedule-due: scheduled on d1 d2 d3'],
    ['the schedule is due again', scheduleDue(), saved, usual, 'snapshot, schedule-due: scheduled on d1 d3'],
    ['the server is down', scheduleDue(2), view({ servers: [down] }), usual, 'refused, server-failed'],
    ['the schedule is gone', scheduleDue(0, { policy: 'gone' }), calm, usual, 'none, no-policy-matched'],
    ['a person orders', snapshotOrder(0, { condition: 'upgrade' }), calm, usual, 'snapshot, ordered-by-operator: upgrade on d1 d2 d3'],
    ['a person names a drive', snapshotOrder(0, { drive: 'd2' }), calm, usual, 'snapshot, ordered-by-operator: manual on d2'],
    ['a person names the previous drive', snapshotOrder(0, { drive: 'd2' }), saved, usual, 'refused, no-drive'],
    ['a takeover has completed', takeoverDone(11), afterTakeover, usual, 'snapshot, takeover-complete: after-takeover on d1 d2'],
    ['a takeover that asks for nothing', takeoverDone(11), afterTakeover, modest, 'none, no-policy-matched'],
  ],
  failures: [
    ['announced by heat: the hot one', failure(9), savedHot, usual, 'restart, attempts-planned: s3 on spare-1, s3 on spare-2, s2 on spare-1, s2 on spare-2'],
    ['announced by a leak: from before it', failure(9), savedLeaky, usual, 'restart, attempts-planned: s1 on spare-1, s1 on spare-2'],
    ['not announced: the newest scheduled', failure(9), saved, usual, 'restart, attempts-planned: s2 on spare-1, s2 on spare-2'],
    ['announced longer ago than an hour', failure(61), savedHot, usual, 'restart, attempts-planned: s2 on spare-1, s2 on spare-2'],
    ['no snapshot', failure(), calm, usual, 'refused, no-attempt'],
    ['no snapshot, cold boot', failure(), calm, coldBooting, 'restart, attempts-planned: cold boot of disk-1 on spare-1, cold boot of disk-1 on spare-2'],
    ['no snapshot, and the disk failed', failure(0, { subject: 'disk' }), calm, coldBooting, 'refused, no-attempt'],
    ['only a damaged snapshot', failure(), view({ snapshots: [{ ...s1, verified: 'failed' }] }), usual, 'refused, no-attempt'],
    ['the best drive failed too', failure(9), view({ snapshots: [s2, hot3], symptoms: [isHot], drives: [broken('d3')] }), usual, 'restart, attempts-planned: s2 on spare-1, s2 on spare-2'],
    ['the best drive is being written', failure(9), view({ snapshots: [s2, hot3], symptoms: [isHot], drives: [taken('d3')] }), usual, 'refused, drives-busy'],
    ['one backup server is taken', failure(9), view({ snapshots: [s1], machines: [taken('spare-1')] }), usual, 'restart, attempts-planned: s1 on spare-2'],
    ['both backup servers are taken', failure(9), view({ snapshots: [s1], machines: [taken('spare-1'), taken('spare-2')] }), usual, 'refused, backups-busy'],
    ['both backup servers are too small', failure(9), saved, on(smallSpares), 'refused, no-attempt'],
    ['a second time: no rule', failure(99), view({ ...moved, snapshots: [hot3] }), usual, 'refused, no-attempt'],
    ['a second time: the other backup', failure(99), view({ ...moved, snapshots: [hot3] }), anySnapshot, 'restart, attempts-planned: s3 on spare-2'],
    ['from before the takeover', failure(10), afterTakeover, usual, 'none, before-takeover'],
    ['soon after a takeover', failure(11), view({ ...moved, snapshots: [s1] }), cooling, 'refused, in-cooldown'],
    ['as many restarts run as may', failure(), stormy, usual, 'refused, max-concurrent'],
    ['the other servers are down too', failure(), blackout, wary, 'refused, below-min-healthy'],
    ['no restart policy', failure(), saved, notForWeb, 'refused, no-restart-policy'],
    ['a policy that only observes', failure(9), saved, watching, 'would restart, attempts-planned: s2 on spare-1, s2 on spare-2'],
    ['an idle backup server', failure(0, { server: 'spare-1' }), saved, usual, 'none, not-active'],
    ['ordered, whatever the guard says', restartOrder(11), view({ ...moved, snapshots: [s1] }), cooling, 'restart, attempts-planned: s1 on spare-2'],
    ['ordered, long after the leak', restartOrder(300), stillDown, usual, 'restart, attempts-planned: s1 on spare-1, s1 on spare-2'],
  ],
  retention: [
    ['as many as are kept', retentionDue(), saved, usual, 'none, nothing-to-retire'],
    ['one too many', retentionDue(), saved, keepsOne, 'retire, beyond-retention: s1'],
    ['one too many, from before a symptom', retentionDue(), view({ snapshots: [s1, s2], symptoms: [leaks] }), keepsOne, 'none, nothing-to-retire'],
    ['one too many, pinned', retentionDue(), view({ snapshots: [{ ...s1, pinned: true }, s2] }), keepsOne, 'none, nothing-to-retire'],
    ['the newest is damaged', retentionDue(), view({ snapshots: [s1, { ...s2, verified: 'failed' }] }), keepsOne, 'retire, beyond-retention: s2'],
    ['the newest is out of reach', retentionDue(), view({ snapshots: [s1, s2], drives: [broken('d2')] }), keepsOne, 'none, nothing-to-retire'],
    ['the only one', retentionDue(), view({ snapshots: [s1] }), keepsOne, 'none, nothing-to-retire'],
    ['none', retentionDue(), calm, keepsOne, 'none, nothing-to-retire'],
  ],
};

describe.each(Object.entries(GOLDEN))('golden decisions: %s', (_, rows) => {
  it.each(rows)('%s', async (_story, event, known, policies, decision) => {
    expect(said(await decided(event, { policies, view: known }))).toBe(decision);
  });
});
