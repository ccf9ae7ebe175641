import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Decision } from '../engine/decision.js';
import type { EngineEvent } from '../engine/event.js';
import type { ReasonCode } from '../engine/reasons.js';
import { toEpochMs } from '../engine/time.js';
import type { Acceptance, DriveRow, OperationEnd, OperationKind } from '../store/store.js';
import type { ReloadStatus, ServiceStatus } from './administration.js';

/** What the service counts and measures. One method per thing that happens; the names of series are known only here. */
export interface Metrics {
  /** `source` may come from outside: those that we do not know count as `other`. */
  eventAccepted(event: {
    readonly kind: EngineEvent['kind'];
    readonly source: string;
    readonly result: Acceptance['result'];
  }): void;
  eventsIgnored(reason: 'unknown-server', count: number): void;
  /** `reason` is the first of the decision. */
  decided(decision: {
    readonly outcome: Decision['outcome'];
    readonly reason: ReasonCode | 'none';
    readonly seconds: number;
  }): void;
  operationBegan(kind: OperationKind): void;
  operationEnded(operation: {
    readonly kind: OperationKind;
    readonly state: OperationEnd['state'];
    readonly seconds: number;
  }): void;
  /** The log could not be written for so long that a line was given up. */
  readonly logLineLost: () => void;
  /** Policy files were read, and taken or refused. */
  reloaded(status: ReloadStatus): void;
  /** The state at the moment at which metrics are collected. */
  measured(state: Measurement): void;
  /** Prometheus text format and its content type. */
  render(): Promise<{ readonly contentType: string; readonly body: string }>;
}

export interface Measurement {
  /** Events that are accepted and not finally decided. */
  readonly waiting: number;
  /** Operations that have not ended. */
  readonly running: number;
  readonly table?: {
    /** Epoch ms; ages are measured from here. */
    readonly nowMs: number;
    readonly servers: readonly Pick<
      ServiceStatus['servers'][number],
      'name' | 'state' | 'snapshots' | 'newestSnapshotAt'
    >[];
    readonly drives: readonly Pick<DriveRow, 'health' | 'missing'>[];
  };
}

/** Label values that sources outside choose would let anyone fill the memory of Prometheus. */
const SOURCES: ReadonlySet<string> = new Set(['alertmanager', 'http', 'rekindle']);

const DECISION_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const OPERATION_SECONDS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const work = workMetrics(registry);
  const reloaded = policyMetrics(registry);
  const measured = stateMetrics(registry);
  const lost = new Counter({
    name: 'rekindle_log_lines_lost_total',
    help: 'Lines of the log that were given up, since it could not be written for long.',
    registers: [registry],
  });
  return {
    ...work,
    logLineLost: () => {
      lost.inc();
    },
    reloaded,
    measured,
    async render() {
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

type WorkMetrics = Pick<
  Metrics,
  'eventAccepted' | 'eventsIgnored' | 'decided' | 'operationBegan' | 'operationEnded'
>;

function workMetrics(registry: Registry): WorkMetrics {
  const registers = [registry];
  const events = new Counter({
    name: 'rekindle_events_total',
    help: 'Events handed over, by kind, source and what became of them.',
    labelNames: ['kind', 'source', 'result'],
    registers,
  });
  const ignored = new Counter({
    name: 'rekindle_events_ignored_total',
    help: 'Events that were acknowledged and not stored, by reason.',
    labelNames: ['reason'],
    registers,
  });
  ignored.inc({ reason: 'unknown-server' }, 0);
  const decisions = new Counter({
    name: 'rekindle_decisions_total',
    help: 'Decisions, by outcome and first reason.',
    labelNames: ['outcome', 'reason'],
    registers,
  });
  const decisionSeconds = new Histogram({
    name: 'rekindle_decision_seconds',
    help: 'Time to decide and to record the decision.',
    buckets: DECISION_SECONDS,
    registers,
  });
  const begun = new Counter({
    name: 'rekindle_operations_begun_total',
    help: 'Operations begun or taken up again, by kind.',
    labelNames: ['kind'],
    registers,
  });
  const ended = new Counter({
    name: 'rekindle_operations_total',
    help: 'Operations ended, by kind and end state.',
    labelNames: ['kind', 'state'],
    registers,
  });
  const operationSeconds = new Histogram({
    name: 'rekindle_operation_seconds',
    help: 'Time from the creation of an operation to its end.',
    labelNames: ['kind', 'state'],
    buckets: OPERATION_SECONDS,
    registers,
  });

  return {
    eventAccepted({ kind, source, result }) {
      events.inc({ kind, source: SOURCES.has(source) ? source : 'other', result });
    },
    eventsIgnored(reason, count) {
      ignored.inc({ reason }, count);
    },
    decided({ outcome, reason, seconds }) {
      decisions.inc({ outcome, reason });
      decisionSeconds.observe(seconds);
    },
    operationBegan(kind) {
      begun.inc({ kind });
    },
    operationEnded({ kind, state, seconds }) {
      ended.inc({ kind, state });
      operationSeconds.observe({ kind, state }, seconds);
    },
  };
}

function policyMetrics(registry: Registry): Metrics['reloaded'] {
  const registers = [registry];
  const successful = new Gauge({
    name: 'rekindle_policy_last_reload_successful',
    help: 'Whether the policy files that were read last are the set that decides.',
    registers,
  });
  const successAt = new Gauge({
    name: 'rekindle_policy_last_reload_success_timestamp_seconds',
    help: 'Since when the set that decides was loaded, Unix time.',
    registers,
  });
  const info = new Gauge({
    name: 'rekindle_policy_info',
    help: 'The revision of the set that decides.',
    labelNames: ['revision'],
    registers,
  });
  const rejected = new Counter({
    name: 'rekindle_policy_rejected_total',
    help: 'Refused policy files, by each code among their problems.',
    labelNames: ['code'],
    registers,
  });

  return (status) => {
    successful.set(status.lastAttemptOk ? 1 : 0);
    successAt.set(toEpochMs(status.loadedAt) / 1000);
    info.reset();
    info.set({ revision: status.revision }, 1);
    if (!status.lastAttemptOk) {
      for (const code of new Set(status.problems.map((problem) => problem.code))) rejected.inc({ code });
    }
  };
}

function stateMetrics(registry: Registry): Metrics['measured'] {
  const registers = [registry];
  const waiting = new Gauge({
    name: 'rekindle_pending_events',
    help: 'Events accepted and not finally decided.',
    registers,
  });
  const running = new Gauge({
    name: 'rekindle_running_operations',
    help: 'Operations that have not ended.',
    registers,
  });
  const failed = new Gauge({
    name: 'rekindle_server_failed',
    help: 'Whether the active server is known to have failed.',
    labelNames: ['server'],
    registers,
  });
  const snapshots = new Gauge({
    name: 'rekindle_snapshots_complete',
    help: 'Complete snapshots of the server.',
    labelNames: ['server'],
    registers,
  });
  const age = new Gauge({
    name: 'rekindle_newest_snapshot_age_seconds',
    help: 'Age of the newest complete snapshot of the server: what a failure now would lose. +Inf without one.',
    labelNames: ['server'],
    registers,
  });
  const drives = new Gauge({
    name: 'rekindle_drives',
    help: 'Drives of the inventory, by health.',
    labelNames: ['health'],
    registers,
  });

  return (state) => {
    waiting.set(state.waiting);
    running.set(state.running);
    if (state.table === undefined) return;
    // What has left the inventory must not be reported for ever.
    for (const gauge of [failed, snapshots, age, drives]) gauge.reset();
    for (const { name: server, ...row } of state.table.servers) {
      failed.set({ server }, row.state === 'failed' ? 1 : 0);
      snapshots.set({ server }, row.snapshots);
      age.set({ server }, ageSeconds(row.newestSnapshotAt, state.table.nowMs));
    }
    const present = state.table.drives.filter((drive) => !drive.missing);
    for (const health of ['ok', 'degraded', 'failed'] as const) {
      drives.set({ health }, present.filter((drive) => drive.health === health).length);
    }
  };
}

function ageSeconds(at: string | null, nowMs: number): number {
  return at === null ? Infinity : Math.max(0, (nowMs - toEpochMs(at)) / 1000);
}
