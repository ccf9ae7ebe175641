import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { createHash } from 'node:crypto';
import type { SnapshotManifest } from '../contract.js';
import { DEFINITION_SCHEMA, type MachineDefinition } from './definition.js';
import { lazily } from './lazily.js';

/** One file of a snapshot, with what must be read back from it. */
export interface StoredFile {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** A disk layer: a qcow2 image that holds what differs from the layer below it. */
export interface StoredLayer extends StoredFile {
  /** File name in the drive's folder of layers. */
  readonly file: string;
}

/** The manifest as it lies on the drive: it makes the snapshot complete, and is all that waking it needs. */
export interface StoredManifest {
  readonly format: 1;
  readonly snapshot: string;
  readonly server: string;
  readonly drive: string;
  readonly takenAtMs: number;
  readonly memory: StoredFile;
  /** Bottom first; the last one is of this snapshot. */
  readonly layers: readonly StoredLayer[];
  readonly diskVirtualBytes: number;
  readonly definition: MachineDefinition;
  /** Version of the QEMU that wrote it: `7.2.22`. */
  readonly qemu: string;
  readonly mode: 'background' | 'stop';
  /** How long the server was paused for it. */
  readonly pausedMs: number;
}

const FILE = {
  type: 'object',
  required: ['bytes', 'sha256'],
  properties: {
    bytes: { type: 'integer', minimum: 0 },
    sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
  },
} as const;

const SCHEMA = {
  type: 'object',
  required: [
    ...['format', 'snapshot', 'server', 'drive', 'takenAtMs', 'memory', 'layers', 'diskVirtualBytes'],
    ...['definition', 'qemu', 'mode', 'pausedMs'],
  ],
  properties: {
    format: { const: 1 },
    snapshot: { type: 'string' },
    server: { type: 'string' },
    drive: { type: 'string' },
    takenAtMs: { type: 'number' },
    memory: FILE,
    layers: {
      type: 'array',
      minItems: 1,
      items: {
        ...FILE,
        required: ['bytes', 'sha256', 'file'],
        properties: { ...FILE.properties, file: { type: 'string', pattern: '^[A-Za-z0-9._-]+$' } },
      },
    },
    diskVirtualBytes: { type: 'integer' },
    definition: DEFINITION_SCHEMA,
    qemu: { type: 'string' },
    mode: { enum: ['background', 'stop'] },
    pausedMs: { type: 'number' },
  },
} as const;

const manifestCheck = lazily((): ValidateFunction<StoredManifest> =>
  new Ajv2020({ strict: true, allowUnionTypes: true }).compile(SCHEMA),
);

/** The manifest that a text holds; null when it holds none. */
export function readManifest(text: string): StoredManifest | null {
  try {
    const parsed: unknown = JSON.parse(text);
    const isManifest = manifestCheck();
    return isManifest(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

/** What the rest of the program gets to know of a snapshot. */
export function describeManifest(stored: StoredManifest): SnapshotManifest {
  const { snapshot, server, drive, takenAtMs, definition, layers } = stored;
  return {
    snapshot,
    server,
    drive,
    takenAtMs,
    memoryBytes: definition.memoryBytes,
    diskBytes: layers.at(-1)?.bytes ?? 0,
    checksum: checksumOf(stored),
  };
}

/** Covers memory, every layer of the disk, and the machine that they fit. */
function checksumOf({ memory, layers, definition }: StoredManifest): string {
  const parts = [memory.sha256, ...layers.map(({ sha256 }) => sha256), JSON.stringify(definition)];
  return `sha256:${createHash('sha256').update(parts.join('\n')).digest('hex')}`;
}
