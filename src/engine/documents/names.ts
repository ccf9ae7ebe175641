import type { Problem } from '../problem.js';
import { type Corpus, NAME_PATH, type Named } from './corpus.js';
import { placeOf, problemAt, problemOf } from './problems.js';

/** A name is given once per kind, and there is one inventory. */
export function nameProblems(corpus: Corpus): readonly Problem[] {
  const inventories = corpus.named.filter(({ kind }) => kind === 'Inventory');
  const others = corpus.named.filter(({ kind }) => kind !== 'Inventory');
  return [...repeated(others), ...furtherInventories(inventories), ...missingInventory(corpus, inventories)];
}

function repeated(named: readonly Named[]): Problem[] {
  const first = new Map<string, Named>();
  return named.flatMap((one) => {
    const key = `${one.kind} ${one.name}`;
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, one);
      return [];
    }
    const message = `${key} is already declared at ${placeOf(other.yaml, NAME_PATH)}`;
    return problemAt(one.yaml, {
      code: 'POLICY_DUPLICATE_NAME',
      path: NAME_PATH,
      message,
      hint: 'rename one of them',
    });
  });
}

function furtherInventories([first, ...more]: readonly Named[]): Problem[] {
  if (first === undefined) return [];
  return more.map(({ yaml }) =>
    problemAt(yaml, {
      code: 'INVENTORY_AMBIGUOUS',
      path: NAME_PATH,
      message: `Inventory ${first.name} is already declared at ${placeOf(first.yaml, NAME_PATH)}`,
      hint: 'a policy set has exactly one',
    }),
  );
}

function missingInventory({ complete, named }: Corpus, inventories: readonly Named[]): Problem[] {
  if (!complete || inventories.length > 0) return [];
  const path = named[0]?.yaml.source.file ?? '.';
  const hint = 'add one, or name the file that holds it; rekindle schema Inventory shows an example';
  return [problemOf({ path }, 'INVENTORY_MISSING', 'no document is of kind Inventory', hint)];
}
