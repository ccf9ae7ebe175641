import { kindOf, type Checked, ofKind } from './structure.js';
import type { Kind } from './kinds.js';
import { type Path, valueAt } from './place.js';
import type { YamlDocument } from './document.js';

/** All documents of a load together, for the checks that look from one document at another. */
export interface Corpus {
  /** Those of which the structure is right. */
  readonly documents: readonly Checked[];
  /** Those of which kind and name can be told, right or not: a reference to one of them is no unknown reference. */
  readonly named: readonly Named[];
  /** The first inventory, when its structure is right. */
  readonly inventory: Checked<'Inventory'> | null;
  /** False when a file could not be read to its end: what seems to be missing may stand there. */
  readonly complete: boolean;
}

export interface Named {
  readonly kind: Kind;
  readonly name: string;
  readonly yaml: YamlDocument;
}

/** The place of a document's name; decisions refer to a policy by the line that it is on. */
export const NAME_PATH: Path = ['metadata', 'name'];

export function toCorpus(
  all: readonly YamlDocument[],
  documents: readonly Checked[],
  complete: boolean,
): Corpus {
  const named = all.flatMap((yaml): Named[] => {
    const kind = kindOf(yaml);
    const name = valueAt(yaml.data, NAME_PATH);
    return kind !== null && typeof name === 'string' ? [{ kind, name, yaml }] : [];
  });
  return { documents, named, inventory: ofKind(documents, 'Inventory')[0] ?? null, complete };
}

export function namesOf(corpus: Corpus, kind: Kind): readonly string[] {
  return corpus.named.filter((one) => one.kind === kind).map(({ name }) => name);
}

/** Every condition that a snapshot can be recorded with. */
export function conditionNames(corpus: Corpus): readonly string[] {
  const given = corpus.named.flatMap(({ kind, yaml }): string[] => {
    const condition = valueAt(yaml.data, ['spec', 'condition']);
    if (kind === 'SchedulePolicy' && condition === undefined) return [DEFAULT_SCHEDULE_CONDITION];
    const gives = kind === 'AlertPolicy' || kind === 'SchedulePolicy';
    return gives && typeof condition === 'string' ? [condition] : [];
  });
  return [...new Set([...given, ...BUILT_IN_CONDITIONS])];
}

export const DEFAULT_SCHEDULE_CONDITION = 'scheduled';

/** Recorded with snapshots that no policy names a condition for. */
const BUILT_IN_CONDITIONS: readonly string[] = ['after-takeover', 'manual'];
