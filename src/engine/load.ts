import { toCorpus } from './documents/corpus.js';
import { normalise } from './documents/normalise.js';
import { inOrder } from './documents/problems.js';
import { readFiles } from './documents/read.js';
import { checkEach } from './documents/structure.js';
import { checkTogether } from './documents/together.js';
import type { DriverCatalogue, PolicySet } from './policy-set.js';
import type { Problem, SourceFile } from './problem.js';

/** One whole set that passed every check, or every problem of every file. Nothing in between. */
export type LoadResult =
  | { readonly ok: true; readonly policySet: PolicySet }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** load → check → normalise → compile. Pure: files in, a policy set or all problems out. */
export function loadPolicySet(files: readonly SourceFile[], drivers: DriverCatalogue): LoadResult {
  const read = readFiles(files);
  const each = checkEach(read.documents);
  const corpus = toCorpus(read.documents, each.checked, read.problems.length === 0);
  const problems = [...read.problems, ...each.problems, ...checkTogether(corpus, drivers)];
  if (problems.length > 0 || corpus.inventory === null) return { ok: false, problems: inOrder(problems) };
  return { ok: true, policySet: normalise(files, corpus.documents, corpus.inventory) };
}
