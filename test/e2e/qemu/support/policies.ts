import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DriveEntry, MachineEntry } from '../../../../src/hw/contract.js';
import { MiB } from './qemu.js';

/** Policies for the given QEMU machines, as a folder of documents. JSON is YAML. */
export function writePolicies(
  folder: string,
  {
    machines,
    drives,
    restart = {},
  }: {
    readonly machines: readonly MachineEntry[];
    readonly drives: readonly DriveEntry[];
    /** What the RestartPolicy says beside the usual. */
    readonly restart?: object;
  },
): string {
  const policies = join(folder, 'policies');
  mkdirSync(policies, { recursive: true });
  const documents = [inventory(machines, drives), OVERHEATING, SPREAD, restartPolicy(restart)];
  documents.forEach((document, index) => {
    writeFileSync(join(policies, `${index}.yaml`), JSON.stringify(document, null, 2));
  });
  return policies;
}

function document(kind: string, name: string, spec: object): object {
  return { apiVersion: 'rekindle/v1', kind, metadata: { name }, spec };
}

function inventory(machines: readonly MachineEntry[], drives: readonly DriveEntry[]): object {
  return document('Inventory', 'host', {
    devices: [...new Set(drives.map(({ device }) => device))].map((name) => ({ name })),
    drives: drives.map(({ name, device, capacityBytes, settings }) => ({
      name,
      device,
      capacity: `${capacityBytes / MiB}Mi`,
      driver: { qemu: settings },
    })),
    servers: machines.map(({ name, role, memoryBytes, disk, reaches, settings }) => ({
      name,
      role,
      memory: `${memoryBytes / MiB}Mi`,
      ...(disk === null ? {} : { disk }),
      reaches,
      driver: { qemu: settings },
    })),
  });
}

const OVERHEATING = document('AlertPolicy', 'overheating', {
  when: {
    all: [{ fact: 'alert', path: '$.labels.alertname', operator: 'equal', value: 'NodeTemperatureHigh' }],
  },
  condition: 'overheating',
  cause: 'hardware',
  snapshot: { placement: 'spread', cooldown: '1s', deadline: '60s' },
});

const SPREAD = document('PlacementPolicy', 'spread', { prefer: [{ weight: 10, most: 'freeBytes' }] });

function restartPolicy(more: object): object {
  return document('RestartPolicy', 'all', {
    snapshots: [{ condition: 'matching', newest: true }, { condition: 'any' }],
    coldBoot: 'never',
    placement: 'spread',
    afterTakeover: 'nothing',
    sequence: { verify: { heartbeatWithin: '20s' } },
    guard: { cooldown: '1s', minHealthy: '0%' },
    ...more,
  });
}
