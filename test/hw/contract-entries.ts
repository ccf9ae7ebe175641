import type { DriveEntry, MachineEntry } from '../../src/hw/contract.js';

const GiB = 2 ** 30;

/** A small rack: two active servers with their disks, a backup, two drives for snapshots, one out of reach. */
export interface ContractEntries {
  /** An active server; it runs when the rig is handed out. */
  readonly active: MachineEntry & { readonly disk: string };
  /** Another active server that nothing happens to. */
  readonly bystander: MachineEntry & { readonly disk: string };
  /** Off, with a path to everything that `active` has a path to. */
  readonly backup: MachineEntry;
  /** The drives: the two disks, two for snapshots, and one to which no machine has a path. */
  readonly drives: readonly DriveEntry[];
  readonly first: DriveEntry;
  readonly second: DriveEntry;
  readonly outOfReach: DriveEntry;
}

/** The entries that a rig of this contract needs, for drivers whose hardware can be declared freely. */
export function contractEntries(): ContractEntries {
  const drive = (name: string, device: string): DriveEntry => ({
    name,
    device,
    capacityBytes: 64 * GiB,
    settings: {},
  });
  const server = (name: string, disk: string): MachineEntry & { readonly disk: string } => ({
    name,
    role: 'active',
    memoryBytes: 4 * GiB,
    disk,
    reaches: ['array-1', 'array-2'],
    settings: {},
  });
  const first = drive('d1', 'array-1');
  const second = drive('d2', 'array-2');
  const outOfReach = drive('d9', 'array-9');
  return {
    active: server('web-1', 'disk-1'),
    bystander: server('web-2', 'disk-2'),
    backup: { ...server('spare-1', ''), role: 'backup', disk: null, memoryBytes: 8 * GiB },
    drives: [drive('disk-1', 'array-1'), drive('disk-2', 'array-1'), first, second, outOfReach],
    first,
    second,
    outOfReach,
  };
}
