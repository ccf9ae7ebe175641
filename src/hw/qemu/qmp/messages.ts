import { HardwareError } from '../../contract.js';
import type { QmpCommand, QmpEvent } from './commands.js';

/** One line of the protocol, taken apart. */
export type QmpMessage =
  | { readonly kind: 'greeting' }
  | { readonly kind: 'event'; readonly event: QmpEvent }
  | { readonly kind: 'answer'; readonly id: number; readonly value: never }
  | { readonly kind: 'error'; readonly id: number; readonly qemuClass: string; readonly text: string };

/** QEMU said no to a command, in its own words. */
export class QmpRefusal extends HardwareError {
  readonly command: QmpCommand;
  /** The error class of the protocol: `GenericError`, `DeviceNotFound`. */
  readonly qemuClass: string;
  /** What QEMU said. */
  readonly said: string;

  constructor(
    subject: string,
    command: QmpCommand,
    { qemuClass, said }: { qemuClass: string; said: string },
  ) {
    super('refused', subject, `${subject}: QEMU refused ${command}: ${said}`);
    this.name = 'QmpRefusal';
    this.command = command;
    this.qemuClass = qemuClass;
    this.said = said;
  }
}

export function answerError(
  subject: string,
  command: QmpCommand,
  { qemuClass, text }: QmpMessage & { readonly kind: 'error' },
): QmpRefusal {
  return new QmpRefusal(subject, command, { qemuClass, said: text });
}

/** @throws {HardwareError} `unclear` for a line that is no message of the protocol. */
export function readMessage(line: string, subject: string): QmpMessage {
  const body = parse(line, subject);
  if ('QMP' in body) return { kind: 'greeting' };
  if (typeof body.event === 'string') {
    return {
      kind: 'event',
      event: { event: body.event, data: recordOf(body.data), ...timeOf(body.timestamp) },
    };
  }
  const id = typeof body.id === 'number' ? body.id : 0;
  // The types of answers are those that the manual gives for the command; only QEMU could break that promise.
  if ('return' in body) return { kind: 'answer', id, value: body.return as never };
  if ('error' in body) {
    const { class: qemuClass, desc } = recordOf(body.error);
    return { kind: 'error', id, qemuClass: String(qemuClass), text: String(desc) };
  }
  throw unclear(line, subject);
}

function parse(line: string, subject: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  } catch {
    // Said below, with the line.
  }
  throw unclear(line, subject);
}

function unclear(line: string, subject: string): HardwareError {
  const shown = JSON.stringify(line.slice(0, 80));
  return new HardwareError(
    'unclear',
    subject,
    `${subject}: its monitor sent ${shown}, which is no QMP message`,
  );
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function timeOf(value: unknown): Pick<QmpEvent, 'atMs' | 'stamp'> {
  const { seconds, microseconds } = recordOf(value);
  const [whole, parts] = [Number(seconds), Number(microseconds)];
  return { atMs: whole * 1000 + Math.floor(parts / 1000), stamp: `${whole}.${parts}` };
}
