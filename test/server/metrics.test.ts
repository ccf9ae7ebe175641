import { describe, expect, it } from 'vitest';
import { createMetrics, type Metrics } from '../../src/server/metrics.js';
import { fromNow, NOW, RELOAD } from './fake-administration.js';
import { KNOWN } from './known.js';

/** The series of a family, as `labels value`. */
async function series(metrics: Metrics, name: string): Promise<readonly string[]> {
  const { body } = await metrics.render();
  return body
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => line.slice(name.length).trim());
}

const table = { nowMs: Date.parse(NOW), servers: [], drives: [] };

describe('the metrics', () => {
  it('count events by kind, source and what became of them', async () => {
    const metrics = createMetrics();
    for (const result of ['accepted', 'accepted', 'duplicate'] as const) {
      metrics.eventAccepted({ kind: 'alert', source: 'alertmanager', result });
    }
    expect(await series(metrics, 'rekindle_events_total')).toEqual([
      '{kind="alert",source="alertmanager",result="accepted"} 2',
      '{kind="alert",source="alertmanager",result="duplicate"} 1',
    ]);
  });

  it('do not grow with what sources call themselves', async () => {
    const metrics = createMetrics();
    for (let i = 0; i < 100; i += 1)
      metrics.eventAccepted({ kind: 'alert', source: `s-${i}`, result: 'accepted' });
    expect(await series(metrics, 'rekindle_events_total')).toEqual([
      '{kind="alert",source="other",result="accepted"} 100',
    ]);
  });

  it('count ignored events, from zero', async () => {
    const metrics = createMetrics();
    expect(await series(metrics, 'rekindle_events_ignored_total')).toEqual(['{reason="unknown-server"} 0']);
    metrics.eventsIgnored('unknown-server', 3);
    expect(await series(metrics, 'rekindle_events_ignored_total')).toEqual(['{reason="unknown-server"} 3']);
  });

  it('count and time decisions', async () => {
    const metrics = createMetrics();
    metrics.decided({ outcome: 'refused', reason: 'no-drive', seconds: 0.002 });
    expect(await series(metrics, 'rekindle_decisions_total')).toEqual([
      '{outcome="refused",reason="no-drive"} 1',
    ]);
    expect(await series(metrics, 'rekindle_decision_seconds_sum')).toEqual(['0.002']);
  });

  it('count and time operations', async () => {
    const metrics = createMetrics();
    metrics.operationBegan('restart-server');
    metrics.operationEnded({ kind: 'restart-server', state: 'blocked', seconds: 30 });
    expect(await series(metrics, 'rekindle_operations_begun_total')).toEqual(['{kind="restart-server"} 1']);
    expect(await series(metrics, 'rekindle_operations_total')).toEqual([
      '{kind="restart-server",state="blocked"} 1',
    ]);
    expect(await series(metrics, 'rekindle_operation_seconds_sum')).toEqual([
      '{kind="restart-server",state="blocked"} 30',
    ]);
  });

  it('show one revision, the one that decides', async () => {
    const metrics = createMetrics();
    metrics.reloaded(RELOAD);
    metrics.reloaded({ ...RELOAD, revision: 'sha256:2' });
    expect(await series(metrics, 'rekindle_policy_info')).toEqual(['{revision="sha256:2"} 1']);
    expect(await series(metrics, 'rekindle_policy_last_reload_successful')).toEqual(['1']);
    expect(await series(metrics, 'rekindle_policy_last_reload_success_timestamp_seconds')).toEqual([
      String(Date.parse(NOW) / 1000),
    ]);
  });

  it('show a refused change and why, while the old revision stays', async () => {
    const metrics = createMetrics();
    metrics.reloaded(RELOAD);
    const [problem] = KNOWN.reload.problems;
    if (problem === undefined) throw new Error('the fixture has a problem');
    metrics.reloaded({
      ...RELOAD,
      lastAttemptOk: false,
      problems: [problem, problem, { ...problem, code: 'RANGE' }],
    });
    expect(await series(metrics, 'rekindle_policy_last_reload_successful')).toEqual(['0']);
    expect(await series(metrics, 'rekindle_policy_info')).toEqual(['{revision="sha256:0"} 1']);
    expect(await series(metrics, 'rekindle_policy_rejected_total')).toEqual([
      '{code="YAML_TAB"} 1',
      '{code="RANGE"} 1',
    ]);
  });

  it('show how much a failure now would lose', async () => {
    const metrics = createMetrics();
    const servers = [
      { name: 'web-1', state: 'up', snapshots: 2, newestSnapshotAt: fromNow(-90) },
      { name: 'web-2', state: 'failed', snapshots: 0, newestSnapshotAt: null },
    ] as const;
    metrics.measured({ waiting: 0, running: 0, table: { ...table, servers } });
    expect(await series(metrics, 'rekindle_newest_snapshot_age_seconds')).toEqual([
      '{server="web-1"} 90',
      '{server="web-2"} +Inf',
    ]);
    expect(await series(metrics, 'rekindle_snapshots_complete')).toEqual([
      '{server="web-1"} 2',
      '{server="web-2"} 0',
    ]);
    expect(await series(metrics, 'rekindle_server_failed')).toEqual([
      '{server="web-1"} 0',
      '{server="web-2"} 1',
    ]);
  });

  it('forget a server that has left the inventory', async () => {
    const metrics = createMetrics();
    const server = { name: 'web-1', state: 'up', snapshots: 2, newestSnapshotAt: NOW } as const;
    metrics.measured({ waiting: 0, running: 0, table: { ...table, servers: [server] } });
    metrics.measured({ waiting: 0, running: 0, table });
    expect(await series(metrics, 'rekindle_snapshots_complete')).toEqual([]);
  });

  it('show work that waits, and the drives of the inventory by health', async () => {
    const metrics = createMetrics();
    const drives = [
      { health: 'ok', missing: false },
      { health: 'ok', missing: false },
      { health: 'failed', missing: false },
      { health: 'failed', missing: true },
    ] as const;
    metrics.measured({ waiting: 4, running: 2, table: { ...table, drives } });
    expect(await series(metrics, 'rekindle_pending_events')).toEqual(['4']);
    expect(await series(metrics, 'rekindle_running_operations')).toEqual(['2']);
    expect(await series(metrics, 'rekindle_drives')).toEqual([
      '{health="ok"} 2',
      '{health="degraded"} 0',
      '{health="failed"} 1',
    ]);
  });

  it('come with those of the process', async () => {
    expect(await series(createMetrics(), 'process_cpu_seconds_total')).toHaveLength(1);
  });

  it('of two services do not mix', async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.eventsIgnored('unknown-server', 1);
    expect(await series(other, 'rekindle_events_ignored_total')).toEqual(['{reason="unknown-server"} 0']);
  });
});
