/** The store of the real program is damaged, taken away or wanted twice while it runs. */
import { execFile } from 'node:child_process';
import { cp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { wallClock } from '../../src/clock.js';
import { createRackControl, fileRack } from '../../src/hw/sim/index.js';
import { openSqliteStore } from '../../src/store/sqlite/index.js';
import { describeSuite } from '../support/require.js';
import {
  eventually,
  keeper,
  runArguments,
  runProgram,
  type RunningService,
  type Site,
} from './support/service.js';

const SOURCE = join(import.meta.dirname, '../fixtures/e2e/preload/failing-fsync.c');

const own = keeper();

async function begin(): Promise<{ site: Site; service: RunningService }> {
  const site = await own.site();
  return { site, service: await own.start(site) };
}

const alert = (id: string): object => ({
  id,
  server: 'web-1',
  labels: { alertname: 'NodeTemperatureHigh' },
  value: 91,
});

const status = async (service: RunningService, path: string): Promise<number> =>
  (await fetch(`${service.url}${path}`)).status;

/** What a service says and does that no longer trusts its store. */
async function expectStopped(site: Site, service: RunningService): Promise<void> {
  const refused = await service.post('/v1/alerts', alert('refused'));
  expect(refused).toMatchObject({ status: 503, body: { code: 'STORE_INTEGRITY' } });
  expect(await status(service, '/readyz')).toBe(503);
  expect(await status(service, '/healthz')).toBe(200);
  expect(await status(service, '/v1/disks')).toBe(200);
  const rack = createRackControl(fileRack({ file: join(site.stateDir, 'rack.json'), clock: wallClock }));
  expect((await rack.state()).log.filter(({ operation }) => operation !== null)).toEqual([]);
}

describe('a running service whose store', () => {
  it('is exchanged refuses every event, does nothing more, and goes on answering what it knows', async () => {
    const { site, service } = await begin();
    const file = join(site.stateDir, 'rekindle.db');
    await cp(file, join(site.folder, 'other.db'));
    await rename(join(site.folder, 'other.db'), file);
    // The commit that finds it out is not acknowledged.
    expect((await service.post('/v1/alerts', alert('first'))).status).toBe(503);
    await expectStopped(site, service);
  });

  it('is wanted by a second one keeps it, and the second one says who has it', async () => {
    const { site, service } = await begin();
    const second = await runProgram(runArguments(site));
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(new RegExp(`in use by process ${service.process.pid}`));
    expect((await service.post('/v1/alerts', alert('kept'))).status).toBe(202);
  });

  it('was written by a clock that was a day ahead is opened with a warning, and with --strict not at all', async () => {
    const { site, service } = await begin();
    await service.stop();
    const ahead = { ...wallClock, now: () => wallClock.now() + 86_400_000 };
    const store = await openSqliteStore({ file: join(site.stateDir, 'rekindle.db'), clock: ahead });
    await store.change('test', (table) => table.setMachineState('spare-1', 'failed'));
    await store.close();
    const refused = await runProgram([...runArguments(site), '--strict']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/CLOCK_IMPLAUSIBLE this machine's clock says .* set the clock/);
    const after = await own.start(site);
    expect(await after.logged(({ code }) => code === 'CLOCK_IMPLAUSIBLE')).toMatchObject({ level: 40 });
  });

  it('was taken back to an older copy does not start', async () => {
    const { site, service } = await begin();
    await service.stop();
    const file = join(site.stateDir, 'rekindle.db');
    await cp(file, join(site.folder, 'old.db'));
    await (await own.start(site)).stop();
    await cp(join(site.folder, 'old.db'), file);
    const refused = await runProgram(runArguments(site));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/older copy/);
  });

  it('is backed up gives a copy from which it can be begun again', async () => {
    const { site, service } = await begin();
    expect((await service.post('/v1/alerts', alert('kept'))).status).toBe(202);
    const backup = await runProgram(['store', 'backup', '--url', service.url]);
    expect(backup.code).toBe(0);
    expect((await runProgram(['store', 'check', '--url', service.url])).code).toBe(0);
    const head = (await runProgram(['audit', 'verify', '--url', service.url])).stdout.trim();
    expect((await runProgram(['audit', 'verify', '--url', service.url, '--head', head])).code).toBe(0);
    await service.stop();
    await rm(join(site.stateDir, 'rekindle.db'));
    const restored = await runProgram([
      'store',
      'restore',
      backup.stdout.trim(),
      '--state-dir',
      site.stateDir,
    ]);
    expect(restored).toMatchObject({ code: 0, stderr: '' });
    const again = await own.start(site);
    await eventually(
      () => again.get('/v1/decisions'),
      (body) =>
        (body as { items: { event: { id: string } }[] }).items.some(({ event }) => event.id === 'kept'),
      'the decision about what was acknowledged',
    );
  });
});

describeSuite('a running service whose disk fails to sync', ['gcc'], () => {
  it('acknowledges nothing more and does nothing more, also when the disk seems to work again', async () => {
    const site = await own.site();
    const library = join(site.folder, 'failing-fsync.so');
    await promisify(execFile)('gcc', ['-shared', '-fPIC', '-o', library, SOURCE, '-ldl']);
    const trigger = join(site.folder, 'fail');
    const service = await own.start(site, { environment: { LD_PRELOAD: library, FAILING_FSYNC: trigger } });
    await writeFile(trigger, '');
    expect((await service.post('/v1/alerts', alert('lost'))).status).toBe(503);
    await rm(trigger);
    await expectStopped(site, service);
  });
});
