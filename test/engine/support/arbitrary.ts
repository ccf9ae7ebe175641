import fc from 'fast-check';
import type { TopLevelCondition } from 'json-rules-engine';
import { compileCondition } from '../../../src/engine/condition.js';
import type { AlertEvent, CauseClass, EngineEvent } from '../../../src/engine/event.js';
import type {
  Drive,
  DrivePreference,
  Inventory,
  Machine,
  PolicySet,
} from '../../../src/engine/policy-set.js';
import type {
  DriveView,
  MachineView,
  ServerView,
  SnapshotView,
  SymptomView,
  View,
} from '../../../src/engine/view.js';
import { initialView } from '../../../src/engine/world.js';
import { activeServer, backupServer, device, drive, GiB, inventory } from './inventory.js';
import {
  alertPolicy,
  compares,
  label,
  measured,
  placementPolicy,
  policySet,
  restartPolicy,
  rule,
  schedulePolicy,
} from './policies.js';
import { at, MINUTE } from './time.js';
import { match, snapshot, symptom } from './view.js';

/** Policies, what exists, and the state that it is in: whatever the loader and the store could give. */
export interface World {
  readonly policies: PolicySet;
  readonly view: View;
}

const DEVICES = ['array-a', 'array-b', 'array-c'] as const;
const CONDITIONS = ['scheduled', 'overheating', 'memory-leak'] as const;
const CAUSES: readonly CauseClass[] = ['hardware', 'software', 'unknown'];

const minutes = fc.integer({ min: -120, max: 120 });
const memory = fc.constantFrom(2 * GiB, 4 * GiB, 8 * GiB);
const paths = fc.oneof({ weight: 4, arbitrary: fc.constant([...DEVICES]) }, fc.subarray([...DEVICES]));
const reservation = rarely<string | null>(null, 'op-1', 'op-2');

/** Most worlds must let something happen, or every law would hold for want of a decision. */
function rarely<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
}

function sometimes<T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(values, { nil: undefined });
}

const conditionsOfDrives: fc.Arbitrary<TopLevelCondition> = fc.constantFrom(
  { all: [compares('drive', '$.health', 'equal', 'ok')] },
  {
    any: [
      compares('drive', '$.device', 'notEqual', 'array-a'),
      compares('drive', '$.labels.enclosure', 'in', ['b']),
    ],
  },
  { not: compares('drive', '$.name', 'equal', { fact: 'server', path: '$.disk' }) },
  { all: [compares('drive', '$.capacityBytes', 'greaterThan', 0)] },
  { all: [compares('drive', '$.name', 'in', 5)] },
);

const preferences: fc.Arbitrary<readonly DrivePreference[]> = fc.array(
  fc.oneof(
    fc.record({ weight: fc.integer({ min: 1, max: 100 }), most: fc.constant('freeBytes' as const) }),
    fc.record({ weight: fc.integer({ min: 1, max: 100 }), when: conditionsOfDrives.map(compileCondition) }),
  ),
  { maxLength: 3 },
);

const placements = fc
  .record({
    require: sometimes(conditionsOfDrives),
    apartFrom: rarely<string | null>(null, 'enclosure'),
    prefer: preferences,
    retain: fc.record({
      scheduled: fc.integer({ min: 1, max: 3 }),
      additional: fc.integer({ min: 1, max: 3 }),
      'after-takeover': fc.integer({ min: 1, max: 2 }),
      manual: fc.integer({ min: 1, max: 2 }),
    }),
  })
  .map(({ require, ...settings }) => placementPolicy({ ...settings, ...(require ? { require } : {}) }));

const conditionsOfAlerts: fc.Arbitrary<TopLevelCondition> = fc.constantFrom(
  { all: [label('alertname', 'TooHot')] },
  { all: [label('alertname', 'TooHot'), measured(85)] },
  { any: [label('alertname', 'Leak'), label('severity', 'page')] },
  { not: label('alertname', 'Watchdog') },
  { all: [compares('alert', '$', 'notEqual', null)] },
  { all: [compares('alert', '$.labels.alertname', 'in', 5)] },
);

const alertPolicies = fc.uniqueArray(
  fc
    .record({
      name: fc.constantFrom('overheating', 'memory-leak', 'anything', 'quarterly'),
      priority: fc.integer({ min: 1, max: 3 }),
      when: conditionsOfAlerts,
      repeated: fc.constantFrom({ times: 1, withinMs: 0 }, { times: 2, withinMs: 10 * MINUTE }),
      condition: fc.constantFrom(...CONDITIONS),
      cause: fc.constantFrom(...CAUSES),
      mode: rarely<'enforce' | 'observe'>('enforce', 'observe'),
      cooldownMs: fc.constantFrom(0, 10 * MINUTE),
    })
    .map(alertPolicy),
  { selector: ({ name }) => name, maxLength: 4 },
);

const rules = fc.array(
  fc.record({
    condition: fc.constantFrom('matching', 'any', ...CONDITIONS),
    newest: fc.boolean(),
    maxAgeMs: fc.constantFrom(null, 60 * MINUTE),
    before: fc.constantFrom(null, 'first-symptom' as const),
  }),
  { minLength: 1, maxLength: 3 },
);

const restartPolicies = fc.array(
  fc
    .record({
      snapshots: rules.map((all) => all.map(({ condition, ...more }) => rule(condition, more))),
      never: fc.subarray([...CAUSES]),
      coldBoot: fc.constantFrom('last-resort' as const, 'never' as const),
      guard: fc.constantFrom({}, { maxConcurrent: 1, minHealthy: 0.5, cooldownMs: 15 * MINUTE }),
      mode: rarely<'enforce' | 'observe'>('enforce', 'observe'),
      required: fc.boolean(),
    })
    .map(({ required, ...settings }) =>
      restartPolicy({ ...settings, ...(required ? { requireOfBackups: ENOUGH } : {}) }),
    ),
  { minLength: 1, maxLength: 2 },
);

const ENOUGH: TopLevelCondition = {
  all: [
    compares('backup', '$.memoryBytes', 'greaterThanInclusive', { fact: 'snapshot', path: '$.memoryBytes' }),
    compares('backup', '$.name', 'notEqual', 'spare-3'),
  ],
};

function drivesNamed(names: readonly string[]): fc.Arbitrary<Drive[]> {
  return fc.tuple(
    ...names.map((name) =>
      fc
        .record({
          on: fc.constantFrom(...DEVICES),
          labels: fc.constantFrom({}, { enclosure: 'a' }, { enclosure: 'b' }),
          serial: fc.constantFrom(null, null, 'WWN-1', 'WWN-2'),
          quarantined: rarely(false, true),
        })
        .map(({ on, ...more }) => drive(name, on, more)),
    ),
  );
}

function machinesNamed(active: readonly string[], backups: readonly string[]): fc.Arbitrary<Machine[]> {
  const traits = fc.record({ memoryBytes: memory, reaches: paths });
  return fc.tuple(
    ...active.map((name, index) => traits.map((more) => activeServer(name, `disk-${index + 1}`, more))),
    ...backups.map((name) => traits.map((more) => backupServer(name, more))),
  );
}

const inventories: fc.Arbitrary<Inventory> = fc
  .record({
    active: fc.integer({ min: 1, max: 3 }),
    backups: fc.integer({ min: 0, max: 3 }),
    drives: fc.integer({ min: 1, max: 6 }),
  })
  .chain((count) => {
    const disks = numbered('disk-', count.active);
    return fc.record({
      drives: drivesNamed([...disks, ...numbered('d', count.drives)]),
      machines: machinesNamed(numbered('web-', count.active), numbered('spare-', count.backups)),
    });
  })
  .map(({ drives, machines }) =>
    inventory({ devices: DEVICES.map((name) => device(name)), drives, machines }),
  );

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
}

function snapshotsOf(servers: readonly string[], drives: readonly string[]): fc.Arbitrary<SnapshotView[]> {
  const row = fc.record({
    server: fc.constantFrom(...servers),
    drive: fc.constantFrom(...drives, 'gone'),
    kind: fc.constantFrom(
      'scheduled' as const,
      'additional' as const,
      'after-takeover' as const,
      'manual' as const,
    ),
    condition: fc.constantFrom(...CONDITIONS),
    cause: fc.constantFrom(...CAUSES),
    takenAt: minutes.map(at),
    memoryBytes: memory,
    state: rarely<SnapshotView['state']>('complete', 'writing', 'failed', 'deleting'),
    verified: rarely<SnapshotView['verified']>('ok', 'failed', null),
    pinned: rarely(false, true),
  });
  return fc
    .array(row, { maxLength: 9 })
    .map((rows) =>
      rows.map((one, index) => snapshot(`s${index + 1}`, one.drive, { ...one, generation: index + 1 })),
    );
}

function symptomsOf(servers: readonly string[]): fc.Arbitrary<SymptomView[]> {
  const row = fc.record({
    server: fc.constantFrom(...servers),
    policy: fc.constantFrom('overheating', 'memory-leak', 'anything', 'gone'),
    condition: fc.constantFrom(...CONDITIONS),
    cause: fc.constantFrom(...CAUSES),
    firstAt: fc.constantFrom(at(-60), at(-30), at(0)),
    lastAt: fc.constantFrom(at(0), at(10)),
    met: fc.boolean(),
  });
  return fc
    .uniqueArray(row, { selector: ({ server, policy }) => `${server} ${policy}`, maxLength: 4 })
    .map((rows) => rows.map((one) => symptom(one)));
}

function driveRow(row: DriveView): fc.Arbitrary<DriveView> {
  return fc
    .record({
      freeBytes: rarely(64 * GiB, 32 * GiB, 8 * GiB, 0),
      health: rarely<DriveView['health']>('ok', 'degraded', 'failed'),
      reservedBy: reservation,
      retired: rarely(false, true),
    })
    .map(({ retired, ...more }) => ({
      ...row,
      ...more,
      ...(retired && row.role === 'snapshots' ? { role: 'quarantined' } : {}),
    }));
}

function machineRow(row: MachineView): fc.Arbitrary<MachineView> {
  const state =
    row.state === 'idle' ? rarely<MachineView['state']>('idle', 'fenced', 'failed') : fc.constant(row.state);
  return fc.record({ state, reservedBy: reservation }).map((more) => ({ ...row, ...more }));
}

function serverRow(row: ServerView): fc.Arbitrary<ServerView> {
  return fc
    .record({
      failed: rarely(false, true),
      minute: minutes,
      takenOverAt: rarely(null, at(-60), at(0)),
    })
    .map(({ failed, minute, takenOverAt }) => ({
      ...row,
      state: failed ? 'failed' : 'up',
      failedAt: failed ? at(minute) : null,
      takenOverAt,
    }));
}

/** `web-1` runs on the first backup from the first snapshot drive, as a takeover leaves it. */
function afterTakeover(known: View): View {
  const [moved] = known.servers;
  const backup = known.machines.find(({ name }) => name === 'spare-1');
  const drive = known.drives.find(({ name }) => name === 'd1');
  if (!moved || !backup || !drive) return known;
  return {
    ...known,
    servers: known.servers.map((row) =>
      row === moved ? { ...row, machine: backup.name, disk: drive.name } : row,
    ),
    machines: known.machines.map((row) => {
      if (row === backup) return { ...row, state: 'serving' };
      return row.name === moved.machine ? { ...row, state: 'fenced' } : row;
    }),
    drives: known.drives.map((row) => {
      if (row === drive) return { ...row, role: 'active', server: moved.name };
      return row.name === moved.disk ? { ...row, role: 'quarantined', server: null } : row;
    }),
  };
}

function viewsOf(rack: Inventory): fc.Arbitrary<View> {
  const start = initialView(rack);
  const servers = start.servers.map(({ name }) => name);
  return fc
    .record({
      moved: rarely(false, true),
      servers: fc.tuple(...start.servers.map(serverRow)),
      machines: fc.tuple(...start.machines.map(machineRow)),
      drives: fc.tuple(...start.drives.map(driveRow)),
      snapshots: snapshotsOf(servers, [...rack.drives.keys()]),
      symptoms: symptomsOf(servers),
      matches: fc.array(
        fc.record({
          minute: minutes,
          policy: fc.constantFrom('overheating', 'anything'),
          server: fc.constantFrom(...servers),
        }),
        { maxLength: 4 },
      ),
      running: fc.integer({ min: 0, max: 2 }),
    })
    .map(({ moved, matches, running, ...rows }): View => {
      const known: View = {
        ...start,
        ...rows,
        matches: matches.map(({ minute, ...more }) => match(minute, more)),
        operations: numbered('op-', running).map((id) => ({
          id,
          kind: 'restart-server',
          server: 'elsewhere',
          state: 'running',
        })),
      };
      return moved ? afterTakeover(known) : known;
    });
}

export const worlds: fc.Arbitrary<World> = fc
  .record({ rack: inventories, alerts: alertPolicies, placement: placements, restarts: restartPolicies })
  .chain(({ rack, alerts, placement, restarts }) => {
    const policies = policySet({
      inventory: rack,
      alerts,
      placements: [placement],
      restarts,
      schedules: [schedulePolicy()],
    });
    return fc.record({ policies: fc.constant(policies), view: viewsOf(rack) });
  });

const names = rarely('web-1', 'web-2', 'spare-1', 'nobody');
const alertnames = fc.constantFrom('TooHot', 'Leak', 'Watchdog');

export const alerts: fc.Arbitrary<AlertEvent> = fc
  .record({
    minute: minutes,
    server: names,
    status: rarely<AlertEvent['status']>('firing', 'resolved'),
    alertname: alertnames,
    value: fc.integer({ min: 0, max: 120 }),
  })
  .map(({ minute, alertname, ...more }) => ({
    kind: 'alert',
    id: `alert-${minute}-${more.server}-${alertname}`,
    at: at(minute),
    source: 'test',
    labels: { alertname },
    annotations: {},
    ...more,
  }));

export const events: fc.Arbitrary<EngineEvent> = fc.oneof(
  alerts,
  fc
    .record({
      minute: minutes,
      server: names,
      kind: fc.constantFrom(
        'schedule',
        'failure',
        'snapshot-order',
        'restart-order',
        'takeover',
        'retention',
      ),
    })
    .chain(({ minute, server, kind }) =>
      internalEvent(kind, { id: `${kind}-${minute}-${server}`, at: at(minute), server }),
    ),
);

function internalEvent(
  kind: string,
  base: { readonly id: string; readonly at: string; readonly server: string },
): fc.Arbitrary<EngineEvent> {
  switch (kind) {
    case 'failure':
      return fc
        .record({
          subject: fc.constantFrom('server' as const, 'disk' as const),
          causeClass: fc.constantFrom(...CAUSES),
        })
        .map((more) => ({
          ...base,
          kind: 'failure',
          cause: 'power',
          ...more,
        }));
    case 'schedule':
      return fc.constant({ ...base, kind: 'schedule', policy: 'quarterly' });
    case 'takeover':
      return fc.constant({ ...base, kind: 'takeover', policy: 'web' });
    case 'snapshot-order':
      return fc
        .boolean()
        .map((pinned) => ({ ...base, kind: 'snapshot-order', by: 'jane', condition: 'manual', pinned }));
    case 'restart-order':
      return fc.constant({ ...base, kind: 'restart-order', by: 'jane', reason: 'maintenance' });
    default:
      return fc.constant({ ...base, kind: 'retention' });
  }
}

const evilKeys = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'alertname',
  'server',
  'snapshot',
  '',
);
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(
    'NaN',
    'Infinity',
    '-0',
    '1e999',
    '\u0000',
    '\ud800',
    'TooHot',
    '[object Object]',
    'x'.repeat(100_000),
  ),
);
const labels = fc
  .array(fc.tuple(fc.oneof(evilKeys, texts), texts), { maxLength: 12 })
  // As JSON.parse makes them: `__proto__` is a key like any other.
  .map((entries) => Object.fromEntries(entries));

/** Alerts as badly formed as the type allows. */
export const wildAlerts: fc.Arbitrary<AlertEvent> = fc.record(
  {
    kind: fc.constant('alert' as const),
    id: texts,
    at: minutes.map(at),
    server: fc.oneof(names, texts, evilKeys),
    status: fc.constantFrom('firing' as const, 'resolved' as const),
    source: texts,
    labels,
    annotations: labels,
    value: fc.double().map((value) => (Object.is(value, -0) ? 0 : value)),
  },
  { requiredKeys: ['kind', 'id', 'at', 'server', 'status', 'source', 'labels', 'annotations'] },
);

/** The same world with every list and map in another order. */
export function shuffled(world: World): fc.Arbitrary<World> {
  const { policies, view } = structuredCloneOfData(world);
  return fc
    .record({
      servers: inAnyOrder(view.servers),
      machines: inAnyOrder(view.machines),
      drives: inAnyOrder(view.drives),
      snapshots: inAnyOrder(view.snapshots),
      matches: inAnyOrder(view.matches),
      symptoms: inAnyOrder(view.symptoms),
      orders: inAnyOrder(view.orders),
      operations: inAnyOrder(view.operations),
      rackMachines: inAnyOrder([...policies.inventory.machines]),
      rackDrives: inAnyOrder([...policies.inventory.drives]),
    })
    .map(({ rackMachines, rackDrives, ...rows }) => ({
      view: rows,
      policies: {
        ...policies,
        inventory: { ...policies.inventory, machines: new Map(rackMachines), drives: new Map(rackDrives) },
      },
    }));
}

function structuredCloneOfData({ policies, view }: World): World {
  // Compiled conditions are functions and cannot be cloned; what they are evaluated on is.
  return {
    view: structuredClone(view),
    policies: { ...policies, inventory: structuredClone(policies.inventory) },
  };
}

function inAnyOrder<T>(rows: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...rows], { minLength: rows.length, maxLength: rows.length });
}
