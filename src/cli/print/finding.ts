import type { CheckFinding } from '../../check/index.js';
import type { Problem } from '../../engine/problem.js';
import type { ScenarioResult, StepResult } from '../../scenario/index.js';

/** Something at a place in a document, in the shape that all formats for CI print. */
export interface Finding {
  /** A word of a closed set: a problem code, a check code, or `SCENARIO_FAILED`. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in characters; null when the whole line is meant. */
  readonly column: number | null;
  readonly message: string;
  /** What to do next; empty when the message says it all. */
  readonly hint: string;
}

/** The formats that print findings for a machine or a pull request. */
export const FINDING_FORMATS = ['github', 'sarif', 'markdown'] as const;
export type FindingFormat = (typeof FINDING_FORMATS)[number];

export function isFindingFormat(format: string): format is FindingFormat {
  return FINDING_FORMATS.some((known) => known === format);
}

export function findingOfProblem({ code, file, line, column, message, hint }: Problem): Finding {
  return { code, severity: 'error', file, line, column, message, hint };
}

export function findingOfCheck({ code, severity, origin, message, hint }: CheckFinding): Finding {
  return { code, severity, file: origin.file, line: origin.line, column: null, message, hint };
}

/** One for each step that failed, at that step. */
export function findingsOfScenario({ file, name, steps }: ScenarioResult): readonly Finding[] {
  return steps.filter(({ passed }) => !passed).map((step) => findingOfStep(step, { file, name }));
}

function findingOfStep(
  { line, what, mismatches, decision }: StepResult,
  { file, name }: Pick<ScenarioResult, 'file' | 'name'>,
): Finding {
  const differences = mismatches.map((one) => `${one.what}: expected ${one.expected}, actual ${one.actual}`);
  const reasons = (decision?.reasons ?? []).map(({ code, text }) => `${code}: ${text}`);
  return {
    code: 'SCENARIO_FAILED',
    severity: 'error',
    file,
    line,
    column: null,
    message: `${name}: ${what}: ${differences.join('; ')}`,
    hint: reasons.length === 0 ? '' : `decided so because ${reasons.join('; ')}`,
  };
}
