import type { Device, Drive, Inventory, Machine, Origin } from '../../../src/engine/policy-set.js';

export const GiB = 1024 ** 3;

const ORIGIN: Origin = { file: 'rack.yaml', line: 1 };
const SIM = { name: 'sim', settings: {} };

export function device(name: string, labels: Device['labels'] = {}): Device {
  return { name, labels };
}

export function drive(name: string, device: string, more: Partial<Drive> = {}): Drive {
  return {
    name,
    device,
    labels: {},
    capacityBytes: 64 * GiB,
    serial: null,
    quarantined: false,
    driver: SIM,
    ...more,
  };
}

/** Runs from `disk`, reaches every device of {@link inventory}, has 4 GiB. */
export function activeServer(name: string, disk: string, more: Partial<Machine> = {}): Machine {
  return {
    name,
    role: 'active',
    labels: { tier: 'web', rack: 'a' },
    memoryBytes: 4 * GiB,
    disk,
    reaches: EVERY_DEVICE,
    driver: SIM,
    origin: ORIGIN,
    ...more,
  };
}

/** Reaches every device of {@link inventory}, has 8 GiB. */
export function backupServer(name: string, more: Partial<Machine> = {}): Machine {
  return {
    ...activeServer(name, ''),
    role: 'backup',
    disk: null,
    labels: { rack: 'b' },
    memoryBytes: 8 * GiB,
    ...more,
  };
}

const EVERY_DEVICE = ['array-a', 'array-b', 'array-c'];

interface Contents {
  readonly devices?: readonly Device[];
  readonly drives?: readonly Drive[];
  readonly machines?: readonly Machine[];
  /** Put in the place of what has the same name, or added. */
  readonly with?: { readonly drives?: readonly Drive[]; readonly machines?: readonly Machine[] };
}

/** `web-1` runs from `disk-1` on array-a; `d1`, `d2` and `d3` are on array-a, -b and -c; `spare-1` and `spare-2` wait. */
export function inventory(contents: Contents = {}): Inventory {
  const devices = contents.devices ?? [
    device('array-a', { enclosure: 'a' }),
    device('array-b', { enclosure: 'b' }),
    device('array-c', { enclosure: 'c' }),
  ];
  const drives = contents.drives ?? [
    drive('d1', 'array-a', { labels: { enclosure: 'a' } }),
    drive('d2', 'array-b', { labels: { enclosure: 'b' } }),
    drive('d3', 'array-c', { labels: { enclosure: 'c' } }),
    drive('disk-1', 'array-a', { labels: { enclosure: 'a' } }),
  ];
  const machines = contents.machines ?? [
    activeServer('web-1', 'disk-1'),
    backupServer('spare-1'),
    backupServer('spare-2'),
  ];
  return {
    name: 'rack-7',
    origin: ORIGIN,
    devices: byName(devices),
    drives: byName([...drives, ...(contents.with?.drives ?? [])]),
    machines: byName([...machines, ...(contents.with?.machines ?? [])]),
  };
}

function byName<T extends { readonly name: string }>(entries: readonly T[]): ReadonlyMap<string, T> {
  return new Map(entries.map((entry) => [entry.name, entry]));
}
