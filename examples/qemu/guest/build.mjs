/**
 * Builds a guest for QEMU: Debian's cloud kernel, and an initial RAM disk that holds `init.c` as process 1 and the
 * kernel modules that it needs. Prints where both are, as JSON: `{"kernel": FILE, "initrd": FILE}`.
 *
 * Needs gcc, cpio and linux-image-cloud-amd64. What was built is kept among the temporary files, once for each
 * content.
 */
import { execFileSync } from 'node:child_process';
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
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const SOURCE = join(import.meta.dirname, 'init.c');
const MODULES = [
  ...['virtio_ring', 'virtio', 'virtio_pci_modern_dev', 'virtio_pci_legacy_dev', 'virtio_pci', 'virtio_blk'],
  ...['pvpanic', 'pvpanic-mmio', 'pvpanic-pci'],
];

const kernel = newestKernel();
const version = kernel.slice('/boot/vmlinuz-'.length);
const digest = createHash('sha256').update(readFileSync(SOURCE)).update(version).digest('hex').slice(0, 16);
const initrd = join(tmpdir(), `rekindle-guest-${digest}.gz`);
if (!existsSync(initrd)) build();
console.log(JSON.stringify({ kernel, initrd }));

function newestKernel() {
  const kernels = readdirSync('/boot').filter((name) => /^vmlinuz-.*-cloud-amd64$/.test(name));
  const newest = kernels.toSorted((a, b) => a.localeCompare(b, undefined, { numeric: true })).at(-1);
  if (newest === undefined)
    throw new Error('no cloud kernel in /boot: apt-get install linux-image-cloud-amd64');
  return join('/boot', newest);
}

function build() {
  const folder = mkdtempSync(join(tmpdir(), 'rekindle-guest-'));
  try {
    const root = join(folder, 'root');
    mkdirSync(join(root, 'modules'), { recursive: true });
    execFileSync('gcc', ['-O2', '-Wall', '-static', '-o', join(root, 'init'), SOURCE]);
    const modules = readdirSync(`/lib/modules/${version}`, { recursive: true, encoding: 'utf8' });
    for (const name of MODULES) {
      const file = modules.find((one) => basename(one) === `${name}.ko`);
      if (file !== undefined)
        copyFileSync(join('/lib/modules', version, file), join(root, 'modules', `${name}.ko`));
    }
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).join('\n');
    const options = { cwd: root, input: `${files}\n`, maxBuffer: 64 * 2 ** 20 };
    const archive = execFileSync('cpio', ['-o', '-H', 'newc', '--quiet'], options);
    writeFileSync(join(folder, 'initrd.gz'), gzipSync(archive));
    // Two may build at the same time; whoever comes last changes nothing.
    renameSync(join(folder, 'initrd.gz'), initrd);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
