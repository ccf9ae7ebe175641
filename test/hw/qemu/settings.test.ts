import { describe, expect, it } from 'vitest';
import type { DriveEntry, MachineEntry } from '../../../src/hw/contract.js';
import { HardwareError } from '../../../src/hw/contract.js';
import { driveSettings, machineSettings } from '../../../src/hw/qemu/settings.js';

function machine(settings: MachineEntry['settings']): MachineEntry {
  return { name: 'web-1', role: 'active', memoryBytes: 2 ** 28, disk: 'd', reaches: [], settings };
}

function drive(settings: DriveEntry['settings']): DriveEntry {
  return { name: 'd1', device: 'array-1', capacityBytes: 2 ** 30, settings };
}

function problemOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof HardwareError && error.code === 'driver-settings') return error.message;
    throw error;
  }
  return 'none';
}

describe('further arguments of QEMU', () => {
  it.each([
    [['-device', 'pvpanic']],
    [['-device', 'virtio-rng-pci,rng=r0', '-object', 'rng-random,id=r0,filename=/dev/urandom']],
    [['-rtc', 'base=utc,clock=host', '-uuid', '6f1c0de2-6a3c-4a0e-9f39-7d2b3c1a0d11']],
    [['-action', 'panic=pause,watchdog=reset']],
  ])('that stay within the guest are taken: %o', (args) => {
    expect(machineSettings(machine({ arguments: args })).arguments).toEqual(args);
  });

  it.each([
    ['another monitor', ['-qmp', 'unix:/tmp/x,server=on']],
    ['another disk', ['-drive', 'file=/etc/shadow']],
    ['another disk as a device', ['-device', 'virtio-blk-pci,drive=disk']],
    ['a file of the host', ['-object', 'rng-random,id=r,filename=/etc/shadow']],
    ['a shell', ['-netdev', 'tap,id=n,script=/tmp/x']],
    ['what the driver sets itself', ['-action', 'shutdown=poweroff']],
    ['one with a second option in it', ['-device', 'pvpanic -qmp stdio']],
    ['one that is inherited by every object', ['constructor', 'x']],
    ['one without its value', ['-rtc']],
  ])('that are not are refused: %s', (_what, args) => {
    expect(problemOf(() => machineSettings(machine({ arguments: args })))).toMatch(/^arguments: /);
  });
});

describe('a machine', () => {
  it('has defaults for everything', () => {
    expect(machineSettings(machine({}))).toMatchObject({
      binary: 'qemu-system-x86_64',
      accel: 'kvm',
      heartbeat: 'none',
      kernel: null,
      network: [],
    });
  });

  it.each([
    ['a machine type without its version', { machine: 'q35' }, 'machine must match pattern'],
    ['an unknown setting', { memroy: 1 }, 'must NOT have additional properties (memroy)'],
    [
      'a MAC address of many',
      { network: [{ mac: '01:00:5e:00:00:01' }] },
      'network.0.mac must match pattern',
    ],
    ['a path that is not whole', { kernel: 'vmlinuz' }, 'kernel must match pattern'],
    ['a RAM disk without a kernel', { initrd: '/boot/initrd' }, 'kernel'],
    ['a program with arguments in it', { binary: 'qemu -qmp stdio' }, 'binary must match pattern'],
    [
      'a card in two sockets',
      { network: [{ mac: '52:54:00:00:00:01', bridge: 'br0', tap: 'tap0' }] },
      'network[0] is plugged into two things',
    ],
  ])('with %s is refused', (_what, settings, words) => {
    expect(problemOf(() => machineSettings(machine(settings)))).toContain(words);
  });
});

describe('a drive', () => {
  it('is a directory or a block device', () => {
    expect(driveSettings(drive({ directory: '/mnt/d1' }))).toEqual({
      kind: 'directory',
      directory: '/mnt/d1',
      image: 'disk.img',
      format: 'raw',
    });
    expect(driveSettings(drive({ device: '/dev/vdb' }))).toMatchObject({
      kind: 'device',
      device: '/dev/vdb',
    });
  });

  it.each([
    ['neither', {}, 'needs `directory`'],
    ['both', { directory: '/mnt/d1', device: '/dev/vdb' }, 'directory'],
    ['a device elsewhere', { device: '/tmp/image' }, 'device must match pattern'],
    ['an image in another place', { directory: '/mnt/d1', image: '../secret' }, 'image must match pattern'],
  ])('that is %s is refused', (_what, settings, words) => {
    expect(problemOf(() => driveSettings(drive(settings)))).toContain(words);
  });
});
