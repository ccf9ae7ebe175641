import { HardwareError } from '../contract.js';
import { isGoneWithin, killProcess } from './process.js';
import { directoryOf, type QemuMachine, type QemuRack } from './rack.js';
import { isLive, look, type LiveSighting } from './sighting.js';

const KILL_MS = 5_000;

/** The live process that holds a snapshot ready; null when none does. */
export async function armedWith(machine: QemuMachine): Promise<LiveSighting | null> {
  const seen = await look(machine);
  return seen !== null && isLive(seen) && seen.record.phase === 'armed' ? seen : null;
}

/** Ends what is armed on the machine, and removes the disk that it would have written to. */
export async function dropArmed(rack: QemuRack, machine: QemuMachine): Promise<void> {
  const seen = await look(machine);
  if (seen?.record.phase !== 'armed') return;
  if (isLive(seen)) {
    // It runs nothing and has written nothing: there is nothing to end in order.
    await killProcess(seen.process);
    if (!(await isGoneWithin(seen.process, KILL_MS))) {
      const text = `${machine.name}: process ${seen.process.pid} is still there after SIGKILL`;
      throw new HardwareError('no-answer', machine.name, text);
    }
  }
  const drive = rack.drives.get(seen.record.drive);
  if (drive === undefined) return;
  const args = { directory: directoryOf(drive), launch: seen.record.launch };
  await rack.helper.call('discardRun', drive.name, args, AbortSignal.timeout(KILL_MS)).catch(() => {
    // A drive that is gone or hangs keeps the remains; they go when it next collects.
  });
}

/** Lets go of a snapshot that is to be removed, on whatever machine it is held ready. */
export async function disarmSnapshot(rack: QemuRack, snapshot: string): Promise<void> {
  for (const machine of rack.machines.values()) {
    if ((await armedWith(machine))?.record.snapshot !== snapshot) continue;
    await machine.locks.start.runExclusive(async () => {
      if ((await armedWith(machine))?.record.snapshot === snapshot) await dropArmed(rack, machine);
    });
  }
}
