import { isDeepStrictEqual } from 'node:util';
import { pino } from 'pino';
import type { Decision } from '../../src/engine/decision.js';
import type { EngineEvent } from '../../src/engine/event.js';
import type { PolicySet } from '../../src/engine/policy-set.js';
import { type Instant, toInstant } from '../../src/engine/time.js';
import { EMPTY_VIEW, type View } from '../../src/engine/view.js';
import type { Administration, ReloadStatus, ServiceStatus } from '../../src/server/administration.js';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../src/server/index.js';
import type { DriveRow, JournalEntry, Operation, SnapshotRow, StepRecord } from '../../src/store/store.js';

/** What the service knows, for tests that read. */
export interface Known {
  policySet: PolicySet;
  reload: ReloadStatus;
  status: ServiceStatus;
  view: View;
  drives: DriveRow[];
  snapshots: SnapshotRow[];
  decisions: Decision[];
  operations: { operation: Operation; steps: StepRecord[] }[];
  journal: JournalEntry[];
  unready: string[];
}

/** The administration server in memory, with what it was told. */
export interface FakeAdministration extends Administration {
  readonly stored: EngineEvent[];
  readonly heartbeats: { server: string; at: Instant }[];
  ignoredCount: number;
  nowMs: number;
  /** Thrown by the next call of `accept`. */
  failure: Error | null;
  readonly known: Known;
}

export const NOW = '2026-11-30T12:00:00.000Z';

export function fakeAdministration(known: Partial<Known> = {}): FakeAdministration {
  let ids = 0;
  const fake: FakeAdministration = {
    stored: [],
    heartbeats: [],
    ignoredCount: 0,
    nowMs: Date.parse(NOW),
    failure: null,
    known: { ...NOTHING_KNOWN, ...known },

    async accept(events) {
      const failure = fake.failure;
      fake.failure = null;
      if (failure) throw failure;
      return events.map((event) => {
        const before = fake.stored.find(({ id }) => id === event.id);
        if (before === undefined) fake.stored.push(event);
        if (before === undefined) return { id: event.id, result: 'accepted' };
        return { id: event.id, result: isDeepStrictEqual(before, event) ? 'duplicate' : 'conflict' };
      });
    },
    async heartbeat(server, at) {
      if (server !== 'web-1') return false;
      fake.heartbeats.push({ server, at });
      return true;
    },
    knows: (server) => server === 'web-1' || server === 'spare-1',
    ignored(_reason, count) {
      fake.ignoredCount += count;
    },
    now: () => fake.nowMs,
    newId: () => `new-${(ids += 1)}`,
    policySet: () => fake.known.policySet,
    reload: () => fake.known.reload,
    status: async () => fake.known.status,
    view: async () => fake.known.view,
    drives: async () => fake.known.drives,
    snapshots: async ({ server }) =>
      fake.known.snapshots.filter((row) => server === undefined || row.server === server),
    decisions: async ({ server, outcome, limit }) =>
      fake.known.decisions
        .filter((one) => server === undefined || one.event.server === server)
        .filter((one) => outcome === undefined || one.outcome === outcome)
        .slice(0, limit),
    decision: async (id) => fake.known.decisions.find((one) => one.id === id) ?? null,
    operations: async ({ server, limit }) =>
      fake.known.operations
        .map(({ operation }) => operation)
        .filter((one) => server === undefined || one.server === server)
        .slice(0, limit),
    operation: async (id) => fake.known.operations.find(({ operation }) => operation.id === id) ?? null,
    operationOf: async (decision) =>
      fake.known.operations.find(({ operation }) => operation.decision.id === decision)?.operation ?? null,
    event: async (id) => fake.stored.find((event) => event.id === id) ?? null,
    decidedEvents: async ({ after, limit }) =>
      fake.stored
        .map((event, index) => ({ seq: index + 1, event }))
        .filter(({ seq }) => seq > after)
        .slice(0, limit),
    journal: async ({ subject, limit }) =>
      fake.known.journal
        .filter((entry) => subject === undefined || entry.subject === subject)
        .slice(0, limit),
    checkStore: async () => ({ damage: [], journal: { entries: 2, hash: 'ab12' } }),
    backUpStore: async () => '/var/lib/rekindle/backups/2026.db',
    metrics: async () => ({
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: 'rekindle_up 1\n',
    }),
    unready: () => fake.known.unready,
  };
  return fake;
}

export const RELOAD: ReloadStatus = {
  revision: 'sha256:0',
  loadedAt: NOW,
  stale: false,
  lastAttemptAt: NOW,
  lastAttemptOk: true,
  problems: [],
};

const NOTHING_KNOWN: Known = {
  policySet: {
    revision: 'sha256:0',
    alertPolicies: [],
    schedulePolicies: [],
    placementPolicies: new Map(),
    restartPolicies: [],
    inventory: {
      name: 'rack',
      origin: { file: 'inventory.yaml', line: 1 },
      devices: new Map(),
      drives: new Map(),
      machines: new Map(),
    },
    scenarios: [],
  },
  reload: RELOAD,
  status: {
    version: '0.0.0',
    startedAt: NOW,
    policies: RELOAD,
    pendingEvents: 0,
    runningOperations: 0,
    draining: false,
    servers: [],
  },
  view: EMPTY_VIEW,
  drives: [],
  snapshots: [],
  decisions: [],
  operations: [],
  journal: [],
  unready: [],
};

/** A server on a fake administration. It listens to nothing until it is told to. */
export function serve(
  administration: Administration,
  options: Partial<Omit<HttpServerOptions, 'administration'>> = {},
): HttpServer {
  return createHttpServer({
    administration,
    logger: pino({ level: 'silent' }),
    listen: { host: '127.0.0.1', port: 0 },
    ...options,
  });
}

/** Minutes and seconds before or after {@link NOW}. */
export function fromNow(seconds: number): Instant {
  return toInstant(Date.parse(NOW) + seconds * 1000);
}
