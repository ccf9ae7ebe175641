import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { loadPolicySet, type LoadResult } from '../engine/load.js';
import { compareText } from '../engine/world.js';
import { readPolicyFiles, type PolicyFiles } from '../files.js';
import { DRIVER_CATALOGUE } from '../hw/drivers.js';
import { readRevision } from './revision.js';
import type { Terminal } from './terminal.js';

/** What the command line says about where the documents of a side are. */
interface SideOptions {
  /** The folder in a plain revision. */
  readonly policies?: string;
  readonly inventory?: string;
}

/** Loads one side of a comparison, a folder or a git revision, with the same checks as the service's. */
export async function loadSide(terminal: Terminal, name: string, options: SideOptions): Promise<LoadResult> {
  const { files, problems } = await readSide(terminal, name, options);
  return problems.length > 0 ? { ok: false, problems } : loadPolicySet(files, DRIVER_CATALOGUE);
}

async function readSide(
  terminal: Terminal,
  name: string,
  { policies, inventory }: SideOptions,
): Promise<Omit<PolicyFiles, 'hash'>> {
  const kept = inventory === undefined ? [] : [inventory];
  if (await exists(resolve(terminal.cwd, name))) return readPolicyFiles([name, ...kept], terminal.cwd);
  const revision = await readRevision(terminal, name, policies);
  const apart = await readPolicyFiles(kept, terminal.cwd);
  return {
    files: [...revision.files, ...apart.files].toSorted((a, b) => compareText(a.name, b.name)),
    problems: [...revision.problems, ...apart.problems],
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
