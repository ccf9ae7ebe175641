import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const BUILD = resolve(import.meta.dirname, '../../../../examples/qemu/guest/build.mjs');

/** What a machine boots: Debian's cloud kernel, and an initial RAM disk that holds our process 1 and its drivers. */
export interface Guest {
  readonly kernel: string;
  readonly initrd: string;
}

/** Builds the guest of the example, once for each content. */
export async function buildGuest(): Promise<Guest> {
  const { stdout } = await run(process.execPath, [BUILD]);
  return JSON.parse(stdout) as Guest;
}

/** The kernel's command line. Numbers are those of the guest's options. */
export function guestArguments(options: Readonly<Record<string, number>> = {}): string {
  const ours = Object.entries(options).map(([name, value]) => `rk.${name}=${value}`);
  return [
    'console=ttyS0',
    'quiet',
    'panic=-1',
    'mitigations=off',
    'no_timer_check',
    'tsc=reliable',
    'nokaslr',
    ...ours,
  ].join(' ');
}
