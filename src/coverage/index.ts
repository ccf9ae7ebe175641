import type { Decision } from '../engine/decision.js';
import type { Loaded } from '../engine/load.js';
import type { PolicySet } from '../engine/policy-set.js';
import { startedBy, type Audience } from '../scenario/index.js';
import { watchedPolicies } from './conditions.js';
import { type Item, itemsOf, key } from './items.js';

export type { Item } from './items.js';

/** What of the policies the scenarios have shown at work. */
export interface Coverage {
  readonly covered: number;
  readonly total: number;
  /** From 0 to 100; 100 when there is nothing to show. */
  readonly percent: number;
  readonly items: readonly (Item & { readonly covered: boolean })[];
}

/** Looks on while scenarios are played on `policySet`, which decides as the one that was loaded. */
export interface Onlooker {
  readonly policySet: PolicySet;
  readonly audience: Audience;
  coverage(): Coverage;
}

/**
 * Measures what scenarios show of each policy (it has acted), each comparison of a condition (it was met, and it
 * was not met) and each way that a restart policy leaves open (a server was woken by that rule).
 */
export function onlooker({ policySet, documents }: Loaded): Onlooker {
  const seen = new Set<string>();
  return {
    policySet: watchedPolicies(policySet, ({ kind, policy, path }, index, held) => {
      seen.add(key.comparison(kind, policy, path, index, held));
    }),
    audience: {
      decided(decision) {
        for (const one of shownBy(decision)) seen.add(one);
      },
      ended({ decision }, { result }) {
        for (const one of wokenBy(decision, result)) seen.add(one);
      },
    },
    coverage() {
      const items = itemsOf(documents, policySet).map((item) => ({ ...item, covered: seen.has(item.key) }));
      const covered = items.filter((item) => item.covered).length;
      const percent = items.length === 0 ? 100 : (100 * covered) / items.length;
      return { covered, total: items.length, percent, items };
    },
  };
}

/** Which policies a decision shows at work. */
function shownBy({ outcome, snapshot, restart, reasons }: Decision): readonly string[] {
  const suspect =
    restart?.candidates.some((one) => !one.accepted && one.reason === 'memory-suspect') ?? false;
  return [
    ...(restart && suspect ? [key.never(restart.policy)] : []),
    ...(restart && outcome === 'restart' ? [key.policy('RestartPolicy', restart.policy)] : []),
    ...(snapshot && outcome === 'snapshot' ? orderedBy(snapshot) : []),
    ...reasons.flatMap(({ code, policy }) =>
      code === 'placed' && policy !== undefined ? [key.policy('PlacementPolicy', policy)] : [],
    ),
  ];
}

function orderedBy({ kind, policy }: NonNullable<Decision['snapshot']>): readonly string[] {
  if (kind === 'additional') return [key.policy('AlertPolicy', policy)];
  return kind === 'scheduled' ? [key.policy('SchedulePolicy', policy)] : [];
}

/** The way that a restart went, of those that its policy leaves open. */
function wokenBy({ restart }: Decision, result: unknown): readonly string[] {
  const started = startedBy(result);
  if (restart === undefined || started === null) return [];
  if (started.snapshot === null) return [key.coldBoot(restart.policy)];
  const chosen = restart.candidates.find(({ snapshot }) => snapshot === started.snapshot);
  return chosen?.accepted === true ? [key.rule(restart.policy, chosen.rule)] : [];
}
