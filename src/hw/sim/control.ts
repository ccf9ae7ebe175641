import { HardwareError } from '../contract.js';
import { command, type RackCommand } from './commands.js';
import { memoryAt, type DiskContent, type MemoryContent } from './content.js';
import { diskAt } from './drives.js';
import { findDrive, findMachine, findSnapshot } from './edit.js';
import { guestOf, isAlive } from './power.js';
import type { RackHolder } from './rack.js';
import type { RackState } from './state.js';

/** The hand that reaches into the rack past every driver, and the eye that sees what is really there. */
export interface RackControl {
  /** @throws {HardwareError} `unknown-name`, `unsupported` or `absent`; nothing has changed then. */
  apply(order: RackCommand): Promise<void>;
  /** Everything, as of now. */
  state(): Promise<RackState>;
  /** What the machine has in memory now; null when nothing runs on it. */
  memoryOf(machine: string): Promise<MemoryContent | null>;
  /** The disk on the drive now, advancing while a server runs from it; null when there is none. */
  diskOf(drive: string): Promise<DiskContent | null>;
  /** What a snapshot holds, damage included; null when it is not on the drive. `memory` is null when cut off. */
  snapshotOf(
    drive: string,
    snapshot: string,
  ): Promise<{ readonly memory: MemoryContent | null; readonly disk: DiskContent } | null>;
  /** The machines on which the server is up and not halted, sorted: one, or something is wrong. */
  machinesRunning(server: string): Promise<readonly string[]>;
}

export function createRackControl(holder: RackHolder): RackControl {
  const look = <R>(at: (state: RackState, nowMs: number) => R): Promise<R> =>
    holder.apply((state, nowMs) => ({ state, result: at(state, nowMs) }));
  return {
    async apply(order) {
      const answer = await holder.apply(command(order));
      if (answer.ok) return;
      const { code, subject, message } = answer.failure;
      throw new HardwareError(code, subject, message);
    },
    state: () => look((state) => state),
    memoryOf: (name) =>
      look((state, nowMs) => {
        const machine = findMachine(state, name);
        const guest = machine && guestOf(machine);
        return guest ? memoryAt(guest, nowMs) : null;
      }),
    diskOf: (name) =>
      look((state, nowMs) => {
        const drive = findDrive(state, name);
        return drive ? diskAt(state, drive, nowMs) : null;
      }),
    snapshotOf: (name, id) =>
      look((state) => {
        const drive = findDrive(state, name);
        const stored = drive && findSnapshot(drive, id);
        return stored ? { memory: stored.memory, disk: stored.disk } : null;
      }),
    machinesRunning: (server) =>
      look((state, nowMs) =>
        state.machines
          .filter((machine) => {
            const guest = guestOf(machine);
            return guest?.server === server && isAlive(guest, nowMs);
          })
          .map(({ name }) => name),
      ),
  };
}
