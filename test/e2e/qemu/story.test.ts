/**
 * The method from end to end: the real program, real QEMU machines, and a guest that would tell if memory and disk
 * were not of one instant. Nobody reports the failure but the process that is gone.
 */
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import type { DriveEntry, MachineEntry } from '../../../src/hw/contract.js';
import { describeSuite } from '../../support/require.js';
import { eventually, runProgram, startProgram, type RunningService } from '../support/service.js';
import { waitForConsole } from './support/console.js';
import { QEMU } from './support/needs.js';
import { writePolicies } from './support/policies.js';
import { MiB } from './support/qemu.js';
import { createDisk, createSite, removeGolden, startServer, type Site } from './support/site.js';

interface Scene {
  readonly site: Site;
  readonly policies: string;
  readonly machines: readonly MachineEntry[];
  readonly drives: readonly DriveEntry[];
  start(environment?: Readonly<Record<string, string>>): Promise<RunningService>;
}

interface SnapshotRow {
  readonly id: string;
  readonly drive: string;
  readonly condition: string;
  readonly state: string;
  readonly server: string;
}

interface ServerRow {
  readonly name: string;
  readonly machine: string;
  readonly state: string;
}

const NEVER = new AbortController().signal;

describeSuite('servers that are QEMU machines', QEMU, () => {
  const sites: Site[] = [];
  const services: RunningService[] = [];
  afterEach(async () => {
    for (const service of services.splice(0)) {
      service.process.kill('SIGKILL');
      await service.exited;
    }
    for (const site of sites.splice(0)) site.close();
  });
  afterAll(removeGolden);

  async function stage(options: {
    readonly servers?: readonly string[];
    readonly backups?: readonly Partial<MachineEntry>[];
    readonly running?: boolean;
    readonly restart?: object;
  }): Promise<Scene> {
    const { servers = ['web-1'], backups = [{ name: 'spare-1' }], running = true } = options;
    const site = await createSite([...servers.map((name) => `disk-${name}`), 'd1', 'd2']);
    sites.push(site);
    const machines = [
      ...servers.map((name) => site.machine(name, { disk: `disk-${name}` })),
      ...backups.map(({ name = '', ...more }) =>
        site.machine(name, { role: 'backup', memoryBytes: 256 * MiB, ...more }),
      ),
    ];
    const drives = [
      ...servers.map((name) => site.drive(`disk-${name}`, 'array-1')),
      site.drive('d1', 'array-1'),
      site.drive('d2', 'array-2'),
    ];
    const policies = writePolicies(site.folder, { machines, drives, restart: options.restart ?? {} });
    if (running) {
      const open = site.driver.open({ machines, drives });
      for (const name of servers) await startServer(site, open, name, `disk-${name}`);
      await open.close();
    }
    return {
      site,
      policies,
      machines,
      drives,
      async start(environment) {
        const place = {
          folder: site.folder,
          policies,
          stateDir: site.folder,
          remove: () => Promise.resolve(),
        };
        const service = await startProgram(place, environment);
        services.push(service);
        return service;
      },
    };
  }

  it('wakes on the backup from the snapshot of the alert, and the counter goes on from there', async () => {
    const scene = await stage({ running: false });
    const { site } = scene;
    createDisk(join(site.folder, 'disk-web-1'));
    const probe = await runProgram(['validate', '--probe', '--state-dir', site.folder, scene.policies]);
    expect([probe.stderr, probe.code]).toEqual(['', 0]);
    const on = await runProgram(
      ['power', 'on', 'web-1', '--state-dir', site.folder, '--policies', scene.policies],
      { cwd: site.folder },
    );
    expect(on.stdout).toBe('web-1 on, from disk-web-1\n');
    await waitForConsole(site.consoleOf('web-1'), ({ ticks }) => ticks.length >= 20, 'a guest that counts');
    const again = await runProgram(
      ['power', 'on', 'web-1', '--state-dir', site.folder, '--policies', scene.policies],
      { cwd: site.folder },
    );
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('runs already')]);

    const service = await scene.start();
    await service.post('/v1/servers/web-1/snapshot', { by: 'test', condition: 'scheduled' });
    const [previous] = await complete(service, 1);
    await service.post('/v1/alerts', alert('hot'));
    const additional = (await complete(service, 2)).find(({ condition }) => condition === 'overheating');
    expect(additional?.drive).not.toBe(previous?.drive);
    expect(snapshotsOn(scene, previous?.drive ?? '')).toContain(previous?.id);

    const { ticks: before } = await waitForConsole(
      site.consoleOf('web-1'),
      ({ ticks }) => ticks.length >= 60,
      'some work after the snapshot',
    );
    process.kill(site.pidOf('web-1') ?? 0, 'SIGKILL');
    await runsOn(service, 'web-1', 'spare-1');
    const woken = await waitForConsole(
      site.consoleOf('spare-1'),
      ({ goodChecks }) => goodChecks >= 2,
      'the server on the backup',
    );
    expect([woken.disagreements, woken.badChecks, woken.boots]).toEqual([[], 0, 0]);
    expect(woken.ticks[0]?.tick).toBeLessThan(before.at(-1)?.tick ?? 0);
    expect(woken.ticks[0]?.tick).toBeGreaterThan(20);
    const record = readRecord(scene, 'spare-1');
    expect(record).toMatchObject({ snapshot: additional?.id, drive: additional?.drive, server: 'web-1' });
    // The dead machine was fenced: it does not come back by hand with the same server.
    const back = await runProgram(
      ['power', 'on', 'web-1', '--state-dir', site.folder, '--policies', scene.policies],
      { cwd: site.folder },
    );
    expect(back.code).toBe(1);
  });

  it('takes the panic of a kernel for the failure that it is', async () => {
    const scene = await stage({});
    const service = await scene.start();
    await service.post('/v1/servers/web-1/snapshot', { by: 'test', condition: 'scheduled' });
    await complete(service, 1);
    await say(scene, 'web-1', 'panic');
    await runsOn(service, 'web-1', 'spare-1');
    const { items } = (await service.get('/v1/decisions?limit=50')) as {
      items: { reasons: { text: string }[] }[];
    };
    expect(items.flatMap(({ reasons }) => reasons.map(({ text }) => text))).toContain(
      'server failure, cause panic',
    );
  });

  it('restarts nothing when the guest shuts itself down in order, and says so', async () => {
    const scene = await stage({});
    const service = await scene.start();
    await service.post('/v1/servers/web-1/snapshot', { by: 'test', condition: 'scheduled' });
    await complete(service, 1);
    await say(scene, 'web-1', 'poweroff');
    await isToldOfShutdown(service);
  });

  it('hears of a guest that has shut itself down while nobody listened', async () => {
    const scene = await stage({});
    const before = await scene.start();
    await before.post('/v1/servers/web-1/snapshot', { by: 'test', condition: 'scheduled' });
    await complete(before, 1);
    before.process.kill('SIGKILL');
    await before.exited;
    await say(scene, 'web-1', 'poweroff');
    const open = scene.site.driver.open(scene);
    await eventually(
      () => open.machine('web-1').power?.guest(NEVER) ?? Promise.resolve(null),
      (guest) => guest?.heartbeatAt === null,
      'a guest that is off',
    );
    await open.close();
    await isToldOfShutdown(await scene.start());
  });

  it('wakes what the backup holds ready where a policy asks for that', async () => {
    const scene = await stage({ restart: { standby: 'armed' } });
    const service = await scene.start();
    await service.post('/v1/servers/web-1/snapshot', { by: 'test', condition: 'scheduled' });
    await complete(service, 1);
    await service.post('/v1/servers/web-1/snapshot', { by: 'test', condition: 'scheduled' });
    const newest = (await complete(service, 2)).at(-1)?.id;
    const armed = await eventually(
      () => Promise.resolve(readRecord(scene, 'spare-1')),
      (record) => record?.phase === 'armed' && record.snapshot === newest && record.pid !== null,
      'a backup that holds the newest snapshot ready',
    );
    process.kill(scene.site.pidOf('web-1') ?? 0, 'SIGKILL');
    await runsOn(service, 'web-1', 'spare-1');
    // The very process that was held ready, not another that loaded the same.
    expect(readRecord(scene, 'spare-1')).toMatchObject({
      phase: 'running',
      pid: armed?.pid,
      snapshot: newest,
    });
    const woken = await waitForConsole(
      scene.site.consoleOf('spare-1'),
      ({ goodChecks }) => goodChecks >= 1,
      'the server on the backup',
    );
    expect([woken.disagreements, woken.badChecks, woken.boots]).toEqual([[], 0, 0]);
  });

  it('two fail at once and there is one backup: one is woken, the other waits loudly', async () => {
    const scene = await stage({ servers: ['web-1', 'web-2'] });
    const service = await scene.start();
    for (const name of ['web-1', 'web-2']) {
      await service.post(`/v1/servers/${name}/snapshot`, { by: 'test', condition: 'scheduled' });
      await complete(service, 1, name);
    }
    for (const name of ['web-1', 'web-2']) process.kill(scene.site.pidOf(name) ?? 0, 'SIGKILL');
    const woken = await eventually(
      async () => (await servers(service)).filter(({ machine }) => machine === 'spare-1'),
      (rows) => rows.length === 1 && rows[0]?.state === 'up',
      'one server on the backup',
    );
    const other = woken[0]?.name === 'web-1' ? 'web-2' : 'web-1';
    expect(await server(service, other)).toMatchObject({ state: 'failed', machine: other });
    expect(readRecord(scene, 'spare-1')?.server).toBe(woken[0]?.name);
  });

  it('goes to the next backup when the QEMU of the first does not start', async () => {
    const broken = {
      name: 'spare-1',
      settings: { network: [{ mac: '52:54:00:00:00:09', tap: 'no-such-tap' }] },
    };
    const scene = await stage({ backups: [broken, { name: 'spare-2' }] });
    const service = await scene.start();
    await service.post('/v1/servers/web-1/snapshot', { by: 'test', condition: 'scheduled' });
    await complete(service, 1);
    process.kill(scene.site.pidOf('web-1') ?? 0, 'SIGKILL');
    await runsOn(service, 'web-1', 'spare-2');
    expect(scene.site.pidOf('spare-1')).not.toBe(scene.site.pidOf('spare-2'));
  });

  it('does not start a snapshot with a flipped bit, and wakes the one before it', async () => {
    const scene = await stage({});
    const service = await scene.start();
    await service.post('/v1/servers/web-1/snapshot', { by: 'test', condition: 'scheduled' });
    const [older] = await complete(service, 1);
    await service.post('/v1/servers/web-1/snapshot', { by: 'test', condition: 'scheduled' });
    const newer = (await complete(service, 2)).find(({ id }) => id !== older?.id);
    const memory = join(
      scene.site.folder,
      newer?.drive ?? '',
      'rekindle/snapshots',
      newer?.id ?? '',
      'memory',
    );
    const bytes = readFileSync(memory);
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    writeFileSync(memory, bytes);
    process.kill(scene.site.pidOf('web-1') ?? 0, 'SIGKILL');
    await runsOn(service, 'web-1', 'spare-1');
    expect(readRecord(scene, 'spare-1')).toMatchObject({ snapshot: older?.id, phase: 'running' });
    const { items } = (await service.get('/v1/snapshots')) as { items: { id: string; verified: string }[] };
    expect(items.find(({ id }) => id === newer?.id)?.verified).toBe('failed');
  });

  it('the service is killed in the middle of a snapshot: the server runs on, and the snapshot is taken after all', async () => {
    const scene = await stage({});
    const service = await scene.start();
    await service.post('/v1/servers/web-1/snapshot', { by: 'test', condition: 'scheduled' });
    await eventually(
      async () => memoryBytes(scene),
      (bytes) => bytes > 0,
      'memory on its way to the drive',
    );
    service.process.kill('SIGKILL');
    await service.exited;
    const counted = await waitForConsole(
      scene.site.consoleOf('web-1'),
      ({ ticks }) => ticks.length > 0,
      'a tick',
    );
    await waitForConsole(
      scene.site.consoleOf('web-1'),
      ({ ticks }) => ticks.length > counted.ticks.length + 20,
      'the server running on without the service',
    );
    await eventually(
      () => Promise.resolve(processesOf('qemu-nbd', scene.site.folder)),
      (pids) => pids.length === 0,
      'nothing that holds the drive',
    );
    const after = await scene.start();
    await complete(after, 1);
    const reading = await waitForConsole(
      scene.site.consoleOf('web-1'),
      ({ goodChecks }) => goodChecks > 2,
      'checks',
    );
    expect([reading.disagreements, reading.badChecks]).toEqual([[], 0]);
  });

  it('the server dies while no service runs: the next one finds it gone', async () => {
    const scene = await stage({});
    const service = await scene.start();
    await service.post('/v1/servers/web-1/snapshot', { by: 'test', condition: 'scheduled' });
    await complete(service, 1);
    await service.stop();
    process.kill(scene.site.pidOf('web-1') ?? 0, 'SIGKILL');
    await runsOn(await scene.start(), 'web-1', 'spare-1');
  });

  it('the service stays small while bytes go by', async () => {
    const scene = await stage({});
    const service = await scene.start();
    for (let count = 1; count <= 3; count += 1) {
      await service.post('/v1/servers/web-1/snapshot', { by: 'test', condition: 'scheduled' });
      await complete(service, count);
    }
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(
      readFileSync(`/proc/${service.process.pid ?? 0}/status`, 'utf8'),
    )?.[1];
    expect(Number(peak) / 1024).toBeLessThan(150);
  });
});

function alert(id: string): object {
  return { id, server: 'web-1', labels: { alertname: 'NodeTemperatureHigh' }, value: 91 };
}

async function complete(
  service: RunningService,
  count: number,
  of = 'web-1',
): Promise<readonly SnapshotRow[]> {
  return eventually(
    async () => {
      const { items } = (await service.get('/v1/snapshots')) as { items: SnapshotRow[] };
      return items.filter(({ state, server: name }) => state === 'complete' && name === of);
    },
    (rows) => rows.length >= count,
    `${count} snapshots of ${of}`,
  );
}

async function isToldOfShutdown(service: RunningService): Promise<void> {
  const { items } = await eventually(
    async () =>
      (await service.get('/v1/decisions?limit=50')) as { items: { event: { id: string; kind: string } }[] },
    (decisions) => decisions.items.some(({ event }) => event.id.includes('SHUTDOWN')),
    'an alert of the shutdown',
  );
  expect(items.filter(({ event }) => event.kind === 'failure')).toEqual([]);
  expect((await server(service, 'web-1')).state).toBe('up');
}

async function servers(service: RunningService): Promise<readonly ServerRow[]> {
  return ((await service.get('/v1/status')) as { servers: ServerRow[] }).servers;
}

async function server(service: RunningService, name: string): Promise<ServerRow> {
  const found = (await servers(service)).find((row) => row.name === name);
  if (found === undefined) throw new Error(`no server ${name}`);
  return found;
}

async function runsOn(service: RunningService, name: string, machine: string): Promise<void> {
  await eventually(
    () => server(service, name),
    (row) => row.machine === machine && row.state === 'up',
    `${name} on ${machine}`,
  );
}

function snapshotsOn({ site }: Scene, drive: string): readonly string[] {
  return readdirSync(join(site.folder, drive, 'rekindle/snapshots'));
}

function memoryBytes(scene: Scene): number {
  const { folder } = scene.site;
  const files = ['d1', 'd2'].flatMap((drive) => {
    const snapshots = join(folder, drive, 'rekindle/snapshots');
    return existsSync(snapshots) ? readdirSync(snapshots).map((id) => join(snapshots, id, 'memory')) : [];
  });
  return files.reduce((sum, file) => sum + (existsSync(file) ? statSync(file).size : 0), 0);
}

/** Pids of the program whose command line speaks of the folder. */
function processesOf(program: string, folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return line.includes(program) && line.includes(folder);
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });
}

interface LaunchRow {
  readonly launch: string;
  readonly phase: string;
  readonly server: string;
  readonly snapshot: string | null;
  readonly pid: number | null;
}

/** What was last started on a machine; null when nothing was. */
function readRecord({ site }: Scene, machine: string): LaunchRow | null {
  const file = join(site.folder, 'qemu/machines', machine, 'launch.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as LaunchRow) : null;
}

/** A line on the guest's console. */
async function say({ site }: Scene, machine: string, line: string): Promise<void> {
  const { connect } = await import('node:net');
  const socket = connect(site.consoleOf(machine).replace(/console\.log$/, 'console.sock'));
  await new Promise<void>((done, fail) => {
    socket.once('error', fail);
    socket.write(`${line}\n`, () => {
      done();
    });
  });
  setTimeout(() => socket.destroy(), 2_000).unref();
}
