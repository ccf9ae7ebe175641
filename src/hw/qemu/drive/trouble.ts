import type { HardwareErrorCode } from '../../contract.js';
import { errorCode } from '../files.js';

/** Something is wrong with a drive. */
export class DriveTrouble extends Error {
  readonly code: HardwareErrorCode;

  constructor(code: HardwareErrorCode, message: string) {
    super(message);
    this.name = 'DriveTrouble';
    this.code = code;
  }
}

/** What an error of the file system says about the drive. */
export function troubleOf(error: unknown): { readonly code: HardwareErrorCode; readonly message: string } {
  if (error instanceof DriveTrouble) return { code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  switch (errorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return { code: 'no-space', message };
    case 'EACCES':
    case 'EPERM':
      return { code: 'refused', message };
    default:
      return { code: 'drive-failed', message };
  }
}
