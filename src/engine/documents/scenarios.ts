import type { Problem } from '../problem.js';
import { REASONS } from '../reasons.js';
import { conditionNames, type Corpus, namesOf } from './corpus.js';
import type { Written } from './kinds.js';
import { suggest } from './nearest.js';
import type { Path } from './place.js';
import { problemAt } from './problems.js';
import { parseDuration } from './quantities.js';
import { unknownReference } from './references.js';
import { type Checked, ofKind } from './structure.js';
import { inWords } from './words.js';

type Step = Written<'Scenario'>['spec']['steps'][number];

/** Scenarios name what exists, and their time runs forward. */
export function scenarioProblems(corpus: Corpus): readonly Problem[] {
  const scenarios = ofKind(corpus.documents, 'Scenario');
  return scenarios.flatMap((scenario) => [
    ...inventoryReference(corpus, scenario),
    ...order(scenario),
    ...reasons(scenario),
    ...stepReferences(corpus, scenario),
  ]);
}

function inventoryReference(corpus: Corpus, { yaml, body }: Checked<'Scenario'>): readonly Problem[] {
  if (!corpus.complete) return [];
  const known = namesOf(corpus, 'Inventory');
  return unknownReference(yaml, ['spec', 'inventory'], {
    what: 'Inventory',
    word: body.spec.inventory,
    known,
  });
}

function order({ yaml, body }: Checked<'Scenario'>): readonly Problem[] {
  const { steps } = body.spec;
  return steps.flatMap(({ at }, index) => {
    const before = steps[index - 1]?.at;
    if (before === undefined || (parseDuration(at) ?? 0) >= (parseDuration(before) ?? 0)) return [];
    const message = `expected ${before} or later, found ${at}`;
    const hint = 'steps stand in the order of their times';
    return [problemAt(yaml, { code: 'SCENARIO_ORDER', path: ['spec', 'steps', index, 'at'], message, hint })];
  });
}

function reasons({ yaml, body }: Checked<'Scenario'>): readonly Problem[] {
  return body.spec.steps.flatMap(({ expect }, index) => {
    const reason = expect?.reason;
    if (reason === undefined || Object.hasOwn(REASONS, reason)) return [];
    const path = ['spec', 'steps', index, 'expect', 'reason'];
    const message = `expected a reason code, found ${inWords(reason)}`;
    return [
      problemAt(yaml, { code: 'REF_UNKNOWN', path, message, hint: suggest(reason, Object.keys(REASONS)) }),
    ];
  });
}

/** Words of expectations for what has no name: no machine, and no snapshot. */
const NOWHERE = 'nowhere';
const COLD_BOOT = 'cold boot';

/** What a step may name. */
interface Known {
  readonly servers: readonly string[];
  readonly machines: readonly string[];
  readonly backups: readonly string[];
  readonly drives: readonly string[];
  readonly devices: readonly string[];
  readonly conditions: readonly string[];
}

function stepReferences(corpus: Corpus, { yaml, body }: Checked<'Scenario'>): readonly Problem[] {
  const { inventory, complete } = corpus;
  if (inventory === null || !complete) return [];
  const { servers, drives, devices } = inventory.body.spec;
  const known: Known = {
    servers: servers.filter(({ role }) => role === 'active').map(({ name }) => name),
    backups: servers.filter(({ role }) => role === 'backup').map(({ name }) => name),
    machines: servers.map(({ name }) => name),
    drives: drives.map(({ name }) => name),
    devices: devices.map(({ name }) => name),
    conditions: conditionNames(corpus),
  };
  return body.spec.steps.flatMap((step, index) =>
    referencesOf(step, known).flatMap(({ path, ...reference }) =>
      unknownReference(yaml, ['spec', 'steps', index, ...path], reference),
    ),
  );
}

interface Reference {
  readonly path: Path;
  readonly what: string;
  readonly word: string | undefined;
  readonly known: readonly string[];
}

function referencesOf(
  { snapshot, alert, failure, drive, misbehave, path, expect }: Step,
  known: Known,
): readonly Reference[] {
  const server = (path: Path, word: string | undefined): Reference => ({
    path,
    what: 'active server',
    word,
    known: known.servers,
  });
  const aDrive = (path: Path, word: string | undefined): Reference => ({
    path,
    what: 'drive',
    word,
    known: known.drives,
  });
  const condition = (path: Path, word: string | undefined): Reference => ({
    path,
    what: 'condition',
    word,
    known: known.conditions,
  });
  return [
    server(['snapshot', 'server'], snapshot?.server),
    condition(['snapshot', 'condition'], snapshot?.condition),
    aDrive(['snapshot', 'drive'], snapshot?.drive),
    server(['alert', 'server'], alert?.server),
    server(['failure', 'server'], failure?.server),
    aDrive(['drive', 'name'], drive?.name),
    {
      path: ['misbehave', 'target'],
      what: 'server or drive',
      word: misbehave?.target,
      known: [...known.machines, ...known.drives],
    },
    { path: ['path', 'server'], what: 'server', word: path?.server, known: known.machines },
    { path: ['path', 'device'], what: 'device', word: path?.device, known: known.devices },
    condition(['expect', 'snapshot', 'condition'], expect?.snapshot?.condition),
    aDrive(['expect', 'snapshot', 'drive'], expect?.snapshot?.drive),
    aDrive(['expect', 'snapshot', 'driveNot'], expect?.snapshot?.driveNot),
    {
      path: ['expect', 'restart', 'condition'],
      what: 'condition',
      word: expect?.restart?.condition,
      known: [...known.conditions, COLD_BOOT],
    },
    {
      path: ['expect', 'restart', 'backup'],
      what: 'backup server',
      word: expect?.restart?.backup,
      known: known.backups,
    },
    aDrive(['expect', 'restart', 'drive'], expect?.restart?.drive),
    ...Object.keys(expect?.retained ?? {}).map((name) => server(['expect', 'retained', name], name)),
    ...Object.entries(expect?.alive ?? {}).flatMap(([name, machine]) => [
      server(['expect', 'alive', name], name),
      { path: ['expect', 'alive', name], what: 'server', word: machine, known: [...known.machines, NOWHERE] },
    ]),
  ];
}
