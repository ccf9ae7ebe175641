import { analyseFailures, type Case } from '../check/failures/analyse.js';
import { singleFailures, strikes, type Failure } from '../check/failures/failure.js';
import { governance } from '../check/governance.js';
import type { PolicySet } from '../engine/policy-set.js';
import { compareText } from '../engine/world.js';
import type { PolicyPlace } from './change.js';

/**
 * In what two answers to a single failure differ, at the worst moment that the schedules allow. `gained` and `lost`:
 * only one side wakes the server. `memory`: only one side wakes it with its memory. `age`: more or less is lost.
 */
export type SurvivalChangeKind = 'gained' | 'lost' | 'memory' | 'age';

/** A single failure of anything, which the two policy sets survive differently. */
export interface SurvivalChange {
  /** What fails: `device array-a`, `feed=right`, `the path from web-1 to array-a`. */
  readonly failure: string;
  /** A server that fails with it. */
  readonly server: string;
  readonly changes: readonly SurvivalChangeKind[];
  readonly base: Survival;
  readonly head: Survival;
}

/** The worst that comes of a failure for a server. */
export interface Survival {
  readonly outcome: 'woken' | 'booted cold' | 'not woken';
  /** Age of the snapshot that is woken; null without one. */
  readonly lostMs: number | null;
  readonly policy: PolicyPlace | null;
}

/** What every single failure comes to under both sets. What fails under one of them only is not compared. */
export async function changesOfSurvival(
  base: PolicySet,
  head: PolicySet,
): Promise<readonly SurvivalChange[]> {
  const [before, after] = [await survivals(base), await survivals(head)];
  const changes: SurvivalChange[] = [];
  for (const [key, { failure, server, survival }] of before) {
    const other = after.get(key);
    if (other === undefined) continue;
    const kinds = kindsOf(survival, other.survival);
    if (kinds.length > 0)
      changes.push({ failure, server, changes: kinds, base: survival, head: other.survival });
  }
  return changes.toSorted((a, b) => compareText(a.server, b.server) || compareText(a.failure, b.failure));
}

function kindsOf(before: Survival, after: Survival): readonly SurvivalChangeKind[] {
  if (before.outcome !== after.outcome) {
    if (before.outcome === 'not woken') return ['gained'];
    return [after.outcome === 'not woken' ? 'lost' : 'memory'];
  }
  return before.lostMs === after.lostMs ? [] : ['age'];
}

interface Survived {
  readonly failure: string;
  readonly server: string;
  readonly survival: Survival;
}

async function survivals(set: PolicySet): Promise<ReadonlyMap<string, Survived>> {
  const { struck } = await analyseFailures(set, governance(set));
  const known = new Map(struck.map((one) => [keyOf(one.failure, one.outcome.server.name), one]));
  const active = [...set.inventory.machines.values()].filter(({ role }) => role === 'active');
  return new Map(
    singleFailures(set).flatMap((failure) =>
      active
        .filter((server) => strikes(failure, server, set.inventory))
        .map(({ name }): readonly [string, Survived] => {
          // Of a server that its own failure finishes, and of one that nothing keeps, the analysis says no more.
          const found = known.get(keyOf(failure, name));
          const survival = found === undefined ? NOT_WOKEN : survivalIn(found);
          return [keyOf(failure, name), { failure: failure.subject, server: name, survival }];
        }),
    ),
  );
}

const NOT_WOKEN: Survival = { outcome: 'not woken', lostMs: null, policy: null };

function survivalIn({ outcome: { attempt, lostMs, policy } }: Case): Survival {
  const place = { name: policy.name, file: policy.origin.file, line: policy.origin.line };
  if (attempt === null) return { ...NOT_WOKEN, policy: place };
  return { outcome: attempt.snapshot === null ? 'booted cold' : 'woken', lostMs, policy: place };
}

function keyOf({ subject }: Failure, server: string): string {
  return JSON.stringify([subject, server]);
}
