import type { Origin } from '../engine/policy-set.js';

/** What the lint of a policy set can find; each document of it is right by itself. */
export const CHECK_CODES = [
  'ALERT_SHADOWED',
  'BUDGET_LOSS',
  'BUDGET_RESTART',
  'CONDITION_ALWAYS',
  'CONDITION_NEVER',
  'CONDITION_UNRECORDED',
  'FAILURE_LOSES_MEMORY',
  'FAILURE_NOT_SURVIVED',
  'FAILURE_UNPROTECTS',
  'PAIR_NOT_SURVIVED',
  'PLACEMENT_UNUSED',
  'RESTART_AMBIGUOUS',
  'RESTART_SHADOWED',
  'SCHEDULE_STUCK',
  'SELECTOR_EMPTY',
  'SERVER_WITHOUT_RESTART',
  'SERVER_WITHOUT_SNAPSHOT',
  'MAX_AGE_BELOW_COOLDOWN',
  'MAX_AGE_BELOW_INTERVAL',
] as const;
export type CheckCode = (typeof CHECK_CODES)[number];

/** Something that does not do what whoever wrote it would expect. */
export interface CheckFinding {
  readonly code: CheckCode;
  /** `error`: a failure would not be survived, or a policy cannot do what it says. `warning`: it may be meant so. */
  readonly severity: 'error' | 'warning';
  readonly origin: Origin;
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
}
