import { HardwareError, type StandbyCapability } from '../contract.js';
import { armedWith, dropArmed } from './armed.js';
import { assertPath, assertWanted, driveNamed, type QemuMachine, type QemuRack } from './rack.js';
import { lookRunning } from './sighting.js';
import { loadSnapshot, wakeable } from './load.js';

/** Standby over QEMU: a process that has loaded the memory and waits, with its disk not yet opened for writing. */
export function qemuStandby(rack: QemuRack, machine: QemuMachine): StandbyCapability {
  const { name, locks } = machine;
  return {
    async arm({ server, snapshot, drive: driveName, signal }) {
      assertWanted(signal, name);
      await locks.start.runExclusive(async () => {
        assertWanted(signal, name);
        const running = await lookRunning(machine);
        if (running !== null) {
          throw new HardwareError(
            'refused',
            name,
            `${name} runs ${running.record.server}; it cannot stand by`,
          );
        }
        const drive = driveNamed(rack, driveName);
        assertPath(machine, drive);
        if ((await armedWith(machine))?.record.snapshot === snapshot) return;
        const manifest = await wakeable(rack, machine, { server, snapshot, drive, signal });
        await dropArmed(rack, machine);
        const loaded = await loadSnapshot(rack, machine, { manifest, drive, signal });
        loaded.control.close();
      });
    },

    async disarm({ signal }) {
      assertWanted(signal, name);
      await locks.start.runExclusive(() => dropArmed(rack, machine));
    },

    async armed() {
      return (await armedWith(machine))?.record.snapshot ?? null;
    },
  };
}
