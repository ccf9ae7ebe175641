import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** QEMU that the tests run on: Debian's own, or another one that `REKINDLE_QEMU` names. */
export const QEMU_BINARY = process.env.REKINDLE_QEMU ?? 'qemu-system-x86_64';
export const QEMU_IMG = process.env.REKINDLE_QEMU_IMG ?? 'qemu-img';

export const MiB = 2 ** 20;

const DIST = resolve(import.meta.dirname, '../../../../dist');

/** The compiled programs that the driver runs in processes of their own. */
export const PROGRAMS = {
  driveHelper: resolve(DIST, 'hw/qemu/drive/helper-main.js'),
  sink: resolve(DIST, 'hw/qemu/snapshot/sink-main.js'),
};

if (!existsSync(PROGRAMS.sink)) throw new Error('the program is not built: npm run build');
