import type { Decision } from '../engine/decision.js';
import type { EngineEvent } from '../engine/event.js';
import type { DecisionRecord, OperationEnd, StepEnd } from './store.js';

/**
 * What the journal says beside the changes of the disk table: who decided what by which policies, what was about
 * to be done, and what came of it. The stores differ in how they keep it, not in what it says.
 */
export interface AuditEntry {
  readonly subject: `decision:${string}` | `operation:${string}`;
  readonly change: string;
  readonly detail: unknown;
}

export function auditOfDecision(decision: Decision, { operation }: DecisionRecord): AuditEntry {
  const { event, outcome, policyRevision } = decision;
  return {
    subject: `decision:${decision.id}`,
    change: 'decided',
    detail: {
      event: event.id,
      server: event.server,
      outcome,
      policyRevision,
      ...(operation === null ? {} : { operation: operation.id }),
    },
  };
}

/** The person who ordered it; the policies when nobody did. */
export function actorOf(event: EngineEvent): string {
  return 'by' in event ? event.by : 'policies';
}

export function auditOfIntent({ operation, step }: StepKey): AuditEntry {
  return { subject: `operation:${operation}`, change: 'step-begun', detail: { step } };
}

export function auditOfStepEnd({ operation, step }: StepKey, end: StepEnd): AuditEntry {
  const subject = `operation:${operation}` as const;
  return end.ok
    ? { subject, change: 'step-done', detail: { step } }
    : { subject, change: 'step-failed', detail: { step, ...end.error } };
}

export function auditOfEnd(operation: string, { state, reason, result }: OperationEnd): AuditEntry {
  return { subject: `operation:${operation}`, change: state, detail: { reason, result } };
}

interface StepKey {
  readonly operation: string;
  readonly step: string;
}
