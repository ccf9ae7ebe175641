/** What may stand under `qemu:` in an inventory, and how it is read. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { HardwareError, type DriveEntry, type MachineEntry } from '../contract.js';
import { extraArgumentsProblem } from './extra-arguments.js';
import { lazily } from './lazily.js';

/** A network card of a server: what the guest sees, and what it is plugged into on this host. */
export interface NetworkSettings {
  readonly mac: string;
  readonly model: string;
  readonly backend: NetworkBackend;
}

export type NetworkBackend =
  | { readonly type: 'bridge'; readonly bridge: string }
  | { readonly type: 'tap'; readonly interface: string }
  /** User-mode networking; restricted: the guest reaches nothing outside. */
  | { readonly type: 'user'; readonly restricted: boolean };

export interface MachineSettings {
  readonly binary: string;
  readonly qemuImg: string;
  readonly qemuNbd: string;
  readonly machine: string;
  readonly cpu: string;
  readonly accel: 'kvm' | 'tcg';
  readonly cpus: number;
  readonly kernel: string | null;
  readonly initrd: string | null;
  readonly append: string | null;
  readonly network: readonly NetworkSettings[];
  readonly heartbeat: 'console' | 'none';
  readonly arguments: readonly string[];
  readonly scratch: string | null;
  readonly maxPauseMs: number;
}

export type DriveSettings =
  | {
      readonly kind: 'directory';
      readonly directory: string;
      readonly image: string;
      readonly format: 'raw' | 'qcow2';
    }
  | { readonly kind: 'device'; readonly device: string; readonly format: 'raw' };

const ABSOLUTE = { type: 'string', pattern: '^/', minLength: 2, maxLength: 1024 } as const;
const PROGRAM = { type: 'string', pattern: '^[A-Za-z0-9._/+-]+$', minLength: 1, maxLength: 1024 } as const;
const WORD = { type: 'string', pattern: '^[A-Za-z0-9._+-]+$', minLength: 1, maxLength: 64 } as const;

const MACHINE_SCHEMA = {
  title: 'A QEMU machine',
  description: 'How this server is started as a QEMU process on this host.',
  type: 'object',
  additionalProperties: false,
  properties: {
    binary: {
      ...PROGRAM,
      description: 'The QEMU program, found on the PATH or by its whole path.',
      default: 'qemu-system-x86_64',
    },
    qemuImg: { ...PROGRAM, description: 'The qemu-img program.', default: 'qemu-img' },
    qemuNbd: { ...PROGRAM, description: 'The qemu-nbd program.', default: 'qemu-nbd' },
    machine: {
      ...WORD,
      pattern: '^[A-Za-z0-9._+-]+-[0-9]+\\.[0-9]+$',
      description:
        'Machine type with its version, so that a snapshot means the same to every QEMU: `qemu-system-x86_64 -machine help` lists them.',
      default: 'pc-q35-7.2',
    },
    cpu: {
      type: 'string',
      pattern: '^[A-Za-z0-9._+-]+(,[A-Za-z0-9._+=-]+)*$',
      maxLength: 256,
      description: 'CPU model and features that every backup has too.',
      default: 'qemu64',
    },
    accel: { enum: ['kvm', 'tcg'], description: 'How the CPU is run.', default: 'kvm' },
    cpus: { type: 'integer', minimum: 1, maximum: 512, description: 'Number of CPUs.', default: 1 },
    kernel: { ...ABSOLUTE, description: 'Kernel to boot. Left out: the disk boots.' },
    initrd: { ...ABSOLUTE, description: 'Initial RAM disk of the kernel.' },
    append: { type: 'string', maxLength: 2048, description: 'Command line of the kernel.' },
    network: {
      type: 'array',
      maxItems: 8,
      description:
        'Network cards with fixed MAC addresses. On a backup: what the cards of the server that it wakes are plugged into, in their order.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['mac'],
        properties: {
          mac: {
            type: 'string',
            pattern: '^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$',
            description: 'MAC address.',
          },
          model: { ...WORD, default: 'virtio-net-pci', description: 'Device model.' },
          bridge: { ...WORD, maxLength: 15, description: 'Bridge of this host to plug into.' },
          tap: { ...WORD, maxLength: 15, description: 'Existing tap interface to plug into.' },
          user: {
            enum: ['restricted', 'open'],
            description: 'User-mode networking; `restricted` reaches nothing outside of the guest.',
          },
        },
      },
      default: [],
    },
    heartbeat: {
      enum: ['console', 'none'],
      description:
        '`console`: what the guest writes on its serial console is its sign of life. `none`: that QEMU says it runs.',
      default: 'none',
    },
    arguments: {
      type: 'array',
      maxItems: 64,
      items: { type: 'string', maxLength: 512 },
      description: 'Further QEMU arguments from the allowed ones: `[-device, pvpanic, -rtc, base=utc]`.',
      default: [],
    },
    scratch: {
      ...ABSOLUTE,
      description:
        'Folder on a local disk for the blocks that the server overwrites while they are being copied. Left out: beside the monitor sockets.',
    },
    maxPauseMs: {
      type: 'integer',
      minimum: 100,
      maximum: 600_000,
      description: 'A snapshot that would pause the server for longer is given up, in milliseconds.',
      default: 30_000,
    },
  },
  dependentRequired: { initrd: ['kernel'], append: ['kernel'] },
} as const;

const DRIVE_SCHEMA = {
  title: 'A drive for QEMU machines',
  description: 'A directory on a disk of its own, or a block device that a server runs from.',
  type: 'object',
  additionalProperties: false,
  properties: {
    directory: { ...ABSOLUTE, description: 'The directory: the mount point of a file system of its own.' },
    image: {
      ...WORD,
      description: 'With `directory`: file name of the disk image that the server runs from.',
      default: 'disk.img',
    },
    format: { enum: ['raw', 'qcow2'], description: 'Format of the image.', default: 'raw' },
    device: { ...ABSOLUTE, pattern: '^/dev/', description: 'The block device that a server runs from.' },
  },
  dependentSchemas: { device: { properties: { directory: false } } },
} as const;

/** JSON Schemas of the settings. */
export const SETTINGS_SCHEMAS = { machine: MACHINE_SCHEMA, drive: DRIVE_SCHEMA };

const ajv = lazily(
  () =>
    new Ajv2020({
      allErrors: true,
      useDefaults: true,
      strict: true,
      allowUnionTypes: true,
      strictRequired: false,
    }),
);
const checkMachine = lazily((): ValidateFunction<MachineDocument> => ajv().compile(MACHINE_SCHEMA));
const checkDrive = lazily((): ValidateFunction<DriveDocument> => ajv().compile(DRIVE_SCHEMA));

/** The settings as they stand after the schema has filled in its defaults. */
interface MachineDocument extends Omit<
  MachineSettings,
  'kernel' | 'initrd' | 'append' | 'network' | 'scratch'
> {
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly scratch?: string;
  readonly network: readonly {
    readonly mac: string;
    readonly model: string;
    readonly bridge?: string;
    readonly tap?: string;
    readonly user?: 'restricted' | 'open';
  }[];
}

interface DriveDocument {
  readonly directory?: string;
  readonly image: string;
  readonly format: 'raw' | 'qcow2';
  readonly device?: string;
}

/** @throws {HardwareError} `driver-settings` */
export function machineSettings({ name, settings }: MachineEntry): MachineSettings {
  const document = checked(name, settings, checkMachine());
  const problem = extraArgumentsProblem(document.arguments);
  if (problem !== null) throw new HardwareError('driver-settings', name, `arguments: ${problem}`);
  return {
    ...document,
    kernel: document.kernel ?? null,
    initrd: document.initrd ?? null,
    append: document.append ?? null,
    scratch: document.scratch ?? null,
    network: document.network.map((card, index) => ({
      mac: card.mac,
      model: card.model,
      backend: backendOf(name, index, card),
    })),
  };
}

function backendOf(name: string, index: number, card: MachineDocument['network'][number]): NetworkBackend {
  const { bridge, tap, user } = card;
  if ([bridge, tap, user].filter((one) => one !== undefined).length > 1) {
    const text = `network[${index}] is plugged into two things; keep one of bridge, tap and user`;
    throw new HardwareError('driver-settings', name, text);
  }
  if (bridge !== undefined) return { type: 'bridge', bridge };
  if (tap !== undefined) return { type: 'tap', interface: tap };
  return { type: 'user', restricted: user !== 'open' };
}

/** @throws {HardwareError} `driver-settings` */
export function driveSettings({ name, settings }: DriveEntry): DriveSettings {
  const { directory, image, format, device } = checked(name, settings, checkDrive());
  if (device !== undefined) return { kind: 'device', device, format: 'raw' };
  if (directory === undefined) {
    const text = 'a drive needs `directory`, the mount point of a disk of its own, or `device`';
    throw new HardwareError('driver-settings', name, text);
  }
  return { kind: 'directory', directory, image, format };
}

function checked<T>(name: string, settings: unknown, check: ValidateFunction<T>): T {
  const document: unknown = structuredClone(settings);
  if (check(document)) return document;
  const problems = (check.errors ?? []).map(({ instancePath, message, params }) => {
    const where = instancePath === '' ? 'the settings' : instancePath.slice(1).replaceAll('/', '.');
    const extra = 'additionalProperty' in params ? ` (${String(params.additionalProperty)})` : '';
    return `${where} ${message ?? 'is wrong'}${extra}`;
  });
  throw new HardwareError('driver-settings', name, problems.join('; '));
}
