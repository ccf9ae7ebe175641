import type { Decision } from '../../src/engine/decision.js';
import type { Inventory, Machine, PolicySet } from '../../src/engine/policy-set.js';
import type { View } from '../../src/engine/view.js';
import type { ServiceStatus } from '../../src/server/administration.js';
import type { Operation, SnapshotRow, StepRecord } from '../../src/store/store.js';
import { type Known, NOW, RELOAD } from './fake-administration.js';

/*
 * One of everything that the service can tell, with every optional field there: what a schema forgets or
 * spells otherwise shows here.
 */

export const RESTART: Decision = {
  id: 'd-restart',
  at: NOW,
  event: { kind: 'failure', id: 'f-1', server: 'web-1' },
  policyRevision: 'sha256:1',
  outcome: 'restart',
  mode: 'enforce',
  reasons: [
    {
      code: 'attempts-planned',
      policy: 'web',
      file: 'policies/restart.yaml',
      line: 3,
      text: 'one attempt',
      evidence: [
        {
          fact: 'backup',
          path: '$.memoryBytes',
          operator: 'greaterThan',
          expected: 1,
          found: [2],
          held: true,
        },
      ],
    },
  ],
  restart: {
    policy: 'web',
    machine: 'web-1',
    disk: 'd0',
    condition: 'overheating',
    cause: 'hardware',
    firstSymptomAt: NOW,
    attempts: [
      { snapshot: 's-2', condition: 'overheating', drive: 'd3', backup: 'spare-1', score: 10 },
      { snapshot: null, condition: null, drive: 'd0', backup: 'spare-1', score: 0 },
    ],
    candidates: [
      {
        snapshot: 's-2',
        drive: 'd3',
        condition: 'overheating',
        takenAt: NOW,
        accepted: true,
        rank: 1,
        rule: 0,
      },
      {
        snapshot: 's-1',
        drive: 'd1',
        condition: 'scheduled',
        takenAt: NOW,
        accepted: false,
        reason: 'no-rule',
        text: 'no rule asks for it',
      },
    ],
    backups: [
      { backup: 'spare-1', accepted: true, score: 10 },
      { backup: 'spare-2', accepted: false, reason: 'too-small', text: '1 GiB', evidence: [] },
    ],
    sequence: {
      fence: { timeoutMs: 1, attempts: 3 },
      connect: { timeoutMs: 1, attempts: 2 },
      start: { timeoutMs: 1, attempts: 1 },
      verify: { heartbeatWithinMs: 1 },
    },
    afterTakeover: 'snapshot',
  },
  remember: {
    matches: [{ policy: 'overheating', digest: 'x' }],
    symptoms: [{ condition: 'overheating', cause: 'hardware', policy: 'overheating', met: true }],
    closed: ['leak'],
    orders: [{ policy: 'web', action: 'restart' }],
  },
};

export const SNAPSHOT: Decision = {
  ...RESTART,
  id: 'd-snapshot',
  event: { kind: 'alert', id: 'a-1', server: 'web-2' },
  outcome: 'snapshot',
  snapshot: {
    policy: 'overheating',
    kind: 'additional',
    condition: 'overheating',
    cause: 'hardware',
    pinned: false,
    drive: 'd3',
    drives: ['d3'],
    previous: { snapshot: 's-1', drive: 'd1' },
    estimatedBytes: 5,
    deadlineMs: 60_000,
    candidates: [
      { drive: 'd3', accepted: true, score: 80 },
      { drive: 'd1', accepted: false, reason: 'holds-previous', text: 'the law', evidence: [] },
    ],
  },
  retire: {
    snapshots: [{ snapshot: 's-0', drive: 'd2', text: 'older' }],
    kept: [{ snapshot: 's-1', reason: 'last-restorable', text: 'the last' }],
  },
};

const ROW: SnapshotRow = {
  id: 's-1',
  server: 'web-1',
  generation: 1,
  kind: 'scheduled',
  condition: 'scheduled',
  cause: 'unknown',
  drive: 'd1',
  takenAt: NOW,
  memoryBytes: 4,
  diskBytes: 1,
  state: 'complete',
  checksum: 'sha256:2',
  verified: 'ok',
  pinned: false,
  verifiedAt: NOW,
  policyRevision: 'sha256:1',
  event: 'a-0',
  operation: 'op-0',
};

const OPERATION: Operation = {
  id: 'op-restart',
  kind: 'restart-server',
  server: 'web-1',
  decision: RESTART,
  state: 'blocked',
  createdAt: NOW,
  endedAt: NOW,
  reason: 'the machine does not read back as off',
  result: null,
};

const STEPS: StepRecord[] = [
  { step: 'fence', state: 'done', startedAt: NOW, endedAt: NOW, result: { off: true }, error: null },
  {
    step: 'connect',
    state: 'failed',
    startedAt: NOW,
    endedAt: NOW,
    result: null,
    error: { code: 'no-path', subject: 'd3', message: 'no path to array-2' },
  },
];

function machine(name: string, role: 'active' | 'backup'): Machine {
  return {
    name,
    role,
    labels: { rack: 'b' },
    memoryBytes: 4,
    disk: role === 'active' ? 'd0' : null,
    reaches: ['array-1'],
    driver: { name: 'sim', settings: {} },
    origin: ORIGIN,
  };
}

const ORIGIN = { file: 'policies/all.yaml', line: 7 };

const INVENTORY: Inventory = {
  name: 'rack-7',
  origin: ORIGIN,
  devices: new Map(),
  drives: new Map(),
  machines: new Map([
    ['web-1', machine('web-1', 'active')],
    ['spare-1', machine('spare-1', 'backup')],
  ]),
};

const POLICY_SET: PolicySet = {
  revision: 'sha256:1',
  alertPolicies: [],
  schedulePolicies: [
    {
      name: 'nightly',
      origin: ORIGIN,
      servers: {},
      timing: { everyMs: 1 },
      condition: 'scheduled',
      snapshot: { placement: 'spread', deadlineMs: 1 },
    },
  ],
  placementPolicies: new Map(),
  restartPolicies: [],
  inventory: INVENTORY,
  scenarios: [],
};

const VIEW: View = {
  servers: [{ name: 'web-1', machine: 'spare-1', disk: 'd3', state: 'up', failedAt: NOW, takenOverAt: null }],
  machines: [
    { name: 'spare-1', state: 'serving', reservedBy: 'op-1' },
    { name: 'web-1', state: 'fenced', reservedBy: null },
  ],
  drives: [{ name: 'd1', freeBytes: 1, health: 'ok', role: 'snapshots', server: null, reservedBy: null }],
  snapshots: [],
  matches: [{ event: 'alert-1', server: 'web-1', policy: 'p', digest: 'x', at: NOW }],
  symptoms: [
    { server: 'web-1', condition: 'c', cause: 'unknown', policy: 'p', firstAt: NOW, lastAt: NOW, met: true },
  ],
  orders: [{ server: 'web-1', policy: 'p', action: 'snapshot', at: NOW }],
  operations: [{ id: 'op-1', kind: 'take-snapshot', server: 'web-1', state: 'running' }],
};

const STATUS: ServiceStatus = {
  version: '0.1.0',
  startedAt: NOW,
  policies: RELOAD,
  pendingEvents: 1,
  runningOperations: 2,
  draining: false,
  servers: [
    {
      name: 'web-1',
      state: 'up',
      machine: 'spare-1',
      disk: 'd3',
      snapshots: 2,
      newestSnapshotAt: NOW,
      lastHeartbeatAt: null,
    },
  ],
};

export const KNOWN: Known = {
  policySet: POLICY_SET,
  reload: {
    ...RELOAD,
    stale: true,
    lastAttemptOk: false,
    problems: [
      {
        code: 'YAML_TAB',
        file: 'policies/all.yaml',
        line: 3,
        column: 1,
        path: 'spec',
        message: 'a tab',
        hint: 'use spaces',
        excerpt: '\tspec\n^',
      },
    ],
  },
  status: STATUS,
  view: VIEW,
  drives: [
    {
      name: 'd1',
      device: 'array-1',
      labels: { enclosure: 'a' },
      capacityBytes: 10,
      freeBytes: 5,
      health: 'degraded',
      role: 'snapshots',
      server: null,
      reservedBy: null,
      serial: 'WD-1',
      missing: false,
    },
  ],
  snapshots: [ROW, { ...ROW, id: 's-9', server: 'web-2', verified: null, verifiedAt: null, checksum: null }],
  decisions: [SNAPSHOT, RESTART],
  operations: [{ operation: OPERATION, steps: STEPS }],
  journal: [
    { seq: 1, at: NOW, subject: 'drive:d1', change: 'reserved', by: 'op-1', detail: { from: null } },
    { seq: 2, at: NOW, subject: 'machine:web-1', change: 'fenced', by: 'op-1', detail: null },
  ],
  unready: [],
};
