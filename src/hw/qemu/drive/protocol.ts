import type { HardwareErrorCode } from '../../contract.js';
import { driveOperations, type DriveOperations } from './operations.js';

export type OperationName = keyof DriveOperations;

/** One order to the drive helper. */
export interface HelperRequest {
  readonly id: number;
  readonly operation: OperationName;
  readonly args: unknown;
}

export type HelperReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: HardwareErrorCode; readonly message: string };

export function isRequest(message: unknown): message is HelperRequest {
  return (
    typeof message === 'object' &&
    message !== null &&
    'id' in message &&
    'operation' in message &&
    typeof message.operation === 'string' &&
    Object.hasOwn(driveOperations, message.operation)
  );
}

export function isReply(message: unknown): message is HelperReply {
  return typeof message === 'object' && message !== null && 'id' in message && 'ok' in message;
}
