import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const run = promisify(execFile);
const SOURCE = join(import.meta.dirname, 'guest/init.c');
const MODULES = [
  ...['virtio_ring', 'virtio', 'virtio_pci_modern_dev', 'virtio_pci_legacy_dev', 'virtio_pci', 'virtio_blk'],
  ...['pvpanic', 'pvpanic-mmio', 'pvpanic-pci'],
];

/** What a machine boots: Debian's cloud kernel, and an initial RAM disk that holds our process 1 and its drivers. */
export interface Guest {
  readonly kernel: string;
  readonly initrd: string;
}

/** Builds the guest, once for each content: the result is kept among the temporary files. */
export async function buildGuest(): Promise<Guest> {
  const kernel = newestKernel();
  const version = kernel.slice('/boot/vmlinuz-'.length);
  const digest = createHash('sha256').update(readFileSync(SOURCE)).update(version).digest('hex').slice(0, 16);
  const initrd = join(tmpdir(), `rekindle-guest-${digest}.gz`);
  if (!existsSync(initrd)) await build(version, initrd);
  return { kernel, initrd };
}

function newestKernel(): string {
  const kernels = readdirSync('/boot').filter((name) => /^vmlinuz-.*-cloud-amd64$/.test(name));
  const newest = kernels.toSorted((a, b) => a.localeCompare(b, undefined, { numeric: true })).at(-1);
  if (newest === undefined)
    throw new Error('no cloud kernel in /boot: apt-get install linux-image-cloud-amd64');
  return join('/boot', newest);
}

async function build(version: string, initrd: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'rekindle-guest-'));
  try {
    const root = join(folder, 'root');
    mkdirSync(join(root, 'modules'), { recursive: true });
    await run('gcc', ['-O2', '-Wall', '-static', '-o', join(root, 'init'), SOURCE]);
    const { stdout } = await run('find', [`/lib/modules/${version}/`, '-name', '*.ko']);
    const found = new Map(stdout.split('\n').map((path) => [path.slice(path.lastIndexOf('/') + 1), path]));
    for (const name of MODULES) {
      const path = found.get(`${name}.ko`);
      if (path !== undefined) copyFileSync(path, join(root, 'modules', `${name}.ko`));
    }
    const archive = await run('sh', ['-c', 'find . | cpio -o -H newc --quiet'], {
      cwd: root,
      encoding: 'buffer',
      maxBuffer: 64 * 2 ** 20,
    });
    await writeFile(join(folder, 'initrd.gz'), gzipSync(archive.stdout));
    // Two test workers may build at the same time; whoever comes last changes nothing.
    renameSync(join(folder, 'initrd.gz'), initrd);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
