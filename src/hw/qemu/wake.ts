import { HardwareError, type MemoryCapability } from '../contract.js';
import { assertConnected } from './access.js';
import { writeLaunchRecord } from './launch-record.js';
import { loadSnapshot, wakeable, type Loaded } from './load.js';
import type { StoredManifest } from './manifest.js';
import { runsAlready } from './power.js';
import { connectQmp } from './qmp/connection.js';
import {
  assertPath,
  assertWanted,
  directoryOf,
  driveNamed,
  type QemuDrive,
  type QemuMachine,
  type QemuRack,
} from './rack.js';
import { armedWith, dropArmed } from './armed.js';

type ResumeOrder = Parameters<MemoryCapability['resume']>[0];

/** What tells switches where the server's addresses are now; ms. */
const ANNOUNCE = { initial: 50, max: 550, rounds: 5, step: 100 } as const;

/** Wakes a server from a snapshot: from what is armed with it, else from a process that is started now. */
export async function wake(rack: QemuRack, machine: QemuMachine, order: ResumeOrder): Promise<void> {
  const { operation, server, snapshot, drive: driveName, proof, signal } = order;
  const { name, locks } = machine;
  assertWanted(signal, name);
  proof.assertCovers({ server, operation });
  locks.loading.giveWay(snapshot);
  await locks.start.runExclusive(async () => {
    if (await runsAlready(machine, { server, operation, snapshot })) return;
    const drive = driveNamed(rack, driveName);
    assertPath(machine, drive);
    await assertConnected(rack, drive, name);
    const manifest = await wakeable(rack, machine, { server, snapshot, drive, signal });
    const loaded =
      (await takeArmed(machine, manifest, signal)) ??
      (await load(rack, machine, { manifest, drive, signal }));
    try {
      // Loading takes time, and the machine that ran the server before may have come back meanwhile.
      proof.assertCovers({ server, operation });
      await letRun(rack, machine, { loaded, drive, manifest, operation, signal });
    } finally {
      loaded.control.close();
    }
  });
}

interface Loading {
  readonly manifest: StoredManifest;
  readonly drive: QemuDrive;
  readonly signal: AbortSignal;
}

async function load(rack: QemuRack, machine: QemuMachine, loading: Loading): Promise<Loaded> {
  await dropArmed(rack, machine);
  return loadSnapshot(rack, machine, loading);
}

/** What is held ready, if it is this very snapshot. */
async function takeArmed(
  machine: QemuMachine,
  { snapshot, server }: StoredManifest,
  signal: AbortSignal,
): Promise<Loaded | null> {
  const armed = await armedWith(machine);
  if (armed?.record.snapshot !== snapshot || armed.record.server !== server) return null;
  const { launch, process, record } = armed;
  try {
    const control = await connectQmp(launch.monitor('control'), machine.name, { signal });
    const { status } = await control.execute('query-status', {}, { signal });
    if (status === 'paused') return { launch, process, record, control };
    control.close();
    return null;
  } catch (error) {
    // One that does not answer is of no use; the snapshot is loaded afresh.
    if (error instanceof HardwareError && error.code !== 'aborted') return null;
    throw error;
  }
}

interface LetRun {
  readonly loaded: Loaded;
  readonly drive: QemuDrive;
  readonly manifest: StoredManifest;
  readonly operation: string;
  readonly signal: AbortSignal;
}

/** From the first line on the machine counts as running: after a crash it says more than happened, never less. */
async function letRun(rack: QemuRack, machine: QemuMachine, order: LetRun): Promise<void> {
  const { loaded, drive, manifest, operation, signal } = order;
  const { control, launch } = loaded;
  const { server, snapshot } = manifest;
  const startedAtMs = rack.clock.now();
  const layers = manifest.layers.map(({ file }) => file);
  const run = { launch: launch.id, server, snapshot, layers, operation, atMs: startedAtMs };
  await rack.helper.call('recordRun', drive.name, { directory: directoryOf(drive), run }, signal);
  await writeLaunchRecord(machine.folder, { ...loaded.record, phase: 'running', operation, startedAtMs });
  await control.execute('cont', {}, { signal });
  const { running, status } = await control.execute('query-status', {}, { signal });
  if (!running) {
    throw new HardwareError(
      'refused',
      machine.name,
      `${machine.name}: QEMU was told to run and says it is ${status}`,
    );
  }
  await control.execute('announce-self', ANNOUNCE, { signal });
}
