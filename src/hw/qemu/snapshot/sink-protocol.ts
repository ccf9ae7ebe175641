import type { HardwareErrorCode } from '../../contract.js';

/** What a sink is to do: the first thing that it is told. */
export interface SinkOrder {
  /** The UNIX socket that it listens on; QEMU connects to it. */
  readonly socket: string;
  /** The file on the drive. */
  readonly file: string;
  /** The machine's monitor for whoever has to let it run on. */
  readonly guard: string;
  readonly machine: string;
}

/** What a sink says. */
export type SinkMessage =
  | { readonly kind: 'listening' }
  | { readonly kind: 'progress'; readonly bytes: number }
  /** All of it is on the drive, durably. */
  | { readonly kind: 'stored'; readonly bytes: number; readonly sha256: string }
  /** It goes on taking what QEMU sends, and throws it away. */
  | { readonly kind: 'failed'; readonly code: HardwareErrorCode; readonly message: string };

/** What a sink is told. `dismiss`: it is not needed any more; let go of QEMU, and end. */
export type SinkCommand =
  { readonly kind: 'receive'; readonly order: SinkOrder } | { readonly kind: 'dismiss' };

export function isSinkCommand(message: unknown): message is SinkCommand {
  return typeof message === 'object' && message !== null && 'kind' in message;
}

export function isSinkMessage(message: unknown): message is SinkMessage {
  return typeof message === 'object' && message !== null && 'kind' in message;
}
