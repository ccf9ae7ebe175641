import type { FactName } from '../condition.js';
import type { Kind } from './kinds.js';
import type { Path } from './place.js';

/**
 * What a value of a fact can be. `texts` is a map whose values are texts, of any keys; a value that can be
 * absent is still of its type.
 */
export type Shape = 'text' | 'number' | 'texts' | 'list' | { readonly [field: string]: Shape };

/** What each fact consists of: a path that leads elsewhere would silently never match. */
export const FACT_SHAPES: Readonly<Record<FactName, Readonly<Record<string, Shape>>>> = {
  alert: {
    status: 'text',
    source: 'text',
    labels: 'texts',
    annotations: 'texts',
    at: 'text',
    server: 'text',
    value: 'number',
  },
  server: {
    name: 'text',
    labels: 'texts',
    memoryBytes: 'number',
    disk: 'text',
    machine: { name: 'text', labels: 'texts' },
  },
  drive: {
    name: 'text',
    device: 'text',
    labels: 'texts',
    capacityBytes: 'number',
    freeBytes: 'number',
    health: 'text',
  },
  backup: { name: 'text', labels: 'texts', memoryBytes: 'number', reaches: 'list' },
  snapshot: {
    id: 'text',
    kind: 'text',
    condition: 'text',
    cause: 'text',
    generation: 'number',
    takenAt: 'text',
    memoryBytes: 'number',
    diskBytes: 'number',
    drive: 'text',
  },
};

/** Where conditions stand in documents of a kind, and which facts they may ask about there. */
export function conditionPlaces(
  kind: Kind,
  countAt: (path: Path) => number,
): readonly { readonly path: Path; readonly facts: readonly FactName[] }[] {
  const each = (path: Path): readonly Path[] =>
    Array.from({ length: countAt(path) }, (_, index) => [...path, index, 'when']);
  const places = (paths: readonly Path[], facts: readonly FactName[]) =>
    paths.map((path) => ({ path, facts }));
  switch (kind) {
    case 'AlertPolicy':
      return places([['spec', 'when']], ['alert', 'server']);
    case 'PlacementPolicy':
      return places([['spec', 'require'], ...each(['spec', 'prefer'])], ['drive', 'server']);
    case 'RestartPolicy':
      return places(
        [['spec', 'backups', 'require'], ...each(['spec', 'backups', 'prefer'])],
        ['backup', 'snapshot', 'server'],
      );
    case 'SchedulePolicy':
    case 'Inventory':
    case 'Scenario':
      return [];
  }
}
