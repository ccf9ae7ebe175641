import type { Decision } from '../engine/decision.js';
import type { EngineEvent } from '../engine/event.js';
import type { ActionNote } from '../actions/context.js';
import type { Operation, OperationEnd, StepFailure } from '../store/store.js';

/**
 * Who is told what happens: the log and the metrics. The control room reports in the domain's words and does
 * not know either.
 */
export interface Journalist {
  accepted(event: EngineEvent, result: 'accepted' | 'duplicate' | 'conflict'): void;
  decided(decision: Decision, how: { readonly final: boolean; readonly tookMs: number }): void;
  began(operation: Operation, how: { readonly resumed: boolean }): void;
  noted(operation: Operation, note: ActionNote): void;
  stepFailed(
    operation: Operation,
    how: { readonly step: string; readonly failure: StepFailure; readonly final: boolean },
  ): void;
  ended(operation: Operation, end: OperationEnd): void;
  /** A backup holds a snapshot ready from now on; null: none any more. */
  stoodBy(what: {
    readonly machine: string;
    readonly server: string | null;
    readonly snapshot: string | null;
  }): void;
  /** A fenced machine that might still have had access to a drive has none. */
  isolated(what: { readonly server: string; readonly drive: string; readonly machine: string }): void;
  /** Something went wrong that no operation carries. */
  fault(what: string, error: unknown): void;
}
