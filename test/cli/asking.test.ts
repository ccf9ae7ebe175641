import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Decision } from '../../src/engine/decision.js';
import type { AlertEvent, FailureEvent } from '../../src/engine/event.js';
import type { SnapshotView } from '../../src/engine/view.js';
import type { ServiceStatus } from '../../src/server/administration.js';
import type { DriveRow, SnapshotRow } from '../../src/store/store.js';
import { decided, ended, operationOf, startFake, underWay } from './fake-service.js';
import { golden, rekindle } from './harness.js';

const HOT: AlertEvent = {
  kind: 'alert',
  id: 'hot-1',
  at: '2026-01-31T12:00:00.000Z',
  server: 'web-1',
  source: 'alertmanager',
  status: 'firing',
  labels: { alertname: 'NodeTemperatureHigh' },
  annotations: { summary: 'CPU at 91 degrees' },
  value: 91,
};
const WARM: AlertEvent = { ...HOT, id: 'warm-1', value: 70 };
const DEAD: FailureEvent = {
  kind: 'failure',
  id: 'dead-1',
  at: '2026-01-31T12:05:00.000Z',
  server: 'web-1',
  subject: 'server',
  cause: 'power',
  causeClass: 'hardware',
};

const SNAPSHOT: SnapshotView = {
  id: 's-1',
  server: 'web-1',
  generation: 1,
  kind: 'scheduled',
  condition: 'scheduled',
  cause: 'unknown',
  drive: 'd1',
  takenAt: '2026-01-31T11:25:00.000Z',
  memoryBytes: 4 * 1024 ** 3,
  diskBytes: 1024 ** 3,
  state: 'complete',
  checksum: 'sha256:00',
  verified: 'ok',
  pinned: false,
};

const row: SnapshotRow = {
  ...SNAPSHOT,
  verifiedAt: '2026-01-31T11:26:00.000Z',
  policyRevision: 'sha256:00',
  event: 'e-1',
  operation: 'op-1',
};

const drive: DriveRow = {
  name: 'd1',
  device: 'array-1',
  labels: {},
  capacityBytes: 16 * 1024 ** 3,
  freeBytes: 11 * 1024 ** 3,
  health: 'ok',
  role: 'snapshots',
  server: null,
  reservedBy: null,
  serial: null,
  missing: false,
};

const status: ServiceStatus = {
  version: '0.1.0',
  startedAt: '2026-01-31T09:00:00.000Z',
  policies: {
    revision: `sha256:${'ab'.repeat(32)}`,
    loadedAt: '2026-01-31T09:00:00.000Z',
    stale: false,
    lastAttemptAt: '2026-01-31T09:00:00.000Z',
    lastAttemptOk: true,
    problems: [],
  },
  pendingEvents: 1,
  runningOperations: 0,
  draining: false,
  servers: [
    {
      name: 'web-1',
      state: 'failed',
      machine: 'web-1',
      disk: 'd0',
      snapshots: 2,
      newestSnapshotAt: '2026-01-31T12:25:00.000Z',
      lastHeartbeatAt: null,
    },
  ],
};

/** An address that nothing listens at. */
async function freeAddress(): Promise<string> {
  const server = createServer();
  const url = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return url;
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The fake listens at another port each time. */
function withoutPort(text: string, url: string): string {
  return text.replaceAll(url, 'http://service');
}

describe('rekindle status', () => {
  it('shows policies, work and servers', async () => {
    const { url } = await startFake({ status });
    const { code, out } = await rekindle(['status', '--url', url]);
    await expect(withoutPort(out, url)).toMatchFileSnapshot(golden('status.txt'));
    expect(code).toBe(0);
  });

  it('says aloud that the files on disk are not the set that decides, and where they are broken', async () => {
    const problem = {
      code: 'SCHEMA_UNKNOWN_KEY',
      file: 'policies/alerts.yaml',
      line: 3,
      column: 5,
      path: 'spec.condtion',
      message: 'unknown key condtion in spec',
      hint: 'did you mean condition?',
      excerpt: '3 |     condtion: x\n  |     ^^^^^^^^',
    } as const;
    const policies = {
      ...status.policies,
      stale: true,
      lastAttemptAt: '2026-01-31T12:28:00.000Z',
      lastAttemptOk: false,
      problems: [problem],
    };
    const { url } = await startFake({ status: { ...status, policies } });
    const { code, out } = await rekindle(['status', '--url', url]);
    await expect(withoutPort(out, url)).toMatchFileSnapshot(golden('status-stale.txt'));
    expect(code).toBe(0);
  });

  it('prints what the service says as JSON', async () => {
    const { url } = await startFake({ status });
    const { out } = await rekindle(['status', '--url', url, '--format', 'json']);
    expect(JSON.parse(out)).toEqual(status);
  });
});

describe('rekindle disks', () => {
  const drives = [
    drive,
    { ...drive, name: 'd0', role: 'active', server: 'web-1' } as const,
    { ...drive, name: 'd2', device: 'array-2', health: 'failed', reservedBy: 'op-2' } as const,
    { ...drive, name: 'd9', role: 'quarantined', missing: true } as const,
  ];
  const snapshots = [
    row,
    {
      ...row,
      id: 's-2',
      generation: 2,
      kind: 'additional',
      condition: 'overheating',
      cause: 'hardware',
      drive: 'd2',
      state: 'writing',
      verified: null,
      pinned: true,
    } as const,
  ];

  it('shows each drive, and each snapshot with its drive and condition', async () => {
    const { url } = await startFake({ drives, snapshots });
    const { code, out } = await rekindle(['disks', '--url', url]);
    await expect(out).toMatchFileSnapshot(golden('disks.txt'));
    expect(code).toBe(0);
  });

  it('prints both lists as JSON', async () => {
    const { url } = await startFake({ drives, snapshots });
    const { out } = await rekindle(['disks', '--url', url, '--format', 'json']);
    expect(JSON.parse(out)).toEqual({ drives, snapshots });
  });
});

describe('rekindle history', () => {
  const idle: Decision = {
    id: 'd-00',
    at: '2026-01-31T12:01:00.000Z',
    event: { kind: 'retention', id: 'retention:op-1', server: 'web-1' },
    policyRevision: 'sha256:00',
    outcome: 'none',
    mode: 'enforce',
    reasons: [{ code: 'nothing-to-retire', text: 'every snapshot is within retention' }],
    remember: { matches: [], symptoms: [], closed: [], orders: [] },
  };

  it('shows one line for each decision, without retention that found nothing to do', async () => {
    const decisions = [await decided(DEAD), idle, await decided(WARM), await decided(HOT)];
    const { url } = await startFake({ decisions });
    const { code, out } = await rekindle(['history', '--url', url]);
    await expect(out).toMatchFileSnapshot(golden('history.txt'));
    expect(code).toBe(0);
  });

  it('shows everything with --all', async () => {
    const { url } = await startFake({ decisions: [idle] });
    const without = await rekindle(['history', '--url', url]);
    const all = await rekindle(['history', '--url', url, '--all']);
    expect(without.out).toContain('nothing was decided yet');
    expect(all.out).toContain('nothing-to-retire');
  });

  it('counts what it shows, not what it looked through', async () => {
    const decisions = [idle, idle, idle, await decided(HOT), await decided(WARM)];
    const { url } = await startFake({ decisions });
    const { out } = await rekindle(['history', '--url', url, '--limit', '1', '--format', 'json']);
    expect(JSON.parse(out)).toEqual({ decisions: [decisions[3]] });
  });

  it('asks for one server and one outcome', async () => {
    const decisions = [await decided(WARM), await decided({ ...HOT, server: 'web-2' }), await decided(HOT)];
    const { url } = await startFake({ decisions });
    const { out } = await rekindle([
      ...['history', '--url', url, '--server', 'web-1', '--outcome', 'snapshot', '--format', 'json'],
    ]);
    expect(JSON.parse(out)).toEqual({ decisions: [decisions[2]] });
  });
});

describe('rekindle why', () => {
  it('explains a restart with its steps, their times and their failures', async () => {
    const decision = await decided(DEAD, (view) => ({ ...view, snapshots: [SNAPSHOT] }));
    const operation = operationOf(decision, 'restart-server', {
      state: 'blocked',
      reason: 'web-1 could not be proven off; switch it off by hand, then order the restart again',
    });
    const steps = [
      ended('survey', 0),
      ended('fence/web-1', 1, {
        code: 'not-proven-off',
        subject: 'web-1',
        message: 'web-1 reads back as on',
      }),
    ];
    const { url, administration } = await startFake({
      decisions: [decision],
      operations: [{ operation, steps }],
    });
    administration.stored.push(DEAD);
    const { code, out } = await rekindle(['why', decision.id, '--url', url]);
    await expect(out).toMatchFileSnapshot(golden('why-restart.txt'));
    expect(code).toBe(0);
  });

  it('explains as fully why nothing was done', async () => {
    const decision = await decided(WARM);
    const { url, administration } = await startFake({ decisions: [decision] });
    administration.stored.push(WARM);
    const { code, out } = await rekindle(['why', decision.id, '--url', url]);
    await expect(out).toMatchFileSnapshot(golden('why-nothing.txt'));
    expect(code).toBe(0);
  });

  it('explains as fully why a snapshot was refused', async () => {
    const decision = await decided(HOT, (view) => ({
      ...view,
      snapshots: [SNAPSHOT],
      drives: view.drives.map((one) => (one.name === 'd2' ? { ...one, health: 'failed' } : one)),
    }));
    const { url } = await startFake({ decisions: [decision] });
    const { code, out } = await rekindle(['why', decision.id, '--url', url]);
    await expect(out).toMatchFileSnapshot(golden('why-refused.txt'));
    expect(code).toBe(0);
  });

  it('finds a decision by its event and by its operation', async () => {
    const decision = await decided(HOT);
    const operation = operationOf(decision, 'take-snapshot', null);
    const { url } = await startFake({
      decisions: [decision],
      operations: [{ operation, steps: [underWay('drive-1/order', 1)] }],
    });
    const byDecision = await rekindle(['why', decision.id, '--url', url]);
    const byEvent = await rekindle(['why', 'hot-1', '--url', url]);
    const byOperation = await rekindle(['why', operation.id, '--url', url]);
    expect(byDecision.out).toContain('drive-1/order');
    expect([byEvent, byOperation]).toEqual([byDecision, byDecision]);
  });

  it('shows conditions as trees only by the policies that decided', async () => {
    const decision = { ...(await decided(HOT)), policyRevision: `sha256:${'0'.repeat(64)}` };
    const { url } = await startFake({ decisions: [decision] });
    expect((await rekindle(['why', 'hot-1', '--url', url])).out).not.toContain('alert policies');
  });

  it('prints decision, event and operation as JSON', async () => {
    const decision = await decided(HOT);
    const { url } = await startFake({ decisions: [decision] });
    const { out } = await rekindle(['why', 'hot-1', '--url', url, '--format', 'json']);
    expect(JSON.parse(out)).toMatchObject({ decision, event: null, operation: null });
  });

  it.each(['d-0000000000000000', 'op-1', '../status', 'x'.repeat(300)])('knows nothing of %s', async (id) => {
    const { url } = await startFake();
    const { code, out, err } = await rekindle(['why', id, '--url', url]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('there is no decision, event or operation');
  });
});

const ASKING = [
  ['status'],
  ['disks'],
  ['history'],
  ['why', 'd-1'],
  ['snapshot', 'web-1'],
  ['restart', 'web-1', '--reason', 'r', '--yes'],
];

describe('asking a service that does not answer', () => {
  it.each(ASKING)('ends `%s` with its own exit code and says how to start one', async (...args) => {
    const url = await freeAddress();
    const { code, out, err } = await rekindle(args, { env: { REKINDLE_URL: url } });
    expect({ code, out }).toEqual({ code: 4, out: '' });
    expect(err).toContain(`the service does not answer at ${url}: nothing listens there`);
    expect(err).toContain('rekindle run');
  });
});

describe('asking with a token', () => {
  it('is let in with the token of the environment or of a file', async () => {
    const { url } = await startFake({ status }, 's3cret');
    const refused = await rekindle(['status', '--url', url]);
    const byEnv = await rekindle(['status', '--url', url], { env: { REKINDLE_TOKEN: 's3cret' } });
    const byFile = await rekindle(['status', '--url', url, '--token-file', 'token.txt']);
    expect([refused.code, byEnv.code, byFile.code]).toEqual([1, 0, 0]);
    expect(refused.err).toContain('--token-file or REKINDLE_TOKEN');
  });

  it('never shows the token', async () => {
    const { url } = await startFake({ status }, 'another');
    const { err } = await rekindle(['status', '--url', url], { env: { REKINDLE_TOKEN: 's3cret' } });
    expect(err).toContain('401 UNAUTHORIZED');
    expect(err).not.toContain('s3cret');
  });

  it('is wrong usage with a token file that is not there, or a token that is none', async () => {
    const missing = await rekindle(['status', '--token-file', 'nowhere.txt']);
    const broken = await rekindle(['status'], { env: { REKINDLE_TOKEN: 'two\nlines' } });
    expect([missing.code, broken.code]).toEqual([2, 2]);
    expect(missing.err).toContain('nowhere.txt cannot be read: there is no such file');
  });
});

describe('asking something that is not the service', () => {
  async function answering(contentType: string, body: string, statusCode = 200): Promise<string> {
    const server: Server = createServer((_request, response) => {
      response
        .writeHead(statusCode, { 'content-type': contentType, location: 'http://127.0.0.1:1/' })
        .end(body);
    });
    onTestFinished(() => void server.close());
    return listening(server);
  }

  it.each([
    ['text/html', '<html>', 200],
    ['application/json', '{"items":3}', 200],
    ['application/json', '[]', 200],
    ['application/json', '{"error":"x"}', 404],
    ['application/json', '{"error":"x"}', 500],
  ])('says so for %s %s with %d', async (type, body, statusCode) => {
    const url = await answering(type, body, statusCode);
    const { code, err } = await rekindle(['disks', '--url', url]);
    expect(code).toBe(1);
    expect(err).toContain('is not this version of rekindle');
  });

  it('does not follow it elsewhere', async () => {
    const url = await answering('text/plain', '', 302);
    expect((await rekindle(['status', '--url', url])).code).toBe(4);
  });

  it.each(['nonsense', 'ftp://service', ''])('refuses "%s" as an address', async (url) => {
    const { code, err } = await rekindle(['status', '--url', url]);
    expect(code).toBe(2);
    expect(err).toContain('is no address of a service');
  });
});
