import type { Evidence } from './decision.js';
/** placeholder until compiled below */
export interface Condition { holds(facts: Readonly<Record<string, unknown>>): Promise<{ readonly held: boolean; readonly evidence: readonly Evidence[] }>; }
export function compileCondition(_conditions: unknown): Condition { throw new Error('unwritten'); }
