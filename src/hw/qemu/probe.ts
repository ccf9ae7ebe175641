import { randomUUID } from 'node:crypto';
import { access, constants, mkdir, open, realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HardwareError, type DriverEntries, type ProbeProblem } from '../contract.js';
import type { CompatibilityCache } from './compatibility.js';
import { errorCode } from './files.js';
import { driveSettings, machineSettings, type DriveSettings, type MachineSettings } from './settings.js';
import { runProgram } from './run-program.js';

type Found = Omit<ProbeProblem, 'subject'>;

interface Tools {
  readonly root: string;
  readonly compatibility: CompatibilityCache;
}

/** Looks whether everything that the inventory names is there and usable by this user. Starts no machine. */
export async function probeRack(
  tools: Tools,
  { machines, drives }: DriverEntries,
): Promise<readonly ProbeProblem[]> {
  const disks = new Set(machines.map(({ disk }) => disk));
  const [state, ...found] = await Promise.all([
    stateFolder(tools.root),
    ...machines.map(async (entry) =>
      named(entry.name, await probeMachine(tools, machineSettings(entry), entry.name)),
    ),
    ...drives.map(async (entry) =>
      named(entry.name, await probeDrive(driveSettings(entry), { isDisk: disks.has(entry.name) })),
    ),
    samePlaces(drives.map((entry) => ({ name: entry.name, settings: driveSettings(entry) }))),
  ]);
  return [...state, ...found.flat()];
}

function named(subject: string, found: readonly Found[]): readonly ProbeProblem[] {
  return found.map((problem) => ({ subject, ...problem }));
}

async function probeMachine(
  { compatibility }: Tools,
  settings: MachineSettings,
  name: string,
): Promise<readonly Found[]> {
  return (
    await Promise.all([
      qemu(compatibility, settings, name),
      program('qemuImg', settings.qemuImg, /^qemu-img version/, name),
      program('qemuNbd', settings.qemuNbd, /^qemu-nbd /, name),
      ...(settings.accel === 'kvm'
        ? [
            usable(
              'accel',
              '/dev/kvm',
              constants.R_OK | constants.W_OK,
              'load the kvm module and add this user to the group kvm, or set accel: tcg',
            ),
          ]
        : []),
      readable('kernel', settings.kernel),
      readable('initrd', settings.initrd),
      ...(settings.scratch === null ? [] : [folder('scratch', settings.scratch)]),
    ])
  ).flat();
}

async function qemu(
  cache: CompatibilityCache,
  { binary, machine, cpu }: MachineSettings,
  name: string,
): Promise<readonly Found[]> {
  try {
    const { version, machines, cpus } = await cache.abilities(binary, name);
    const [model = ''] = cpu.split(',');
    return [
      ...(machines.has(machine)
        ? []
        : [
            problem(
              'machine',
              `QEMU ${version} has no machine type ${machine}`,
              `take one that \`${binary} -machine help\` lists, with its version`,
            ),
          ]),
      ...(cpus.has(model)
        ? []
        : [
            problem(
              'cpu',
              `QEMU ${version} has no CPU model ${model}`,
              `take one that \`${binary} -cpu help\` lists`,
            ),
          ]),
    ];
  } catch (error) {
    return [
      problem(
        'binary',
        messageOf(error),
        'install QEMU (Debian: qemu-system-x86), or give the path of the program',
      ),
    ];
  }
}

async function program(
  setting: string,
  file: string,
  expected: RegExp,
  name: string,
): Promise<readonly Found[]> {
  const hint = 'install it (Debian: qemu-utils), or give the path of the program';
  try {
    const said = await runProgram(file, ['--version'], { subject: name });
    return expected.test(said)
      ? []
      : [problem(setting, `${file} says ${JSON.stringify(said.slice(0, 60))}`, hint)];
  } catch (error) {
    return [problem(setting, messageOf(error), hint)];
  }
}

async function probeDrive(
  settings: DriveSettings,
  { isDisk }: { readonly isDisk: boolean },
): Promise<readonly Found[]> {
  if (settings.kind === 'device') {
    return usable(
      'device',
      settings.device,
      constants.R_OK | constants.W_OK,
      'attach the device, or run as a user that may use it',
    );
  }
  const missing = await folder('directory', settings.directory);
  if (missing.length > 0 || !isDisk) return missing;
  const image = join(settings.directory, settings.image);
  return usable(
    'image',
    image,
    constants.R_OK | constants.W_OK,
    `create it: qemu-img create -f ${settings.format} ${image} SIZE`,
  );
}

/** Only writing proves that a folder takes writes: it may be mounted read-only or be full. */
async function folder(setting: string, path: string): Promise<readonly Found[]> {
  try {
    if (!(await stat(path)).isDirectory())
      return [problem(setting, `${path} is no directory`, 'name a directory')];
    const file = join(path, `.rekindle-probe-${randomUUID()}`);
    const handle = await open(file, 'wx', 0o600);
    await handle.close();
    await rm(file);
    return [];
  } catch (error) {
    const hint =
      errorCode(error) === 'ENOENT' ? 'create it, or mount the disk there' : 'let this user write there';
    return [problem(setting, `${path} cannot be written to: ${messageOf(error)}`, hint)];
  }
}

function readable(setting: string, file: string | null): Promise<readonly Found[]> {
  return file === null
    ? Promise.resolve([])
    : usable(setting, file, constants.R_OK, 'name a file that this user can read');
}

async function usable(setting: string, file: string, mode: number, hint: string): Promise<readonly Found[]> {
  try {
    await access(file, mode);
    return [];
  } catch (error) {
    return [problem(setting, `${file} cannot be used: ${messageOf(error)}`, hint)];
  }
}

/** Two directories may be one by way of links and mounts: then "another drive" would be the same one. */
async function samePlaces(
  drives: readonly { readonly name: string; readonly settings: DriveSettings }[],
): Promise<readonly ProbeProblem[]> {
  const seen = new Map<string, string>();
  const found: ProbeProblem[] = [];
  for (const { name, settings } of drives) {
    const path = settings.kind === 'device' ? settings.device : settings.directory;
    const real = await realpath(path).catch(() => path);
    const other = seen.get(real);
    if (other !== undefined) {
      const text = `${path} is the same place as the drive ${other}`;
      found.push({ subject: name, ...problem(settings.kind, text, 'give each drive a disk of its own') });
    }
    seen.set(real, name);
  }
  return found;
}

async function stateFolder(root: string): Promise<readonly ProbeProblem[]> {
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
    return [];
  } catch (error) {
    const text = `${root} cannot be created: ${messageOf(error)}`;
    return [
      { subject: 'service', ...problem('state-dir', text, 'give a --state-dir that this user can write to') },
    ];
  }
}

function problem(setting: string, message: string, hint: string): Found {
  return { setting, message, hint };
}

function messageOf(error: unknown): string {
  if (error instanceof HardwareError) return error.message;
  return error instanceof Error ? error.message : String(error);
}
