import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CliError, EXIT } from './exit.js';
import type { Terminal } from './terminal.js';

/**
 * Reads a file that the command line names.
 * @throws {CliError} when it cannot be read.
 */
export async function readNamedFile(terminal: Terminal, file: string): Promise<Uint8Array> {
  try {
    return await readFile(resolve(terminal.cwd, file));
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** The error for a file that could not be read. */
export function unreadable(file: string, error: unknown): CliError {
  return new CliError(EXIT.usage, `${file} cannot be read: ${whyUnreadable(error)}`, '', { cause: error });
}

function whyUnreadable(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  switch ('code' in error ? error.code : '') {
    case 'ENOENT':
      return 'there is no such file';
    case 'EISDIR':
      return 'it is a folder';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not read it';
    default:
      return error.message;
  }
}
