import type { MachineDefinition } from './definition.js';
import type { Launch } from './launch-folder.js';
import { MONITORS } from './launch-folder.js';
import type { NetworkBackend } from './settings.js';
import type { ImageNode } from './qmp/commands.js';

/** Name of the block node that the guest's disk shows. */
export const DISK_NODE = 'disk';
/** QOM path of the guest's disk. */
export const DISK_DEVICE = '/machine/peripheral/system-disk';

/** File descriptor on which a machine that is to be woken finds the saved memory. */
export const MEMORY_FD = 3;

export interface CommandLine {
  readonly launch: Launch;
  readonly server: string;
  readonly definition: MachineDefinition;
  readonly disk: ImageNode;
  /** What each network card is plugged into on this host, in the order of the cards. */
  readonly backends: readonly NetworkBackend[];
  /** Waits for saved memory instead of booting. */
  readonly incoming: boolean;
}

/** The arguments of QEMU. Values come from checked settings; none can add an option of its own. */
export function argumentsFor(line: CommandLine): readonly string[] {
  const { launch, server, definition, disk, incoming } = line;
  const { machine, accel, cpu, cpus, memoryBytes, kernel, initrd, append } = definition;
  return [
    ...['-name', server],
    ...['-machine', `${machine},accel=${accel}`],
    ...['-cpu', cpu],
    ...['-smp', String(cpus)],
    ...['-m', `${memoryBytes / 2 ** 20}M`],
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    // A guest that switches itself off leaves a process that says so, for whoever comes to ask.
    ...['-action', 'shutdown=pause'],
    ...sandbox(line),
    ...['-pidfile', launch.pidFile],
    ...MONITORS.flatMap((name) => [
      ...['-chardev', `socket,id=${name},path=${escaped(launch.monitor(name))},server=on,wait=off`],
      ...['-mon', `chardev=${name},mode=control`],
    ]),
    ...[
      '-chardev',
      `socket,id=console,path=${escaped(launch.consoleSocket)},server=on,wait=off,logfile=${escaped(launch.consoleLog)}`,
    ],
    ...['-serial', 'chardev:console'],
    ...['-blockdev', JSON.stringify(disk)],
    ...['-device', `virtio-blk-pci,drive=${DISK_NODE},id=system-disk`],
    ...network(line),
    ...(kernel === null ? [] : ['-kernel', kernel]),
    ...(initrd === null ? [] : ['-initrd', initrd]),
    ...(append === null ? [] : ['-append', append]),
    ...definition.arguments,
    ...(incoming ? ['-S', '-incoming', 'defer'] : []),
  ];
}

/** A bridge is reached by a helper program that QEMU has to start; nothing else needs one. */
function sandbox({ backends }: CommandLine): readonly string[] {
  const helper = backends.some(({ type }) => type === 'bridge');
  return [
    '-sandbox',
    `on,obsolete=deny,resourcecontrol=deny${helper ? '' : ',elevateprivileges=deny,spawn=deny'}`,
  ];
}

function network({ definition, backends }: CommandLine): readonly string[] {
  return definition.network.flatMap(({ mac, model }, index) => [
    ...['-netdev', netdev(`net${index}`, backends[index] ?? { type: 'user', restricted: true })],
    ...['-device', `${model},netdev=net${index},mac=${mac},id=card${index}`],
  ]);
}

function netdev(id: string, backend: NetworkBackend): string {
  switch (backend.type) {
    case 'bridge':
      return `bridge,id=${id},br=${backend.bridge}`;
    case 'tap':
      return `tap,id=${id},ifname=${backend.interface},script=no,downscript=no`;
    case 'user':
      return `user,id=${id},restrict=${backend.restricted ? 'on' : 'off'}`;
  }
}

/** A comma ends a value in QEMU's option syntax; two of them are one. */
function escaped(path: string): string {
  return path.replaceAll(',', ',,');
}
