import type { MachineEntry } from '../contract.js';
import type { MachineSettings } from './settings.js';

/**
 * What a guest sees of its machine. A saved memory only fits a machine of the very same definition, so it is
 * stored with each snapshot and the backup is started by it.
 */
export interface MachineDefinition {
  readonly machine: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly accel: 'kvm' | 'tcg';
  readonly memoryBytes: number;
  readonly kernel: string | null;
  readonly initrd: string | null;
  readonly append: string | null;
  readonly network: readonly { readonly mac: string; readonly model: string }[];
  readonly arguments: readonly string[];
}

/** The definition that the inventory gives a server. */
export function definitionOf({ memoryBytes }: MachineEntry, settings: MachineSettings): MachineDefinition {
  const { machine, cpu, cpus, accel, kernel, initrd, append } = settings;
  return {
    machine,
    cpu,
    cpus,
    accel,
    memoryBytes,
    kernel,
    initrd,
    append,
    network: settings.network.map(({ mac, model }) => ({ mac, model })),
    arguments: settings.arguments,
  };
}

export const DEFINITION_SCHEMA = {
  type: 'object',
  required: [
    'machine',
    'cpu',
    'cpus',
    'accel',
    'memoryBytes',
    'kernel',
    'initrd',
    'append',
    'network',
    'arguments',
  ],
  properties: {
    machine: { type: 'string' },
    cpu: { type: 'string' },
    cpus: { type: 'integer' },
    accel: { enum: ['kvm', 'tcg'] },
    memoryBytes: { type: 'integer' },
    kernel: { type: ['string', 'null'] },
    initrd: { type: ['string', 'null'] },
    append: { type: ['string', 'null'] },
    network: {
      type: 'array',
      items: {
        type: 'object',
        required: ['mac', 'model'],
        properties: { mac: { type: 'string' }, model: { type: 'string' } },
      },
    },
    arguments: { type: 'array', items: { type: 'string' } },
  },
} as const;
