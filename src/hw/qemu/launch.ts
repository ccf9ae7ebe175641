import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HardwareError } from '../contract.js';
import { argumentsFor, DISK_NODE, type CommandLine } from './command-line.js';
import { deferred } from './deferred.js';
import { errorCode } from './files.js';
import { launchIn, MONITORS, type Launch } from './launch-folder.js';
import { writeLaunchRecord, type LaunchRecord } from './launch-record.js';
import { findProcess, isGoneWithin, killProcess, type ProcessIdentity } from './process.js';
import type { ImageNode } from './qmp/commands.js';
import { connectQmp, type QmpConnection } from './qmp/connection.js';
import { LAUNCH_ID_LENGTH, type QemuMachine } from './rack.js';

/** QEMU opens its monitors before it opens disks or boots anything. */
const GREETING_MS = 10_000;
const KEPT_LAUNCHES = 3;

export function newLaunchId(): string {
  return randomBytes(LAUNCH_ID_LENGTH / 2).toString('hex');
}

export interface StartOrder extends Pick<CommandLine, 'server' | 'definition' | 'disk' | 'backends'> {
  readonly record: LaunchRecord;
  /** File of the saved memory that it waits for; null boots. */
  readonly memory: string | null;
  readonly signal: AbortSignal;
}

export interface Started {
  readonly launch: Launch;
  readonly process: ProcessIdentity;
  /** The record as it stands now. */
  readonly record: LaunchRecord;
  readonly control: QmpConnection;
}

/**
 * Starts QEMU so that it outlives the service, and resolves when it answers. The record is written before.
 * @throws {HardwareError} `refused` with QEMU's own words when it does not start; nothing of it runs then.
 */
export async function startQemu(machine: QemuMachine, order: StartOrder): Promise<Started> {
  const launch = launchIn(machine.folder, order.record.launch);
  await mkdir(launch.folder, { recursive: true, mode: 0o700 });
  await removeOldLaunches(machine, order.record.launch);
  await writeLaunchRecord(machine.folder, order.record);
  const memory = order.memory === null ? null : await open(order.memory, 'r');
  try {
    return await startWith(machine, order, launch, memory);
  } finally {
    await memory?.close();
  }
}

async function startWith(
  machine: QemuMachine,
  order: StartOrder,
  launch: Launch,
  memory: FileHandle | null,
): Promise<Started> {
  const { binary } = machine.settings;
  const log = await open(launch.qemuLog, 'a', 0o600);
  const ended = deferred<string>();
  try {
    const args = argumentsFor({ ...order, launch, incoming: memory !== null });
    const child = spawn(binary, args, {
      detached: true,
      cwd: launch.folder,
      stdio: ['ignore', log.fd, log.fd, ...(memory === null ? [] : [memory.fd])],
    });
    child.once('error', (error) => {
      ended.resolve(errorCode(error) === 'ENOENT' ? `there is no program ${binary}` : error.message);
    });
    child.once('exit', (code, signal) => {
      ended.resolve(`it ended (${signal ?? `exit code ${code ?? ''}`})`);
    });
    child.unref();
    const record: LaunchRecord = { ...order.record, pid: child.pid ?? null };
    await writeLaunchRecord(machine.folder, record);
    return await greeted(machine, { order, launch, record, ended: ended.promise });
  } finally {
    await log.close();
  }
}

/** A process that was killed is gone as soon as the kernel comes to it. */
const GONE_WITHIN_MS = 2_000;

interface Greeting {
  readonly order: StartOrder;
  readonly launch: Launch;
  readonly record: LaunchRecord;
  readonly ended: Promise<string>;
}

async function greeted(machine: QemuMachine, { order, launch, record, ended }: Greeting): Promise<Started> {
  const connection = connectWhenThere(launch, machine.name, order.signal);
  const first = await Promise.race([connection, ended]).catch((error: unknown) => {
    if (error instanceof HardwareError) return error;
    throw error;
  });
  const process = record.pid === null ? null : await findProcess(record.pid, launch.pidFile);
  if (typeof first === 'string' || first instanceof HardwareError || process === null) {
    // An attempt to connect that is still under way has nobody to connect to any more.
    connection.then(
      (late) => {
        late.close();
      },
      () => undefined,
    );
    if (process !== null) {
      await killProcess(process);
      // Else the machine of a start that has failed would be seen to run for a moment.
      await isGoneWithin(process, GONE_WITHIN_MS);
    }
    if (first instanceof HardwareError && first.code === 'aborted') throw first;
    const how =
      typeof first === 'string' ? first : first instanceof HardwareError ? first.message : 'it ended';
    throw await startFailure(machine.name, launch, how);
  }
  await Promise.all(MONITORS.map((name) => chmod(launch.monitor(name), 0o600)));
  return { launch, process, record, control: first };
}

async function connectWhenThere(
  launch: Launch,
  subject: string,
  signal: AbortSignal,
): Promise<QmpConnection> {
  const until = performance.now() + GREETING_MS;
  const path = launch.monitor('control');
  for (;;) {
    if (await isThere(path)) {
      try {
        return await connectQmp(path, subject, { signal });
      } catch (error) {
        // What speaks another protocol will not turn into QEMU.
        const hopeless = error instanceof HardwareError && error.code === 'unclear';
        if (signal.aborted || hopeless || performance.now() >= until) throw error;
      }
    } else if (performance.now() >= until) {
      const text = `${subject}: QEMU opened no monitor within ${GREETING_MS} ms`;
      throw new HardwareError('no-answer', subject, text);
    }
    await pause(signal, subject);
  }
}

async function pause(signal: AbortSignal, subject: string): Promise<void> {
  try {
    await sleep(3, undefined, { signal });
  } catch {
    throw new HardwareError('aborted', subject, `${subject}: the start was given up`, {
      cause: signal.reason,
    });
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

async function startFailure(subject: string, launch: Launch, how: string): Promise<HardwareError> {
  const said = (await readFile(launch.qemuLog, 'utf8').catch(() => ''))
    .trim()
    .split('\n')
    .slice(-3)
    .join(' | ');
  const words = said === '' ? '' : `; QEMU said: ${said}`;
  return new HardwareError(
    'refused',
    subject,
    `${subject}: QEMU did not start: ${how}${words}. Its log is ${launch.qemuLog}`,
  );
}

/** Consoles of the last few launches are kept for whoever looks for the reason of a failure. */
async function removeOldLaunches(machine: QemuMachine, current: string): Promise<void> {
  const names = (await readdir(machine.folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && entry.name !== current)
    .map(({ name }) => name);
  const dated = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(machine.folder, name))).mtimeMs })),
  );
  const old = dated.toSorted((a, b) => b.at - a.at).slice(KEPT_LAUNCHES - 1);
  for (const { name } of old) await rm(join(machine.folder, name), { recursive: true, force: true });
}

/** The block node of an image that a server runs from. */
export function diskNode(
  filename: string,
  format: 'raw' | 'qcow2',
  driver: 'file' | 'host_device',
): ImageNode {
  return {
    driver: format,
    'node-name': DISK_NODE,
    discard: 'unmap',
    file: { driver, filename, ...(driver === 'file' ? { locking: 'on' as const } : {}) },
  };
}
