import { loadPolicySet, type LoadResult } from '../engine/load.js';
import type { PolicySet } from '../engine/policy-set.js';
import { readPolicyFiles } from '../files.js';
import { DRIVER_CATALOGUE } from '../hw/drivers.js';
import { CliError, EXIT } from './exit.js';
import { documentPaths, type PolicyPaths } from './paths.js';
import { printProblems } from './print/problems.js';
import type { Terminal } from './terminal.js';

/** The same reading and the same checks as the service's. */
export async function loadPolicies(terminal: Terminal, where: PolicyPaths): Promise<LoadResult> {
  const { files, problems } = await readPolicyFiles(documentPaths(where), terminal.cwd);
  return problems.length > 0 ? { ok: false, problems } : loadPolicySet(files, DRIVER_CATALOGUE);
}

/**
 * For commands that need a policy set: prints all problems to the talk side.
 * @throws {CliError} when the documents have problems.
 */
export async function requirePolicies(terminal: Terminal, where: PolicyPaths): Promise<PolicySet> {
  const loaded = await loadPolicies(terminal, where);
  if (loaded.ok) return loaded.policySet;
  printProblems(terminal.err, loaded.problems);
  throw new CliError(EXIT.failed, 'the policies have problems, so nothing was decided');
}
