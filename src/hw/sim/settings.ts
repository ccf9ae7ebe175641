/** What may stand under `sim:` in an inventory: one table each, from which schema, defaults and check are made. */
import { HardwareError } from '../contract.js';

interface NumberSetting {
  readonly default: number | null;
  readonly description: string;
}

const MACHINE = {
  answerMs: { default: 50, description: 'How long the machine takes to answer, in milliseconds.' },
  timeoutMs: { default: 300, description: 'How long an answer that does not come is waited for.' },
  offMs: { default: 50, description: 'From an accepted power-off until the machine is off.' },
  bootMs: { default: 300, description: 'From an accepted boot until the server runs.' },
  resumeMs: { default: 400, description: 'From an accepted resume until the server runs.' },
  snapshotMs: { default: 500, description: 'How long a snapshot takes to write.' },
  heartbeatMs: { default: 100, description: 'Time between two signs of life.' },
  diskBytes: {
    default: null,
    description: 'Bytes of disk in a snapshot; a quarter of the memory by default.',
  },
} as const satisfies Record<string, NumberSetting>;

const DRIVE = {
  answerMs: { default: 50, description: 'How long the drive takes to answer, in milliseconds.' },
  timeoutMs: { default: 300, description: 'How long an answer that does not come is waited for.' },
  connectMs: { default: 80, description: 'How long connecting and disconnecting take.' },
  verifyMs: { default: 100, description: 'How long reading a snapshot back takes.' },
  usedBytes: { default: 0, description: 'Bytes of the drive taken by something else.' },
} as const satisfies Record<string, NumberSetting>;

export type MachineSettings = Readonly<Record<keyof typeof MACHINE, number>>;
export type DriveSettings = Readonly<Record<keyof typeof DRIVE, number>>;

function schemaOf(title: string, table: Readonly<Record<string, NumberSetting>>): object {
  const properties = Object.fromEntries(
    Object.entries(table).map(([name, setting]) => [
      name,
      {
        type: 'integer',
        minimum: 0,
        description: setting.description,
        ...(setting.default === null ? {} : { default: setting.default }),
      },
    ]),
  );
  return { title, type: 'object', additionalProperties: false, properties };
}

/** JSON Schemas of the settings. */
export const SETTINGS_SCHEMAS = {
  machine: schemaOf('A machine of the simulated rack', MACHINE),
  drive: schemaOf('A drive of the simulated rack', DRIVE),
};

type Written = Readonly<Record<string, unknown>>;

/** @throws {HardwareError} `driver-settings` for a setting that does not exist or is not a whole number from 0. */
function check(subject: string, table: Readonly<Record<string, NumberSetting>>, written: Written): void {
  for (const [name, value] of Object.entries(written)) {
    if (!Object.hasOwn(table, name)) {
      const known = Object.keys(table).join(', ');
      throw unusable(subject, `has no setting "${name}"; there are ${known}`);
    }
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw unusable(subject, `needs a whole number from 0 for "${name}", not ${JSON.stringify(value)}`);
    }
  }
}

function unusable(subject: string, problem: string): HardwareError {
  return new HardwareError('driver-settings', subject, `${subject}: the sim driver ${problem}`);
}

function read(written: Written, name: string, fallback: number): number {
  const value = Object.hasOwn(written, name) ? written[name] : undefined;
  return typeof value === 'number' ? value : fallback;
}

/** @throws {HardwareError} `driver-settings` */
export function machineSettings(subject: string, written: Written, memoryBytes: number): MachineSettings {
  check(subject, MACHINE, written);
  return {
    answerMs: read(written, 'answerMs', MACHINE.answerMs.default),
    timeoutMs: read(written, 'timeoutMs', MACHINE.timeoutMs.default),
    offMs: read(written, 'offMs', MACHINE.offMs.default),
    bootMs: read(written, 'bootMs', MACHINE.bootMs.default),
    resumeMs: read(written, 'resumeMs', MACHINE.resumeMs.default),
    snapshotMs: read(written, 'snapshotMs', MACHINE.snapshotMs.default),
    heartbeatMs: read(written, 'heartbeatMs', MACHINE.heartbeatMs.default),
    diskBytes: read(written, 'diskBytes', Math.floor(memoryBytes / 4)),
  };
}

/** @throws {HardwareError} `driver-settings` */
export function driveSettings(subject: string, written: Written): DriveSettings {
  check(subject, DRIVE, written);
  return {
    answerMs: read(written, 'answerMs', DRIVE.answerMs.default),
    timeoutMs: read(written, 'timeoutMs', DRIVE.timeoutMs.default),
    connectMs: read(written, 'connectMs', DRIVE.connectMs.default),
    verifyMs: read(written, 'verifyMs', DRIVE.verifyMs.default),
    usedBytes: read(written, 'usedBytes', DRIVE.usedBytes.default),
  };
}
