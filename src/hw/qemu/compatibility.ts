import { stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { HardwareError } from '../contract.js';
import type { MachineDefinition } from './definition.js';
import type { QemuMachine } from './rack.js';
import { runProgram } from './run-program.js';

/** What one QEMU program can run. */
export interface QemuAbilities {
  /** `7.2.22` */
  readonly version: string;
  readonly machines: ReadonlySet<string>;
  readonly cpus: ReadonlySet<string>;
}

/** Remembers what programs said of themselves, as long as their files stay the same. */
export interface CompatibilityCache {
  /** @throws {HardwareError} `refused` when the program does not run or is not QEMU. */
  abilities(binary: string, subject: string, signal?: AbortSignal): Promise<QemuAbilities>;
}

export function createCompatibilityCache(): CompatibilityCache {
  const known = new Map<string, Promise<QemuAbilities>>();
  return {
    async abilities(binary, subject, signal) {
      const key = await fingerprint(binary, subject);
      const remembered = known.get(key);
      if (remembered !== undefined) return remembered;
      const asked = ask(binary, subject, signal);
      known.set(key, asked);
      // A program that could not be asked is asked again the next time.
      asked.catch(() => known.delete(key));
      return asked;
    },
  };
}

async function fingerprint(binary: string, subject: string): Promise<string> {
  const candidates = isAbsolute(binary)
    ? [binary]
    : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, binary));
  for (const path of candidates) {
    const found = await stat(path).catch(() => null);
    if (found?.isFile() === true) return `${path} ${found.ino} ${found.size} ${found.mtimeMs}`;
  }
  const text = `${subject}: there is no program ${binary}; install it or give its path as \`binary\` in the inventory`;
  throw new HardwareError('refused', subject, text);
}

async function ask(binary: string, subject: string, signal?: AbortSignal): Promise<QemuAbilities> {
  const options = { subject, ...(signal ? { signal } : {}) };
  const [version, machines, cpus] = await Promise.all([
    runProgram(binary, ['--version'], options),
    runProgram(binary, ['-machine', 'help'], options),
    runProgram(binary, ['-cpu', 'help'], options),
  ]);
  const number = /QEMU emulator version (\d+\.\d+\.\d+)/.exec(version)?.[1];
  if (number === undefined) {
    const said = JSON.stringify(version.slice(0, 60));
    throw new HardwareError(
      'refused',
      subject,
      `${subject}: ${binary} is no QEMU: to --version it says ${said}`,
    );
  }
  return { version: number, machines: firstWords(machines), cpus: cpuNames(cpus) };
}

function firstWords(help: string): ReadonlySet<string> {
  return new Set(help.split('\n').flatMap((line) => /^(\S+)\s/.exec(line)?.[1] ?? []));
}

/** Until QEMU 9 each line began with the architecture. */
function cpuNames(help: string): ReadonlySet<string> {
  return new Set(help.split('\n').flatMap((line) => /^\s*(?:x86\s+)?([\w.-]+)/.exec(line)?.[1] ?? []));
}

/** What a snapshot needs of the machine that wakes it. */
export interface Requirements {
  readonly definition: MachineDefinition;
  /** Version of the QEMU that wrote it. */
  readonly qemu: string;
}

/**
 * Why the machine could not wake such a snapshot; null when it could. QEMU promises that a newer version loads
 * what an older one of the same machine type has saved, and nothing in the other direction.
 */
export async function incompatibility(
  machine: QemuMachine,
  needed: Requirements,
  cache: CompatibilityCache,
  signal?: AbortSignal,
): Promise<string | null> {
  const { definition, qemu } = needed;
  const { settings, entry, name } = machine;
  if (settings.accel !== definition.accel)
    return `its accel is ${settings.accel}, the server's is ${definition.accel}`;
  if (entry.memoryBytes < definition.memoryBytes) {
    return `it has ${entry.memoryBytes / 2 ** 20} MiB of memory, the server has ${definition.memoryBytes / 2 ** 20} MiB`;
  }
  const has = await cache.abilities(settings.binary, name, signal).catch((error: unknown) => {
    if (error instanceof HardwareError && error.code !== 'aborted') return error.message;
    throw error;
  });
  if (typeof has === 'string') return has;
  if (compareVersions(has.version, qemu) < 0) return `its QEMU is ${has.version}, older than ${qemu}`;
  if (!has.machines.has(definition.machine)) {
    return `its QEMU ${has.version} has no machine type ${definition.machine}`;
  }
  const [model = ''] = definition.cpu.split(',');
  if (!has.cpus.has(model)) return `its QEMU ${has.version} has no CPU model ${model}`;
  return null;
}

/** Below zero when `a` is older than `b`. Only major and minor versions change what is saved. */
function compareVersions(a: string, b: string): number {
  return releaseOf(a) - releaseOf(b);
}

function releaseOf(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
}

/** Until 8.1 a background snapshot that failed left the guest hanging for good (see docs/decisions). */
export function snapshotMode(qemu: string): 'background' | 'stop' {
  return releaseOf(qemu) >= releaseOf('8.1.0') ? 'background' : 'stop';
}
