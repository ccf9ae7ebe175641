import { open, readFile, rename } from 'node:fs/promises';
import type { SourceFile } from './engine/problem.js';
import { hashOf, type PolicyFiles } from './files.js';

/** The policy files of the last set that passed every check, kept where a restart finds them. */
export interface LastGood {
  /** Null when none was kept, or what was kept is damaged. */
  read(): Promise<PolicyFiles | null>;
  /** Durable when it resolves. */
  keep(reading: PolicyFiles): Promise<void>;
}

/** @param file where they are kept; a set that was kept under other `paths` is none of ours. */
export function createLastGood(file: string, paths: readonly string[]): LastGood {
  return {
    async read() {
      const text = await readFile(file, 'utf8').catch(() => null);
      const kept: unknown = text === null ? null : parsed(text);
      if (!isKept(kept) || kept.paths.join('\n') !== paths.join('\n')) return null;
      const files = kept.files.map(({ path, name, base64 }): SourceFile => ({
        path,
        name,
        bytes: Buffer.from(base64, 'base64'),
      }));
      return hashOf(files) === kept.hash ? { files, problems: [], hash: kept.hash } : null;
    },
    async keep({ files, hash }) {
      const fresh = `${file}.fresh`;
      const handle = await open(fresh, 'w', 0o600);
      try {
        const kept: Kept = { paths, hash, files: files.map(writable) };
        await handle.writeFile(JSON.stringify(kept));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(fresh, file);
    },
  };
}

interface Kept {
  readonly paths: readonly string[];
  readonly hash: string;
  readonly files: readonly KeptFile[];
}

interface KeptFile {
  readonly path: string;
  readonly name: string;
  readonly base64: string;
}

function writable({ path, name, bytes }: SourceFile): KeptFile {
  return { path, name, base64: Buffer.from(bytes).toString('base64') };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isKept(value: unknown): value is Kept {
  if (!isRecord(value)) return false;
  const { paths, hash, files } = value;
  return Array.isArray(paths) && typeof hash === 'string' && Array.isArray(files) && files.every(isKeptFile);
}

function isKeptFile(value: unknown): value is KeptFile {
  if (!isRecord(value)) return false;
  return [value.path, value.name, value.base64].every((part) => typeof part === 'string');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
