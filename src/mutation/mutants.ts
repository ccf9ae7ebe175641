import { formatPath } from '../engine/documents/place.js';
import { positionOf } from '../engine/documents/problems.js';
import type { Checked } from '../engine/documents/structure.js';
import { writtenConditions } from '../engine/documents/written-conditions.js';
import type { Loaded } from '../engine/load.js';
import type { PolicySet } from '../engine/policy-set.js';
import { type Alteration, alterationsOfCondition, withoutCondition } from './conditions.js';
import { edited } from './edit.js';
import { alterationsOfSettings } from './settings.js';

/** A policy set with one small mistake in it. */
export interface Mutant {
  readonly file: string;
  /** Line and column are 1-based. */
  readonly line: number;
  readonly column: number;
  /** Kind and name of the policy: `AlertPolicy overheating`. */
  readonly policy: string;
  /** Where in the document: `spec.repeated.times`; empty for the document as a whole. */
  readonly path: string;
  /** `3 → 2`. */
  readonly what: string;
  readonly policySet: PolicySet;
}

/**
 * Every policy set that is one small mistake away from this one, in the order in which a person reads the
 * policies. What the loader would refuse, and what changes nothing that the engine sees, is left out.
 */
export function* mutantsOf(loaded: Loaded): Generator<Mutant> {
  const known = new Set([contentOf(loaded.policySet)]);
  for (const document of loaded.documents) {
    const { body, yaml } = document;
    if (body.kind === 'Inventory' || body.kind === 'Scenario') continue;
    for (const { path, what, to } of alterationsOf(document)) {
      const policySet = loaded.altered(document, path.length === 0 ? undefined : edited(yaml.data, path, to));
      if (policySet === null) continue;
      const content = contentOf(policySet);
      if (known.has(content)) continue;
      known.add(content);
      yield {
        file: yaml.source.file,
        ...positionOf(yaml, path.length === 0 ? ['metadata', 'name'] : path),
        policy: `${body.kind} ${body.metadata.name}`,
        path: formatPath(path),
        what,
        policySet,
      };
    }
  }
}

function alterationsOf(document: Checked): readonly Alteration[] {
  const { yaml, body } = document;
  return [
    { path: [], to: undefined, what: 'the policy is left out' },
    ...alterationsOfSettings(body.kind, yaml.data),
    ...writtenConditions(document).flatMap(({ path }) => [
      withoutCondition(path),
      ...alterationsOfCondition(yaml.data, path),
    ]),
  ];
}

/** What the engine sees of a set, as text: two sets of the same content decide alike. */
function contentOf({
  alertPolicies,
  schedulePolicies,
  placementPolicies,
  restartPolicies,
}: PolicySet): string {
  return JSON.stringify(
    [alertPolicies, schedulePolicies, [...placementPolicies.values()], restartPolicies],
    (key, value: unknown) => (key === 'origin' || key === 'budget' ? undefined : value),
  );
}
