import { alertFact } from '../engine/alert.js';
import type { Facts } from '../engine/condition.js';
import type { AlertEvent } from '../engine/event.js';
import type { AlertPolicy, PolicySet } from '../engine/policy-set.js';
import { type ActiveServer, selects, serverFact } from '../engine/world.js';
import { comparisonsOf, explainCondition, turnsTo, type ExplainedCondition } from './tree.js';

/** How an alert stands to one alert policy. */
export interface ExplainedPolicy {
  readonly policy: string;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** Whether the policy selects the server at all. */
  readonly selects: boolean;
  /** Null when the condition could not be evaluated. */
  readonly condition: ExplainedCondition | null;
  /** How many comparisons would have to come out otherwise for the condition to be met. */
  readonly missing: number;
}

/** How an alert stands to every alert policy, the nearest first. */
export async function explainAlert(
  { alertPolicies }: PolicySet,
  server: ActiveServer,
  alert: AlertEvent,
): Promise<readonly ExplainedPolicy[]> {
  const facts: Facts = { alert: alertFact(alert), server: serverFact(server) };
  const all = await Promise.all(alertPolicies.map((policy) => explainPolicy(policy, server, facts)));
  return all.toSorted(
    (a, b) =>
      Number(b.selects) - Number(a.selects) ||
      Number(isAboutThis(b)) - Number(isAboutThis(a)) ||
      a.missing - b.missing,
  );
}

/** A policy of which no label fits is about other alerts, however little it asks for. */
function isAboutThis({ condition }: ExplainedPolicy): boolean {
  if (condition === null) return false;
  return comparisonsOf(condition).some(
    ({ fact, path, met, found }) => met && found !== null && fact === 'alert' && path.startsWith('$.labels'),
  );
}

async function explainPolicy(
  { name, origin, servers, when }: AlertPolicy,
  server: ActiveServer,
  facts: Facts,
): Promise<ExplainedPolicy> {
  const condition = await explainCondition(when, facts);
  return {
    ...{ policy: name, file: origin.file, line: origin.line, condition },
    selects: selects(servers, server.identity),
    missing: condition === null ? Infinity : turnsTo(condition, true).length,
  };
}
