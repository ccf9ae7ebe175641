import { CliError, EXIT } from '../exit.js';
import { readNamedFile } from '../read-file.js';
import type { Terminal } from '../terminal.js';

/**
 * The token of the service: from a file, else from REKINDLE_TOKEN. Never from an argument, which others can read.
 * @throws {CliError} when the file cannot be read or holds no token.
 */
export async function readToken(terminal: Terminal, file: string | undefined): Promise<string | null> {
  const text = file === undefined ? terminal.env.REKINDLE_TOKEN : await readTokenFile(terminal, file);
  if (text === undefined || text === '') return null;
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new CliError(
    EXIT.usage,
    'the token has characters that no token has',
    'expected is one word of printable ASCII',
  );
}

/** Without the line feed that editors put at the end. */
async function readTokenFile(terminal: Terminal, file: string): Promise<string> {
  const text = Buffer.from(await readNamedFile(terminal, file))
    .toString('utf8')
    .trim();
  if (text === '') throw new CliError(EXIT.usage, `the token file ${file} is empty`);
  return text;
}
