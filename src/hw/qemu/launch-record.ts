import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { join } from 'node:path';
import { HardwareError } from '../contract.js';
import { DEFINITION_SCHEMA, type MachineDefinition } from './definition.js';
import { readIfThere, writeDurably } from './files.js';
import { lazily } from './lazily.js';

/**
 * What was last started on a machine, and by whose order. Written before the process begins and before each change
 * of its phase, so that after a crash of the service it says more than happened, never less.
 */
export interface LaunchRecord {
  readonly launch: string;
  /** `armed`: memory loaded, held paused, nothing runs. `running`: it runs, or may. */
  readonly phase: 'armed' | 'running';
  readonly server: string;
  /** What it was woken from; null for a cold boot. */
  readonly snapshot: string | null;
  readonly drive: string;
  /** The disk image that it has open. */
  readonly disk: string;
  /** The operation that let it run; null while it is armed. */
  readonly operation: string | null;
  readonly definition: MachineDefinition;
  readonly startedAtMs: number;
  /** Null until the process is known. */
  readonly pid: number | null;
  /** Epoch ms at which it was ordered off: it going away after that is no failure. */
  readonly orderedOffAtMs: number | null;
  /** Epoch ms at which it was first seen to be gone without an order; null until then. */
  readonly goneAtMs: number | null;
}

const SCHEMA = {
  type: 'object',
  required: [
    ...['launch', 'phase', 'server', 'snapshot', 'drive', 'disk', 'operation'],
    ...['definition', 'startedAtMs', 'pid', 'orderedOffAtMs', 'goneAtMs'],
  ],
  properties: {
    launch: { type: 'string', pattern: '^[0-9a-f]+$' },
    phase: { enum: ['armed', 'running'] },
    server: { type: 'string' },
    snapshot: { type: ['string', 'null'] },
    drive: { type: 'string' },
    disk: { type: 'string' },
    operation: { type: ['string', 'null'] },
    definition: DEFINITION_SCHEMA,
    startedAtMs: { type: 'number' },
    pid: { type: ['integer', 'null'] },
    orderedOffAtMs: { type: ['number', 'null'] },
    goneAtMs: { type: ['number', 'null'] },
  },
} as const;

const recordCheck = lazily((): ValidateFunction<LaunchRecord> =>
  new Ajv2020({ strict: true, allowUnionTypes: true }).compile(SCHEMA),
);

function fileIn(machineFolder: string): string {
  return join(machineFolder, 'launch.json');
}

/**
 * The record of the machine's last start, null when it was never started.
 * @throws {HardwareError} `unclear` when it cannot be read: then nobody knows what runs there.
 */
export async function readLaunchRecord(machineFolder: string, machine: string): Promise<LaunchRecord | null> {
  const file = fileIn(machineFolder);
  try {
    const text = await readIfThere(file);
    if (text === null) return null;
    const parsed: unknown = JSON.parse(text);
    const isRecord = recordCheck();
    if (isRecord(parsed)) return parsed;
    throw new Error(`it is no record of a start: ${describe(isRecord.errors?.[0])}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const text =
      `${machine}: ${file} cannot be read (${reason}), so what runs there is unknown; ` +
      'make sure that no QEMU of this machine runs, then remove the file';
    throw new HardwareError('unclear', machine, text, { cause: error });
  }
}

function describe(error: { readonly instancePath: string; readonly message?: string } | undefined): string {
  return error === undefined ? '' : `${error.instancePath} ${error.message ?? ''}`;
}

export function writeLaunchRecord(machineFolder: string, record: LaunchRecord): Promise<void> {
  return writeDurably(fileIn(machineFolder), `${JSON.stringify(record, null, 2)}\n`);
}
