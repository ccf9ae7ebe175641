import { comparisonsIn, type Comparison, type ConditionTree } from '../../engine/condition.js';
import { parsePath } from '../../engine/path.js';
import { compares, isOfConstant, subjectOf } from '../comparison.js';
import { grouped, holds } from '../truth.js';
import { representatives } from '../values.js';

/** What a Scenario can say of an alert. */
export interface AlertParts {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly value?: number;
}

/** Beyond so many alerts tried none is made up. */
const MOST_TRIED = 4_096;

/** An alert that meets a condition; null when there is none that a Scenario could write down. */
export function meeting(tree: ConditionTree): AlertParts | null {
  const questions = questionsOf(comparisonsIn(tree));
  if (questions.reduce((ways, { values }) => ways * values.length, 1) > MOST_TRIED) return null;
  return firstThat(questions, [], (found) => holds(tree, answersOf(found)));
}

/** One value of the alert, and what a Scenario may put there. */
interface Question {
  readonly comparisons: readonly Comparison[];
  readonly values: readonly Found[];
}

interface Found {
  readonly comparisons: readonly Comparison[];
  /** Undefined: it is left out. */
  readonly value: unknown;
  write(parts: AlertParts): AlertParts;
}

function questionsOf(comparisons: readonly Comparison[]): readonly Question[] {
  return [...grouped(comparisons).values()].map((asked) => {
    const [first] = asked;
    const values = first !== undefined && isOfConstant(first) ? representatives(subjectOf(first), asked) : [];
    const written = values.flatMap((value) => foundOf(asked, value) ?? []);
    const absent: Found = { comparisons: asked, value: undefined, write: (parts) => parts };
    return { comparisons: asked, values: [...written, absent] };
  });
}

function foundOf(comparisons: readonly Comparison[], value: unknown): Found | null {
  const [first] = comparisons;
  const parsed = first?.fact === 'alert' ? parsePath(first.path) : null;
  if (parsed?.ok !== true) return null;
  const [field, name] = parsed.segments;
  if (field === 'status') return { comparisons, value, write: (parts) => parts };
  if (field === 'value' && typeof value === 'number') {
    return { comparisons, value, write: (parts) => ({ ...parts, value }) };
  }
  if ((field !== 'labels' && field !== 'annotations') || typeof name !== 'string') return null;
  if (typeof value !== 'string') return null;
  const write = (parts: AlertParts): AlertParts => ({
    ...parts,
    [field]: { ...parts[field], [name]: value },
  });
  return { comparisons, value, write };
}

function firstThat(
  [question, ...rest]: readonly Question[],
  found: readonly Found[],
  meets: (found: readonly Found[]) => boolean,
): AlertParts | null {
  if (question === undefined) {
    const nothing: AlertParts = { labels: {}, annotations: {} };
    return meets(found) ? found.reduce((parts, one) => one.write(parts), nothing) : null;
  }
  for (const value of question.values) {
    const met = firstThat(rest, [...found, value], meets);
    if (met !== null) return met;
  }
  return null;
}

function answersOf(found: readonly Found[]): ReadonlyMap<Comparison, boolean> {
  return new Map(
    found.flatMap(({ comparisons, value }) =>
      comparisons.map(
        (comparison) => [comparison, isOfConstant(comparison) && compares(comparison, value)] as const,
      ),
    ),
  );
}
