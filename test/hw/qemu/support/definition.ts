import type { MachineDefinition } from '../../../../src/hw/qemu/definition.js';

/** A machine of which nothing is special. */
export const DEFINITION: MachineDefinition = {
  machine: 'pc-q35-7.2',
  accel: 'kvm',
  cpu: 'qemu64',
  cpus: 1,
  memoryBytes: 2 ** 28,
  kernel: null,
  initrd: null,
  append: null,
  network: [],
  arguments: [],
};
