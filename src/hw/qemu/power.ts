import { HardwareError, type PowerCapability } from '../contract.js';
import { assertConnected } from './access.js';
import { writeLaunchRecord, type LaunchRecord } from './launch-record.js';
import { newLaunchId, startQemu } from './launch.js';
import { bootDisk } from './machine-disk.js';
import { isGoneWithin, killProcess } from './process.js';
import { assertPath, assertWanted, driveNamed, type QemuMachine, type QemuRack } from './rack.js';
import { isLive, look, lookRunning, type LiveSighting } from './sighting.js';
import { dropArmed } from './armed.js';
import { backendsOf } from './backends.js';
import { guestOf, onStatusMonitor } from './status.js';

/** QEMU ends within milliseconds of a `quit`; one that does not is killed. */
const QUIT_MS = 1_500;
const KILL_MS = 5_000;

/** Power over a QEMU process: off is that this very process is gone. */
export function qemuPower(rack: QemuRack, machine: QemuMachine): PowerCapability {
  const { name, locks } = machine;
  return {
    async off({ signal }) {
      assertWanted(signal, name);
      locks.loading.giveWay(null);
      await locks.start.runExclusive(() => switchOff(rack, machine));
    },

    async state() {
      return (await lookRunning(machine)) === null ? 'off' : 'on';
    },

    async boot(order) {
      const { operation, server, drive: driveName, proof, signal } = order;
      assertWanted(signal, name);
      proof.assertCovers({ server, operation });
      locks.loading.giveWay(null);
      await locks.start.runExclusive(async () => {
        if (await runsAlready(machine, { server, operation, snapshot: null })) return;
        const drive = driveNamed(rack, driveName);
        assertPath(machine, drive);
        await assertConnected(rack, drive, name);
        const disk = await bootDisk(rack, drive, { server, operation, signal });
        await dropArmed(rack, machine);
        await startBooting(rack, machine, { server, operation, drive: driveName, disk, signal });
      });
    },

    guest: (signal) => guestOf(rack, machine, signal),
  };
}

interface Boot {
  readonly server: string;
  readonly operation: string;
  readonly drive: string;
  readonly disk: Parameters<typeof startQemu>[1]['disk'];
  readonly signal: AbortSignal;
}

async function startBooting(rack: QemuRack, machine: QemuMachine, boot: Boot): Promise<void> {
  const { server, operation, drive, disk, signal } = boot;
  // The server keeps its own definition wherever it boots.
  const identity = rack.machines.get(server) ?? machine;
  const record: LaunchRecord = {
    launch: newLaunchId(),
    phase: 'running',
    server,
    snapshot: null,
    drive,
    disk: disk.file.filename,
    operation,
    definition: identity.definition,
    startedAtMs: rack.clock.now(),
    pid: null,
    orderedOffAtMs: null,
    goneAtMs: null,
  };
  const { control } = await startQemu(machine, {
    record,
    server,
    definition: identity.definition,
    disk,
    backends: backendsOf(machine, identity),
    memory: null,
    signal,
  });
  control.close();
}

/**
 * Whether the machine already runs what is to be started, by the same order.
 * @throws {HardwareError} `refused` when it runs anything else.
 */
export async function runsAlready(
  machine: QemuMachine,
  wanted: { readonly server: string; readonly operation: string; readonly snapshot: string | null },
): Promise<boolean> {
  const seen = await lookRunning(machine);
  if (seen === null) return false;
  const { server, operation, snapshot } = seen.record;
  if (server === wanted.server && operation === wanted.operation && snapshot === wanted.snapshot) return true;
  const text = `${machine.name} already runs ${server} (pid ${seen.process.pid}), ordered by ${operation ?? 'nobody'}`;
  throw new HardwareError('refused', machine.name, text);
}

/**
 * Ends whatever there is of the machine: `quit`, and SIGKILL of this very process if that is not enough. Whoever
 * calls holds the lock of its starts.
 */
export async function switchOff(rack: QemuRack, machine: QemuMachine): Promise<void> {
  const seen = await look(machine);
  if (seen === null) return;
  if (seen.record.phase === 'armed') {
    await dropArmed(rack, machine);
    return;
  }
  await writeLaunchRecord(machine.folder, { ...seen.record, orderedOffAtMs: rack.clock.now() });
  if (!isLive(seen)) return;
  await askToQuit(machine, seen);
  if (await isGoneWithin(seen.process, QUIT_MS)) return;
  await killProcess(seen.process);
  if (await isGoneWithin(seen.process, KILL_MS)) return;
  const text =
    `${machine.name}: process ${seen.process.pid} is still there after SIGKILL; ` +
    'it waits for a disk that does not answer. Restore or detach that disk';
  throw new HardwareError('no-answer', machine.name, text);
}

async function askToQuit(machine: QemuMachine, seen: LiveSighting): Promise<void> {
  const stop = AbortSignal.timeout(QUIT_MS);
  try {
    await onStatusMonitor(machine, seen, (monitor) => monitor.execute('quit', {}, { signal: stop }), stop);
  } catch {
    // A machine that hangs does not answer, and one that ends may not: the process table says what became of it.
  }
}
