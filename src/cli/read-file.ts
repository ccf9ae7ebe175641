import { createReadStream } from 'node:fs';
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

/** What a file that the command line names is called in messages; `-` is standard input. */
export function inputName(file: string): string {
  return file === '-' ? 'standard input' : file;
}

/**
 * The bytes of a file that the command line names, as they come; `-` is standard input.
 * @throws {CliError} at the first byte when it cannot be read.
 */
export function openInput(terminal: Terminal, file: string): AsyncIterable<Uint8Array> {
  return file === '-' ? terminal.stdin.stream : chunksOfFile(terminal, file);
}

async function* chunksOfFile(terminal: Terminal, file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(resolve(terminal.cwd, file));
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** The error for a file that could not be read. */
function unreadable(file: string, error: unknown): CliError {
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
