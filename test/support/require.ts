/**
 * Suites that need more than Node: on a user's machine they are skipped, visibly and with the reason; where
 * everything must run (`REKINDLE_REQUIRE=all`, as in CI) a missing component fails them.
 */
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';

/** What a suite may need, and where it comes from: an executable on the PATH, but for the last two. */
const COMPONENTS = {
  'prometheus-alertmanager': 'apt-get install prometheus-alertmanager',
  'qemu-system-x86_64': 'apt-get install qemu-system-x86',
  'qemu-img': 'apt-get install qemu-utils',
  gcc: 'apt-get install gcc libc6-dev',
  cpio: 'apt-get install cpio',
  openssl: 'apt-get install openssl',
  'cloud kernel': 'apt-get install linux-image-cloud-amd64',
  root: 'run as root: the suite mounts file systems',
} as const satisfies Record<string, string>;

export type Component = keyof typeof COMPONENTS;

/** A `describe` for a suite that needs `components`. */
export function describeSuite(name: string, components: readonly Component[], suite: () => void): void {
  const missing = components.filter((component) => !isInstalled(component));
  if (missing.length === 0) {
    describe(name, suite);
    return;
  }
  const why = missing
    .map((component) => `${component} is not installed (${COMPONENTS[component]})`)
    .join('; ');
  if (process.env.REKINDLE_REQUIRE === 'all') {
    describe(name, () => {
      it('finds what it needs', () => {
        throw new Error(`${why}, and REKINDLE_REQUIRE=all lets no suite be skipped`);
      });
    });
    return;
  }
  console.warn(`skipped: ${name}: ${why}`);
  describe.skip(`${name} (skipped: ${why})`, suite);
}

function isInstalled(component: Component): boolean {
  if (component === 'root') return process.getuid?.() === 0;
  return component === 'cloud kernel' ? hasCloudKernel() : isOnPath(component);
}

function hasCloudKernel(): boolean {
  try {
    return readdirSync('/boot').some((name) => /^vmlinuz-.*-cloud-amd64$/.test(name));
  } catch {
    return false;
  }
}

function isOnPath(executable: string): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => {
    try {
      accessSync(join(folder, executable), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
