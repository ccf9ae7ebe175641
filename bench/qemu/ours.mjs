/** Ours: the driver for snapshots, and the whole service, in a process of its own, for restarts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { wallClock } from '../../dist/clock.js';
import { proveOff } from '../../dist/hw/fence.js';
import { qemuDriver } from '../../dist/hw/qemu/index.js';
import { buildGuest, createImage, tool, untilConsole } from './tools.mjs';

const DIST = join(import.meta.dirname, '../../dist');
const NEVER = new AbortController().signal;
const MEMORY_MIB = 256;
export const DISK_BYTES = 64 * 2 ** 20;
const DRIVES = ['disk-1', 'd1', 'd2'];

/** The guest writes 96 MiB of memory once, then 1 MiB of it and 8 blocks of its disk again and again. */
const GUEST = 'rk.ms=20 rk.ram=96 rk.dirty=1 rk.blocks=1024 rk.check=0';
const APPEND = `console=ttyS0 quiet panic=-1 mitigations=off no_timer_check tsc=reliable nokaslr ${GUEST}`;
const MACHINE = 'pc-i440fx-7.2';

/** The same machine for whoever starts it without us. */
export function bareArguments() {
  const { kernel, initrd } = buildGuest();
  return [
    ...['-machine', `${MACHINE},accel=tcg`, '-cpu', 'qemu64', '-smp', '1', '-m', `${MEMORY_MIB}M`],
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-kernel', kernel, '-initrd', initrd, '-append', APPEND],
  ];
}

/** A folder with a server that runs, a backup and drives. */
export async function createWorld({ standby = 'none' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'rk-bench-'));
  for (const name of DRIVES) mkdirSync(join(folder, name));
  createImage(join(folder, 'disk-1', 'disk.img'), DISK_BYTES, 'raw');
  const documents = policies(folder, standby);
  mkdirSync(join(folder, 'policies'));
  documents.forEach((document, index) => {
    writeFileSync(join(folder, 'policies', `${index}.yaml`), JSON.stringify(document));
  });
  const [{ spec }] = documents;
  const driver = qemuDriver({
    root: join(folder, 'qemu'),
    clock: wallClock,
    programs: {
      driveHelper: join(DIST, 'hw/qemu/drive/helper-main.js'),
      sink: join(DIST, 'hw/qemu/snapshot/sink-main.js'),
    },
  });
  const open = driver.open({
    machines: spec.servers.map(({ driver: { qemu }, ...rest }) => ({
      disk: null,
      ...rest,
      memoryBytes: MEMORY_MIB * 2 ** 20,
      settings: qemu,
    })),
    drives: spec.drives.map(({ driver: { qemu }, ...rest }) => ({
      ...rest,
      capacityBytes: 2 ** 40,
      settings: qemu,
    })),
  });
  const { power, memory } = open.machine('web-1');
  const order = { operation: 'bench', server: 'web-1', signal: NEVER };
  const proof = await proveOff({ machine: 'web-1', ...order, power, clock: wallClock }, NEVER);
  await power.boot({ ...order, drive: 'disk-1', proof });
  const machine = (name) => JSON.parse(readFileSync(join(folder, 'qemu/machines', name, 'launch.json')));
  const launch = (name) => join(folder, 'qemu/machines', name, machine(name).launch);
  await untilConsole(join(launch('web-1'), 'console.log'), /^tick 30 /m, 20);
  return {
    folder,
    pidOf: (name) => machine(name).pid,
    recordOf: machine,
    consoleOf: (name) => join(launch(name), 'console.log'),
    monitorOf: (name, monitor) => join(launch(name), `${monitor}.sock`),
    async snapshot(snapshot, drive) {
      const began = performance.now();
      await memory.snapshot({ ...order, snapshot, drive });
      const tookMs = performance.now() - began;
      const manifest = readManifest(folder, drive, snapshot);
      return { tookMs, pausedMs: manifest.pausedMs, qemu: manifest.qemu, mode: manifest.mode, manifest };
    },
    async close() {
      await open.close();
      for (const name of readdirSync(join(folder, 'qemu/machines'))) endProcess(machine(name).pid, folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function readManifest(folder, drive, snapshot) {
  const file = join(folder, drive, 'rekindle/snapshots', snapshot, 'manifest.json');
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** SIGKILL of a process of this folder, and of no other that got its number since. */
function endProcess(pid, folder) {
  try {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)) process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}

function policies(folder, standby) {
  const { kernel, initrd } = buildGuest();
  const document = (kind, name, spec) => ({ apiVersion: 'rekindle/v1', kind, metadata: { name }, spec });
  const qemu = {
    ...{ binary: tool.qemu, qemuImg: tool.img, accel: 'tcg', machine: MACHINE, kernel, initrd },
    ...{ append: APPEND, heartbeat: 'console' },
  };
  const server = { memory: `${MEMORY_MIB}Mi`, reaches: ['array-1', 'array-2'], driver: { qemu } };
  return [
    document('Inventory', 'host', {
      devices: [{ name: 'array-1' }, { name: 'array-2' }],
      drives: DRIVES.map((name, index) => ({
        ...{ name, device: index === 2 ? 'array-2' : 'array-1', capacity: '4Gi' },
        driver: { qemu: { directory: join(folder, name) } },
      })),
      servers: [
        { name: 'web-1', role: 'active', disk: 'disk-1', ...server },
        { name: 'spare-1', role: 'backup', ...server },
      ],
    }),
    document('PlacementPolicy', 'spread', {}),
    document('RestartPolicy', 'all', {
      ...{ snapshots: [{ condition: 'any' }], placement: 'spread', afterTakeover: 'nothing', standby },
      guard: { cooldown: '1s', minHealthy: '0%' },
    }),
  ];
}

/** The service over a world, in a process of its own. */
export async function startService(world) {
  const args = [
    'run',
    '--policies',
    join(world.folder, 'policies'),
    '--state-dir',
    world.folder,
    '--port',
    '0',
  ];
  const child = spawn(process.execPath, [join(DIST, 'bin/rekindle.js'), ...args], {
    cwd: world.folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { address } = JSON.parse(line);
      if (address !== undefined) resolve(address);
    });
  });
  const get = async (path) => (await fetch(`${url}${path}`)).json();
  return {
    async snapshot(count) {
      await fetch(`${url}/v1/servers/web-1/snapshot`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ by: 'bench', condition: 'scheduled' }),
      });
      for (;;) {
        const { items } = await get('/v1/snapshots');
        if (items.filter(({ state }) => state === 'complete').length >= count) return;
        await sleep(20);
      }
    },
    get,
    peakMiB() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)[1]) / 1024;
    },
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
