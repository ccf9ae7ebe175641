import type { Kind } from '../engine/documents/kinds.js';
import { type Path, valueAt } from '../engine/documents/place.js';
import type { Alteration } from './conditions.js';
import {
  either,
  halfAndTwice,
  negated,
  noneOrAll,
  oneLabelLess,
  oneLess,
  oneOff,
  removed,
  swapped,
  type Operator,
} from './operators.js';

type Settings = readonly (readonly [at: string, ...operators: readonly Operator[]])[];

/**
 * What is altered in a document of each kind besides its conditions; `*` is every element. A setting that is not
 * written is not altered. {@link NOT_ALTERED} says what is left alone and why.
 */
const SETTINGS: Readonly<Partial<Record<Kind, Settings>>> = {
  AlertPolicy: [
    ['spec.priority', removed],
    ['spec.mode', either('enforce', 'observe')],
    ['spec.servers', oneLabelLess],
    ['spec.repeated.times', oneOff],
    ['spec.repeated.within', halfAndTwice],
    ['spec.cause', either('hardware', 'software')],
    ['spec.snapshot.cooldown', halfAndTwice],
    ['spec.snapshot.deadline', halfAndTwice],
  ],
  SchedulePolicy: [
    ['spec.servers', oneLabelLess],
    ['spec.every', halfAndTwice],
    ['spec.snapshot.deadline', halfAndTwice],
  ],
  PlacementPolicy: [
    ['spec.apartFrom', removed],
    ['spec.prefer', oneLess],
    ['spec.retain.scheduled', oneOff],
    ['spec.retain.additional', oneOff],
    ['spec.retain.afterTakeover', oneOff],
    ['spec.retain.manual', oneOff],
  ],
  RestartPolicy: [
    ['spec.priority', removed],
    ['spec.mode', either('enforce', 'observe')],
    ['spec.servers', oneLabelLess],
    ['spec.snapshots', oneLess, swapped],
    ['spec.snapshots.*.newest', negated],
    ['spec.snapshots.*.maxAge', halfAndTwice, removed],
    ['spec.snapshots.*.before', removed],
    ['spec.never', oneLess, removed],
    ['spec.coldBoot', either('last-resort', 'never')],
    ['spec.standby', either('armed', 'none')],
    ['spec.symptomsWithin', halfAndTwice],
    ['spec.backups.prefer', oneLess],
    ['spec.sequence.fence.attempts', oneOff],
    ['spec.sequence.fence.timeout', halfAndTwice],
    ['spec.sequence.connect.attempts', oneOff],
    ['spec.sequence.connect.timeout', halfAndTwice],
    ['spec.sequence.start.attempts', oneOff],
    ['spec.sequence.start.timeout', halfAndTwice],
    ['spec.sequence.verify.heartbeatWithin', halfAndTwice],
    ['spec.afterTakeover', either('snapshot', 'nothing')],
    ['spec.guard.maxConcurrent', oneOff],
    ['spec.guard.minHealthy', noneOrAll],
    ['spec.guard.cooldown', halfAndTwice],
  ],
};

/** Fields of policies that no alteration is made of, with the reason. A test holds both lists against the schemas. */
export const NOT_ALTERED: Readonly<Record<string, string>> = {
  apiVersion: 'another version is not loaded',
  kind: 'another kind is not loaded',
  metadata: 'a name decides nothing',
  'spec.condition': 'a condition is a name; the rules that ask for it are altered instead',
  'spec.snapshot.placement': 'a name; what it names is altered instead',
  'spec.placement': 'a name; what it names is altered instead',
  'spec.cron': 'there is no small mistake that is one for every calendar',
  'spec.prefer.*.weight':
    'weights mean something beside each other only; each preference is left out in turn',
  'spec.prefer.*.most': 'there is one word only',
  'spec.backups.prefer.*.weight': 'as for prefer',
  'spec.snapshots.*.condition': 'the rule is left out in turn',
  'spec.budget': 'no decision goes by it; rekindle check does',
};

/** Every small mistake in the settings of a document. */
export function alterationsOfSettings(kind: Kind, data: unknown): readonly Alteration[] {
  return (SETTINGS[kind] ?? []).flatMap(([pattern, ...operators]) =>
    placesOf(data, pattern.split('.')).flatMap((path) =>
      operators.flatMap((operator) => operator(valueAt(data, path)).map((one) => ({ ...one, path }))),
    ),
  );
}

/** `spec.snapshots.*.maxAge` and the like, as far as they are written. */
function placesOf(data: unknown, segments: readonly string[], path: Path = []): readonly Path[] {
  const [segment, ...rest] = segments;
  if (segment === undefined) return valueAt(data, path) === undefined ? [] : [path];
  if (segment !== '*') return placesOf(data, rest, [...path, segment]);
  const list = valueAt(data, path);
  if (!Array.isArray(list)) return [];
  return list.flatMap((_, index) => placesOf(data, rest, [...path, index]));
}

/** The patterns of {@link SETTINGS} of a kind. */
export function alteredSettings(kind: Kind): readonly string[] {
  return (SETTINGS[kind] ?? []).map(([pattern]) => pattern);
}
