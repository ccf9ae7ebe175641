import { auditOfEnd, auditOfIntent, auditOfStepEnd } from '../audit.js';
import { refusal } from '../refusals.js';
import type { Operation, OperationEnd, StepEnd, StepRecord } from '../store.js';
import { releaseAll } from './disk-table.js';
import { audit, type Tables } from './tables.js';

/** An operation ends once; ending it the same way again changes nothing. */
export function endOperation(tables: Tables, id: string, end: OperationEnd): void {
  const operation = tables.operations.get(id);
  if (operation === undefined) throw refusal.noOperation(id);
  if (operation.state !== 'running') {
    if (operation.state !== end.state) throw refusal.operationEnded(id, operation.state, end.state);
    return;
  }
  const { state, at, reason } = end;
  tables.operations.put(id, { ...operation, state, endedAt: at, reason, result: asJson(end.result) });
  const change = { tables, at, by: id };
  audit(change, auditOfEnd(id, end));
  // What a blocked operation still holds, it could not prove to be free.
  if (state === 'done') releaseAll(change, id);
}

/** Running, or holding what they could not prove free. */
export function openOperations({ operations, drives, machines }: Tables): readonly Operation[] {
  const holding = new Set([
    ...drives.all().map(({ row }) => row.reservedBy),
    ...machines.all().map(({ reservedBy }) => reservedBy),
  ]);
  return operations.all().filter(({ id, state }) => state === 'running' || holding.has(id));
}

interface StepKey {
  readonly operation: string;
  readonly step: string;
}

/** A step that was begun before a crash is begun again: its first begin stays. */
export function intendStep(tables: Tables, key: StepKey, at: string): void {
  const steps = tables.steps.get(key.operation) ?? [];
  const known = steps.find(({ step }) => step === key.step);
  if (known?.state === 'intended') return;
  if (known !== undefined) throw refusal.stepOver(key, known.state);
  const operation = tables.operations.get(key.operation);
  if (operation === undefined) throw refusal.noOperation(key.operation);
  if (operation.state !== 'running') throw refusal.operationOver(key.operation);
  const begun: StepRecord = {
    step: key.step,
    state: 'intended',
    startedAt: at,
    endedAt: null,
    result: undefined,
    error: null,
  };
  tables.steps.put(key.operation, [...steps, begun]);
  audit({ tables, at, by: key.operation }, auditOfIntent(key));
}

export function concludeStep(tables: Tables, key: StepKey, end: StepEnd, at: string): void {
  const steps = tables.steps.get(key.operation) ?? [];
  const known = steps.find(({ step }) => step === key.step);
  if (known === undefined) throw refusal.stepNotBegun(key);
  if (known.state !== 'intended') throw refusal.stepConcluded(key, known.state);
  const ended: StepRecord = end.ok
    ? { ...known, state: 'done', endedAt: at, result: asJson(end.result) }
    : { ...known, state: 'failed', endedAt: at, error: end.error };
  tables.steps.put(
    key.operation,
    steps.map((step) => (step === known ? ended : step)),
  );
  audit({ tables, at, by: key.operation }, auditOfStepEnd(key, end));
}

/** What a store that writes it down would give back. */
function asJson(value: unknown): unknown {
  // The library types promise a string, also where it answers undefined.
  const encoded: unknown = JSON.stringify(value);
  return typeof encoded === 'string' ? JSON.parse(encoded) : undefined;
}
