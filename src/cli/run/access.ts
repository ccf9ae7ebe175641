import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { accessByToken, LOOPBACK_ONLY, type Access } from '../../server/access/access.js';
import type { TlsFiles } from '../../server/index.js';
import { CliError, EXIT } from '../exit.js';
import { safe } from '../print/text.js';
import type { Terminal } from '../terminal.js';
import { readToken } from '../service/token.js';

interface AccessOptions {
  readonly tokenFile?: string;
  readonly accessFile?: string;
}

interface TlsOptions {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly clientCa?: string;
}

/** Who may ask the service that is to run. */
export interface AccessSource {
  /** False: whoever is on this machine. */
  readonly isGuarded: boolean;
  /** Reads it anew. */
  readonly read: () => Promise<Access>;
}

/** @throws {CliError} when what proves callers cannot be read or makes no sense. */
export async function accessOf(terminal: Terminal, options: AccessOptions): Promise<AccessSource> {
  const { accessFile, tokenFile } = options;
  if (accessFile !== undefined) {
    if (tokenFile !== undefined)
      throw new CliError(EXIT.usage, 'give --access-file or --token-file, not both', '');
    const read = (): Promise<Access> => readAccessFile(resolve(terminal.cwd, accessFile));
    await orExplain(read);
    return { isGuarded: true, read };
  }
  const token = await readToken(terminal, tokenFile);
  const access = token === null ? LOOPBACK_ONLY : accessByToken(token);
  return { isGuarded: token !== null, read: async () => access };
}

/**
 * What reads the certificates; null: plain HTTP.
 * @throws {CliError} when they cannot be read.
 */
export async function tlsOf(
  terminal: Terminal,
  options: TlsOptions,
): Promise<(() => Promise<TlsFiles>) | null> {
  const { tlsCert, tlsKey, clientCa } = options;
  if (tlsCert === undefined && tlsKey === undefined && clientCa === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new CliError(
      EXIT.usage,
      '--tls-cert, --tls-key and --client-ca go together',
      'give at least the first two',
    );
  const read = async (): Promise<TlsFiles> => ({
    certificate: await readFile(resolve(terminal.cwd, tlsCert), 'utf8'),
    key: await readSecret(resolve(terminal.cwd, tlsKey)),
    clientCa: clientCa === undefined ? null : await readFile(resolve(terminal.cwd, clientCa), 'utf8'),
  });
  await orExplain(read);
  return read;
}

async function readAccessFile(file: string): Promise<Access> {
  const { readAccess } = await import('../../server/access/document.js');
  return readAccess(await readFile(file, 'utf8'), file, (path) => readSecret(resolve(file, '..', path)));
}

/** A file that everybody may read keeps nothing secret. */
async function readSecret(path: string): Promise<string> {
  const { mode } = await stat(path);
  if ((mode & 0o007) !== 0)
    throw new CliError(
      EXIT.failed,
      `SECRET_FILE_MODE: ${safe(path)} holds a secret and everybody may read or write it`,
      `chmod 600 ${safe(path)}`,
    );
  return readFile(path, 'utf8');
}

async function orExplain<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw new CliError(EXIT.failed, safe(error.message), '', { cause: error });
  }
}
