import { join } from 'node:path';
import { HardwareError } from '../contract.js';
import { incompatibility } from './compatibility.js';
import { layoutOf } from './drive/layout.js';
import { MEMORY_FD } from './command-line.js';
import { diskNode, newLaunchId, startQemu, type Started } from './launch.js';
import type { LaunchRecord } from './launch-record.js';
import type { StoredManifest } from './manifest.js';
import { backendsOf } from './backends.js';
import { isGoneWithin, killProcess } from './process.js';
import type { QmpConnection } from './qmp/connection.js';
import { directoryOf, type QemuDrive, type QemuMachine, type QemuRack } from './rack.js';
import { runProgram } from './run-program.js';

interface Wanted {
  readonly server: string;
  readonly snapshot: string;
  readonly drive: QemuDrive;
  readonly signal: AbortSignal;
}

/**
 * The manifest of a snapshot that this machine can wake.
 * @throws {HardwareError} `absent`; `damaged` when it is not what was asked for; `unsupported` when the machine
 * cannot run what was saved.
 */
export async function wakeable(
  rack: QemuRack,
  machine: QemuMachine,
  wanted: Wanted,
): Promise<StoredManifest> {
  const { server, snapshot, drive, signal } = wanted;
  const manifest = await rack.helper.call(
    'inspect',
    drive.name,
    { directory: directoryOf(drive), snapshot },
    signal,
  );
  if (typeof manifest === 'string') {
    const text = `${drive.name} holds ${manifest === 'absent' ? 'no snapshot' : 'only remains of the snapshot'} ${snapshot}`;
    throw new HardwareError('absent', snapshot, text);
  }
  if (manifest.server !== server) {
    throw new HardwareError('damaged', snapshot, `${snapshot} is of ${manifest.server}, not of ${server}`);
  }
  const why = await incompatibility(machine, manifest, rack.compatibility, signal);
  if (why !== null) {
    throw new HardwareError('unsupported', machine.name, `${machine.name} cannot wake ${snapshot}: ${why}`);
  }
  return manifest;
}

export interface Load {
  readonly manifest: StoredManifest;
  readonly drive: QemuDrive;
  readonly signal: AbortSignal;
}

/** Memory and disk are there and nothing runs. */
export type Loaded = Started;

/**
 * Starts QEMU on the snapshot's machine definition and loads the memory. The server would write to an image of its
 * own on top of the snapshot's layers, so that the snapshot stays what it is.
 * @throws {HardwareError} `damaged` with QEMU's own words when the memory does not load; nothing is left then.
 */
export async function loadSnapshot(rack: QemuRack, machine: QemuMachine, load: Load): Promise<Loaded> {
  const { manifest, drive, signal } = load;
  const directory = directoryOf(drive);
  const layout = layoutOf(directory);
  const { server, snapshot, definition } = manifest;
  const launch = newLaunchId();
  const layers = manifest.layers.map(({ file }) => file);
  const run = { launch, server, snapshot, layers, operation: null, atMs: rack.clock.now() };
  await rack.helper.call('recordRun', drive.name, { directory, run }, signal);
  const disk = layout.run(launch);
  await createOverlay(machine, { disk, layers, size: manifest.diskVirtualBytes, signal });

  const record: LaunchRecord = {
    launch,
    phase: 'armed',
    server,
    snapshot,
    drive: drive.name,
    disk,
    operation: null,
    definition,
    startedAtMs: rack.clock.now(),
    pid: null,
    orderedOffAtMs: null,
    goneAtMs: null,
  };
  const started = await startQemu(machine, {
    record,
    server,
    definition,
    disk: diskNode(disk, 'qcow2', 'file'),
    backends: backendsOf(machine, rack.machines.get(server) ?? machine),
    memory: layout.memory(snapshot),
    signal,
  });
  try {
    await loadMemory(started.control, { machine: machine.name, snapshot, signal });
    return started;
  } catch (error) {
    started.control.close();
    await killProcess(started.process);
    await isGoneWithin(started.process, 2_000);
    throw error;
  }
}

async function createOverlay(
  { settings, name }: QemuMachine,
  overlay: {
    readonly disk: string;
    readonly layers: readonly string[];
    readonly size: number;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const below = join('..', 'layers', overlay.layers.at(-1) ?? '');
  // The layer below was measured by its checksum; opening it here only to compare sizes would take time.
  const args = [
    'create',
    '-q',
    '-f',
    'qcow2',
    '-u',
    '-F',
    'qcow2',
    '-b',
    below,
    overlay.disk,
    String(overlay.size),
  ];
  await runProgram(settings.qemuImg, args, { subject: name, signal: overlay.signal });
}

async function loadMemory(
  control: QmpConnection,
  {
    machine,
    snapshot,
    signal,
  }: { readonly machine: string; readonly snapshot: string; readonly signal: AbortSignal },
): Promise<void> {
  await control.execute(
    'migrate-set-capabilities',
    {
      capabilities: [
        { capability: 'events', state: true },
        { capability: 'late-block-activate', state: true },
      ],
    },
    { signal },
  );
  const ended = control.next(
    ({ event, data }) => event === 'MIGRATION' && (data.status === 'completed' || data.status === 'failed'),
    signal,
  );
  // Also when the order to load is refused, nobody waits for its end.
  ended.catch(() => undefined);
  await control.execute('migrate-incoming', { uri: `fd:${MEMORY_FD}` }, { signal });
  try {
    const { data } = await ended;
    if (data.status === 'completed') return;
  } catch (error) {
    if (signal.aborted || !(error instanceof HardwareError)) throw error;
    // QEMU ends when it cannot load what it is given.
  }
  const text = `${machine}: QEMU could not load the memory of ${snapshot}; its log says why`;
  throw new HardwareError('damaged', snapshot, text);
}
