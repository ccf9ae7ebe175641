import { join } from 'node:path';

/**
 * Monitor sockets of a machine; QEMU serves one client of each at a time. `control`: snapshots and waking.
 * `status`: short questions, and `quit`. `events`: the one that listens. `guard`: whoever has to let the server
 * run on when the others cannot.
 */
export const MONITORS = ['control', 'status', 'events', 'guard'] as const;
export type Monitor = (typeof MONITORS)[number];

/** One start of a machine: a folder of its own, so that nothing of an earlier one is taken for it. */
export interface Launch {
  readonly id: string;
  readonly folder: string;
  readonly pidFile: string;
  readonly consoleSocket: string;
  readonly consoleLog: string;
  /** What QEMU itself says. */
  readonly qemuLog: string;
  monitor(name: Monitor): string;
}

/** Longest path of a UNIX socket on Linux, without the final zero (`unix(7)`). */
export const MAX_SOCKET_PATH = 107;

export function launchIn(machineFolder: string, id: string): Launch {
  const folder = join(machineFolder, id);
  return {
    id,
    folder,
    pidFile: join(folder, 'pid'),
    consoleSocket: join(folder, 'console.sock'),
    consoleLog: join(folder, 'console.log'),
    qemuLog: join(folder, 'qemu.log'),
    monitor: (name) => join(folder, `${name}.sock`),
  };
}
