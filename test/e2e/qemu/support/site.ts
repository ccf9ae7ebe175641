import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { wallClock, type Clock } from '../../../../src/clock.js';
import type {
  DriveEntry,
  Driver,
  MachineEntry,
  OpenDriver,
  PowerCapability,
} from '../../../../src/hw/contract.js';
import { proveOff } from '../../../../src/hw/fence.js';
import { qemuDriver } from '../../../../src/hw/qemu/index.js';
import { buildGuest, guestArguments, type Guest } from './guest.js';
import { waitForConsole } from './console.js';
import { MiB, PROGRAMS, QEMU_BINARY, QEMU_IMG } from './qemu.js';

const NEVER = new AbortController().signal;
const GUEST_BYTES = 128 * MiB;
const DISK_BYTES = 32 * MiB;

/** A folder with everything that one test has: drives, and the state of the driver. */
export interface Site {
  readonly folder: string;
  readonly clock: Clock;
  readonly driver: Driver;
  readonly guest: Guest;
  machine(name: string, more?: Partial<MachineEntry>): MachineEntry;
  drive(name: string, device: string, more?: Partial<DriveEntry>): DriveEntry;
  /** Console of the machine's last start. */
  consoleOf(machine: string): string;
  /** Pid of the machine's last start; null when there was none. */
  pidOf(machine: string): number | null;
  /** Ends every process of this site and removes the folder. */
  close(): void;
}

/** A site of its own. `drives` are made as directories. */
export async function createSite(drives: readonly string[], clock: Clock = wallClock): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'rk-'));
  for (const name of drives) mkdirSync(join(folder, name));
  const guest = await buildGuest();
  const root = join(folder, 'qemu');
  return {
    folder,
    clock,
    guest,
    driver: qemuDriver({ root, clock, programs: PROGRAMS }),
    machine: (name, more = {}) => ({
      name,
      role: 'active',
      memoryBytes: GUEST_BYTES,
      disk: null,
      reaches: ['array-1', 'array-2'],
      ...more,
      settings: { ...machineSettings(guest), ...more.settings },
    }),
    drive: (name, device, more = {}) => ({
      name,
      device,
      capacityBytes: 2048 * MiB,
      ...more,
      settings: { directory: join(folder, name), ...more.settings },
    }),
    consoleOf: (machine) => consoleIn(root, machine),
    pidOf: (machine) => recordOf(root, machine)?.pid ?? null,
    close() {
      for (const pid of pidsUnder(root)) endProcess(pid, folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What the tests' machines are. A small guest is a fast one. */
function machineSettings({ kernel, initrd }: Guest): Readonly<Record<string, unknown>> {
  return {
    binary: QEMU_BINARY,
    qemuImg: QEMU_IMG,
    accel: 'tcg',
    machine: 'pc-i440fx-7.2',
    kernel,
    initrd,
    append: guestArguments({ ms: 20, ram: 16, blocks: 512, dirty: 1 }),
    heartbeat: 'console',
    network: [{ mac: '52:54:00:00:00:01' }],
    arguments: ['-device', 'pvpanic'],
  };
}

/** Makes the image that a server boots from. */
export function createDisk(folder: string): void {
  execFileSync(QEMU_IMG, ['create', '-q', '-f', 'raw', join(folder, 'disk.img'), String(DISK_BYTES)]);
}

interface Recorded {
  readonly launch: string;
  readonly pid: number | null;
}

function recordOf(root: string, machine: string): Recorded | null {
  const file = join(root, 'machines', machine, 'launch.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Recorded) : null;
}

function consoleIn(root: string, machine: string): string {
  const record = recordOf(root, machine);
  return record === null ? '/nonexistent' : join(root, 'machines', machine, record.launch, 'console.log');
}

function pidsUnder(root: string): readonly number[] {
  const machines = join(root, 'machines');
  if (!existsSync(machines)) return [];
  return readdirSync(machines).flatMap((name) => recordOf(root, name)?.pid ?? []);
}

/** SIGKILL of a process that this site has started, and of no other that got its number since. */
function endProcess(pid: number, folder: string): void {
  try {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)) process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}

/**
 * A server that has run for a while, as a snapshot on its own disk: tests wake it instead of booting it, which
 * takes a tenth of the time. Made once for each test file.
 */
let golden: Promise<string> | null = null;

async function goldenDisk(): Promise<string> {
  golden ??= makeGolden();
  return golden;
}

/** Removes what {@link goldenDisk} made; for the end of a test file. */
export async function removeGolden(): Promise<void> {
  const made = await golden;
  if (made !== null) rmSync(made, { recursive: true, force: true });
  golden = null;
}

async function makeGolden(): Promise<string> {
  const site = await createSite(['disk']);
  const folder = mkdtempSync(join(tmpdir(), 'rk-golden-'));
  createDisk(join(site.folder, 'disk'));
  const entry = site.machine('golden', { disk: 'disk', reaches: ['array-1'] });
  const open = site.driver.open({ machines: [entry], drives: [site.drive('disk', 'array-1')] });
  try {
    const { power, memory } = open.machine('golden');
    if (power === undefined || memory === undefined) throw new Error('no power, no memory');
    const order = { operation: 'golden', signal: NEVER, server: 'golden', drive: 'disk' };
    await power.boot({ ...order, proof: await prove(site, power, 'golden', 'golden') });
    await waitForConsole(site.consoleOf('golden'), ({ ticks }) => ticks.length >= 30, 'a guest that counts');
    await memory.snapshot({ ...order, snapshot: 'golden' });
    cpSync(join(site.folder, 'disk'), folder, { recursive: true });
    return folder;
  } finally {
    await open.close();
    site.close();
  }
}

export function prove(
  site: Pick<Site, 'clock'>,
  power: PowerCapability,
  machine: string,
  operation: string,
  server = machine,
) {
  return proveOff({ machine, server, operation, power, clock: site.clock }, NEVER);
}

/** Lets a server run on its machine, from the golden snapshot on its own disk. */
export async function startServer(site: Site, open: OpenDriver, server: string, disk: string): Promise<void> {
  const directory = join(site.folder, disk);
  // Links, not copies: nobody writes to what belongs to a snapshot.
  execFileSync('cp', ['-al', `${await goldenDisk()}/.`, directory]);
  // A disk that carries the id of another one would be taken for it.
  rmSync(join(directory, 'rekindle/drive.json'));
  const manifest = join(directory, 'rekindle/snapshots/golden/manifest.json');
  const text = readFileSync(manifest, 'utf8');
  rmSync(manifest);
  const of = { server, drive: disk, snapshot: 'golden' };
  writeFileSync(manifest, JSON.stringify({ ...(JSON.parse(text) as object), ...of }));
  const { power, memory } = open.machine(server);
  if (power === undefined || memory === undefined) throw new Error('no power, no memory');
  const proof = await prove(site, power, server, 'setup');
  await memory.resume({ operation: 'setup', signal: NEVER, ...of, proof });
  await waitForConsole(site.consoleOf(server), ({ ticks }) => ticks.length >= 2, `${server} that runs`);
}
