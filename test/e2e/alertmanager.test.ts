/**
 * A real Prometheus Alertmanager, fed as Prometheus feeds it, tells the built program of a hot server; the server
 * then fails. Nothing between the alert and the running backup is simulated but the rack.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { wallClock } from '../../src/clock.js';
import { createRackControl, fileRack } from '../../src/hw/sim/index.js';
import { describeSuite } from '../support/require.js';
import { eventually, prepareSite, startProgram, type RunningService, type Site } from './support/service.js';

describeSuite('an alert of a real Alertmanager', ['prometheus-alertmanager'], () => {
  let site: Site;
  let service: RunningService;
  let alertmanager: ChildProcess;
  let alertmanagerUrl: string;

  beforeAll(async () => {
    site = await prepareSite();
    service = await startProgram(site);
    ({ process: alertmanager, url: alertmanagerUrl } = await startAlertmanager(site, service.url));
  });

  afterAll(async () => {
    alertmanager.kill('SIGTERM');
    await service.stop();
    await site.remove();
  });

  it('orders an additional snapshot, and the failure that follows is answered from it', async () => {
    const first = await service.post('/v1/servers/web-1/snapshot', { by: 'test', condition: 'scheduled' });
    expect(first.status).toBe(202);
    const [previous] = await eventually(
      () => complete(service),
      (rows) => rows.length === 1,
      'the first snapshot',
    );

    const posted = await fetch(`${alertmanagerUrl}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([
        {
          labels: { alertname: 'NodeTemperatureHigh', instance: 'web-1:9100' },
          annotations: { value: '91' },
        },
      ]),
    });
    expect(posted.status).toBe(200);
    const rows = await eventually(
      () => complete(service),
      (found) => found.length === 2,
      'the additional snapshot',
    );
    const additional = rows.find((row) => row.kind === 'additional');
    expect(additional).toMatchObject({
      server: 'web-1',
      condition: 'overheating',
      cause: 'hardware',
      verified: 'ok',
    });
    expect(additional?.drive).not.toBe(previous?.drive);

    const rack = createRackControl(fileRack({ file: join(site.stateDir, 'rack.json'), clock: wallClock }));
    await rack.apply({ kind: 'power-cut', machine: 'web-1' });
    const failure = await service.post('/v1/failures', { server: 'web-1', cause: 'power' });
    expect(failure.status).toBe(202);
    await eventually(
      () => rack.machinesRunning('web-1'),
      (machines) => machines.includes('spare-1'),
      'the takeover',
    );

    // The content, not a flag: what the backup remembers began where the snapshot ended.
    const saved = await rack.snapshotOf(additional?.drive ?? '', additional?.id ?? '');
    const awake = await rack.memoryOf('spare-1');
    expect(awake?.boot).toBe(saved?.memory?.boot);
    expect(awake?.ticks).toBeGreaterThanOrEqual(saved?.memory?.ticks ?? Number.POSITIVE_INFINITY);
    const steps = service.log.map((line) => line.methodStep).filter((step) => typeof step === 'number');
    expect([...new Set(steps)].toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await rack.state()).violations).toEqual([]);
  });
});

interface Row {
  readonly id: string;
  readonly drive: string;
  readonly kind: string;
  readonly server: string;
  readonly state: string;
}

async function complete(service: RunningService): Promise<Row[]> {
  const { items } = (await service.get('/v1/snapshots')) as { items: Row[] };
  return items.filter((row) => row.state === 'complete');
}

async function startAlertmanager(
  site: Site,
  serviceUrl: string,
): Promise<{ process: ChildProcess; url: string }> {
  const config = join(site.folder, 'alertmanager.yml');
  await writeFile(
    config,
    [
      'route:',
      '  receiver: rekindle',
      '  group_by: [alertname, instance]',
      '  group_wait: 0s',
      '  group_interval: 1s',
      '  repeat_interval: 1h',
      'receivers:',
      '  - name: rekindle',
      '    webhook_configs:',
      `      - url: ${serviceUrl}/v1/alertmanager`,
      '        send_resolved: true',
      '',
    ].join('\n'),
  );
  const port = await freePort();
  const child = spawn(
    'prometheus-alertmanager',
    [
      `--config.file=${config}`,
      `--storage.path=${join(site.folder, 'alertmanager')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    { stdio: 'ignore' },
  );
  const died = once(child, 'exit').then(([code]: unknown[]) => {
    throw new Error(`Alertmanager ended with ${String(code)} before it was ready`);
  });
  const url = `http://127.0.0.1:${port}`;
  const ready = eventually(
    () =>
      fetch(`${url}/-/ready`).then(
        (response) => response.ok,
        () => false,
      ),
    (ok) => ok,
    'a ready Alertmanager',
  );
  await Promise.race([ready, died]);
  died.catch(() => undefined);
  return { process: child, url };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
