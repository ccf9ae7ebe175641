import type { Drive, DriverReference, Inventory, Machine } from '../policy-set.js';
import { NAME_PATH } from './corpus.js';
import type { Written } from './kinds.js';
import { byteSize, originOf } from './normalise-values.js';
import type { Checked } from './structure.js';

type Spec = Written<'Inventory'>['spec'];

export function toInventory(checked: Checked<'Inventory'>): Inventory {
  const { spec, metadata } = checked.body;
  return {
    name: metadata.name,
    origin: originOf(checked, NAME_PATH),
    devices: byName(spec.devices.map(({ name, labels = {} }) => ({ name, labels }))),
    drives: byName(spec.drives.map((drive) => toDrive(drive, checked.body))),
    machines: byName(spec.servers.map((server, index) => toMachine(checked, server, index))),
  };
}

export function toMachine(
  checked: Checked<'Inventory'>,
  server: Spec['servers'][number],
  index: number,
): Machine {
  return {
    name: server.name,
    role: server.role,
    labels: server.labels ?? {},
    memoryBytes: byteSize(server.memory),
    disk: server.disk ?? null,
    reaches: server.reaches,
    driver: toDriver(server.driver),
    origin: originOf(checked, ['spec', 'servers', index, 'name']),
  };
}

/** The labels of a drive: those of its device, and its own over them. */
export function driveLabels(drive: Spec['drives'][number], inventory: Written<'Inventory'>): Drive['labels'] {
  const device = inventory.spec.devices.find(({ name }) => name === drive.device);
  return { ...device?.labels, ...drive.labels };
}

function toDrive(drive: Spec['drives'][number], inventory: Written<'Inventory'>): Drive {
  return {
    name: drive.name,
    device: drive.device,
    labels: driveLabels(drive, inventory),
    capacityBytes: byteSize(drive.capacity),
    serial: drive.serial ?? null,
    quarantined: drive.quarantined ?? false,
    driver: toDriver(drive.driver),
  };
}

/** The schema lets exactly one driver pass. */
function toDriver(driver: Spec['drives'][number]['driver']): DriverReference {
  const [name = '', settings = {}] = Object.entries(driver)[0] ?? [];
  return { name, settings };
}

function byName<T extends { readonly name: string }>(entries: readonly T[]): ReadonlyMap<string, T> {
  return new Map(entries.map((entry) => [entry.name, entry]));
}
