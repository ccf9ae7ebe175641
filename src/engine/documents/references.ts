import type { Problem } from '../problem.js';
import { conditionNames, type Corpus, namesOf } from './corpus.js';
import { driveLabels } from './normalise-inventory.js';
import { suggest } from './nearest.js';
import type { Path } from './place.js';
import { problemAt } from './problems.js';
import { ofKind } from './structure.js';
import { inWords } from './words.js';
import type { YamlDocument } from './document.js';

/** A reference to something that must exist: one problem when it does not. */
export function unknownReference(
  yaml: YamlDocument,
  path: Path,
  reference: { readonly what: string; readonly word: string | undefined; readonly known: readonly string[] },
): readonly Problem[] {
  const { what, word, known } = reference;
  if (word === undefined || known.includes(word)) return [];
  const message = `there is no ${what} ${inWords(word)}`;
  return [
    problemAt(yaml, {
      code: 'REF_UNKNOWN',
      path,
      message,
      hint: suggest(word, known, `no ${what} is declared`),
    }),
  ];
}

/** References from policies to policies, conditions and labels. */
export function referenceProblems(corpus: Corpus): readonly Problem[] {
  if (!corpus.complete) return [];
  return [...placementReferences(corpus), ...conditionReferences(corpus), ...domainReferences(corpus)];
}

function placementReferences(corpus: Corpus): readonly Problem[] {
  const known = namesOf(corpus, 'PlacementPolicy');
  const snapshots = [
    ...ofKind(corpus.documents, 'AlertPolicy'),
    ...ofKind(corpus.documents, 'SchedulePolicy'),
  ];
  return [
    ...snapshots.flatMap(({ yaml, body }) =>
      unknownReference(yaml, ['spec', 'snapshot', 'placement'], {
        what: 'PlacementPolicy',
        word: body.spec.snapshot.placement,
        known,
      }),
    ),
    ...ofKind(corpus.documents, 'RestartPolicy').flatMap(({ yaml, body }) =>
      unknownReference(yaml, ['spec', 'placement'], {
        what: 'PlacementPolicy',
        word: body.spec.placement,
        known,
      }),
    ),
  ];
}

function conditionReferences(corpus: Corpus): readonly Problem[] {
  const known = [...conditionNames(corpus), 'matching', 'any'];
  return ofKind(corpus.documents, 'RestartPolicy').flatMap(({ yaml, body }) =>
    body.spec.snapshots.flatMap(({ condition }, index) =>
      unknownReference(yaml, ['spec', 'snapshots', index, 'condition'], {
        what: 'condition',
        word: condition,
        known,
      }),
    ),
  );
}

/** With a label that no drive has, `apartFrom` would reject every drive. */
function domainReferences({ documents, inventory }: Corpus): readonly Problem[] {
  if (inventory === null) return [];
  const known = [
    ...new Set(
      inventory.body.spec.drives.flatMap((drive) => Object.keys(driveLabels(drive, inventory.body))),
    ),
  ];
  return ofKind(documents, 'PlacementPolicy').flatMap(({ yaml, body }) =>
    unknownReference(yaml, ['spec', 'apartFrom', 'previous'], {
      what: 'label of drives or devices',
      word: body.spec.apartFrom?.previous,
      known,
    }),
  );
}
