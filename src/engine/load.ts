import { toCorpus } from './documents/corpus.js';
import { normalise } from './documents/normalise.js';
import { inOrder } from './documents/problems.js';
import { readFiles } from './documents/read.js';
import { type Checked, checkEach } from './documents/structure.js';
import { checkTogether } from './documents/together.js';
import type { DriverCatalogue, PolicySet } from './policy-set.js';
import type { Problem, SourceFile } from './problem.js';

/** One whole set that passed every check, or every problem of every file. Nothing in between. */
export type LoadResult = { readonly ok: true; readonly policySet: PolicySet } | Refused;

interface Refused {
  readonly ok: false;
  readonly problems: readonly Problem[];
}

/** A policy set beside its documents, for whoever asks what other documents would have made of it. */
export interface Loaded {
  readonly ok: true;
  readonly policySet: PolicySet;
  readonly documents: readonly Checked[];
  /**
   * The set as it would be with other content in one of its documents.
   * @param body what the document says instead; undefined leaves the document out.
   * @returns null when the loader refuses that.
   */
  altered(document: Checked, body: unknown): PolicySet | null;
}

/** load → check → normalise → compile. Pure: files in, a policy set or all problems out. */
export function loadPolicySet(files: readonly SourceFile[], drivers: DriverCatalogue): LoadResult {
  const loaded = loadDocuments(files, drivers);
  return loaded.ok ? { ok: true, policySet: loaded.policySet } : loaded;
}

/** As {@link loadPolicySet}, with the documents. */
export function loadDocuments(files: readonly SourceFile[], drivers: DriverCatalogue): Loaded | Refused {
  const read = readFiles(files);
  const each = checkEach(read.documents);
  const corpus = toCorpus(read.documents, each.checked, read.problems.length === 0);
  const problems = [...read.problems, ...each.problems, ...checkTogether(corpus, drivers)];
  if (problems.length > 0 || corpus.inventory === null) return { ok: false, problems: inOrder(problems) };
  const { documents } = corpus;
  return {
    ok: true,
    policySet: normalise(files, documents, corpus.inventory),
    documents,
    altered(document, body) {
      const { checked, problems: own } = checkEach(
        body === undefined ? [] : [{ ...document.yaml, data: body }],
      );
      const all = documents.flatMap((one) => (one === document ? checked : one));
      const other = toCorpus(
        all.map(({ yaml }) => yaml),
        all,
        true,
      );
      if (own.length > 0 || other.inventory === null || checkTogether(other, drivers).length > 0) return null;
      return normalise(files, all, other.inventory);
    },
  };
}
