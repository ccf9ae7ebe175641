import { HardwareError, type StandbyCapability } from '../contract.js';
import { armedWith, dropArmed } from './armed.js';
import {
  assertPath,
  assertWanted,
  directoryOf,
  driveNamed,
  type QemuMachine,
  type QemuRack,
} from './rack.js';
import { lookRunning } from './sighting.js';
import { loadSnapshot, wakeable, type Load } from './load.js';

/** Standby over QEMU: a process that has loaded the memory and waits, with its disk not yet opened for writing. */
export function qemuStandby(rack: QemuRack, machine: QemuMachine): StandbyCapability {
  const { name, locks } = machine;
  return {
    async arm({ server, snapshot, drive, signal }) {
      assertWanted(signal, name);
      locks.loading.giveWay(snapshot);
      await locks.loading.run(snapshot, signal, (until) =>
        locks.start.runExclusive(() => arm(rack, machine, { server, snapshot, drive, signal: until })),
      );
    },

    async disarm({ signal }) {
      assertWanted(signal, name);
      locks.loading.giveWay(null);
      await locks.start.runExclusive(() => dropArmed(rack, machine));
    },

    async armed() {
      return (await armedWith(machine))?.record.snapshot ?? null;
    },
  };
}

interface Wanted {
  readonly server: string;
  readonly snapshot: string;
  readonly drive: string;
  readonly signal: AbortSignal;
}

async function arm(rack: QemuRack, machine: QemuMachine, wanted: Wanted): Promise<void> {
  const { server, snapshot, drive: driveName, signal } = wanted;
  const { name } = machine;
  assertWanted(signal, name);
  const running = await lookRunning(machine);
  if (running !== null) {
    const text = `${name} runs ${running.record.server}; it cannot stand by`;
    throw new HardwareError('refused', name, text);
  }
  const drive = driveNamed(rack, driveName);
  assertPath(machine, drive);
  if ((await armedWith(machine))?.record.snapshot === snapshot) return;
  const manifest = await wakeable(rack, machine, { server, snapshot, drive, signal });
  await dropArmed(rack, machine);
  await loadChecked(rack, machine, { manifest, drive, signal });
}

/** Loads and reads back at the same time: nothing of what is loaded runs before its checksum is known. */
async function loadChecked(rack: QemuRack, machine: QemuMachine, load: Load): Promise<void> {
  const { manifest, drive, signal } = load;
  const { snapshot } = manifest;
  const [loaded, verdict] = await Promise.allSettled([
    loadSnapshot(rack, machine, load),
    rack.helper.call('verify', drive.name, { directory: directoryOf(drive), snapshot }, signal),
  ]);
  if (loaded.status === 'fulfilled') loaded.value.control.close();
  if (loaded.status === 'fulfilled' && verdict.status === 'fulfilled' && verdict.value === 'ok') return;
  await dropArmed(rack, machine);
  if (verdict.status === 'rejected') throw verdict.reason;
  if (verdict.value === 'ok' && loaded.status === 'rejected') throw loaded.reason;
  const what = verdict.value === 'absent' ? 'is not there any more' : 'does not match its checksum';
  const code = verdict.value === 'absent' ? 'absent' : 'damaged';
  throw new HardwareError(code, snapshot, `${snapshot} on ${drive.name} ${what}`);
}
