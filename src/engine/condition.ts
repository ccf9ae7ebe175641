import {
  Almanac,
  type ConditionProperties,
  Engine,
  Fact,
  type NestedCondition,
  type TopLevelCondition,
} from 'json-rules-engine';
import type { Evidence } from './decision.js';
import { once } from './once.js';
import { resolvePath } from './path.js';

/** What a condition is evaluated against: a few named facts. Only `alert` ever comes from outside. */
export type Facts = Readonly<Partial<Record<FactName, object>>>;
export type FactName = 'alert' | 'server' | 'drive' | 'backup' | 'snapshot';

export interface Verdict {
  readonly held: boolean;
  /** Every leaf that was evaluated, in the order in which the policy states them. */
  readonly evidence: readonly Evidence[];
  /** Why the condition could not be evaluated; it then counts as not held. */
  readonly error: string | null;
}

/** A compiled condition. Never rejects: an evaluation that fails is a verdict with an error. */
export interface Condition {
  holds(facts: Facts): Promise<Verdict>;
  /** The same condition with no other comparisons than these; null when it has none of them. */
  only(these: (comparison: Comparison) => boolean): Condition | null;
  /** What it consists of, for whoever reads conditions instead of evaluating them. */
  readonly tree: ConditionTree;
}

/** A condition as the policy states it. */
export type ConditionTree =
  | { readonly all: readonly ConditionTree[] }
  | { readonly any: readonly ConditionTree[] }
  | { readonly not: ConditionTree }
  | Comparison;

/** Every comparison in a condition, in the order in which the policy states them, which is that of the evidence. */
export function comparisonsIn(tree: ConditionTree): readonly Comparison[] {
  if ('all' in tree) return tree.all.flatMap(comparisonsIn);
  if ('any' in tree) return tree.any.flatMap(comparisonsIn);
  return 'not' in tree ? comparisonsIn(tree.not) : [tree];
}

/** A leaf of a condition, as the policy states it. */
export interface Comparison {
  readonly fact: string;
  readonly path: string;
  readonly operator: string;
  /** A value, or `{ fact, path }`. */
  readonly value: unknown;
}

/**
 * Compiles json-rules-engine conditions that the loader has checked.
 *
 * Each condition has an Engine of its own, so that a fault in one policy cannot swallow the result of
 * another, and one run at a time: overlapping runs of one Engine share a status and lose results.
 */
export function compileCondition(document: TopLevelCondition): Condition {
  // json-rules-engine rewrites conditions in place, and the documents are shared.
  const conditions = structuredClone(document);
  const rule = { conditions: structuredClone(conditions), event: { type: 'held' } };
  const engine = new Engine([rule], { allowUndefinedFacts: true });
  let last: Promise<unknown> = Promise.resolve();
  return {
    holds(facts) {
      const verdict = last.then(() => evaluate(engine, facts));
      last = verdict;
      return verdict;
    },
    only(these) {
      const rest = pruned(conditions, these);
      return rest && compileCondition({ all: [rest] });
    },
    tree: treeOf(structuredClone(document)),
  };
}

/** @throws {TypeError} for a reference to a shared condition, which the loader lets no document have. */
function treeOf(node: NestedCondition): ConditionTree {
  if ('all' in node) return { all: node.all.map(treeOf) };
  if ('any' in node) return { any: node.any.map(treeOf) };
  if ('not' in node) return { not: treeOf(node.not) };
  if ('condition' in node) throw new TypeError(`a reference to the condition ${node.condition}`);
  return comparisonOf(node);
}

function comparisonOf({ fact, path, operator, value }: ConditionProperties): Comparison {
  return { fact, path: path ?? '$', operator, value };
}

function pruned(node: NestedCondition, these: (comparison: Comparison) => boolean): NestedCondition | null {
  if ('all' in node) {
    const all = node.all.flatMap((child) => pruned(child, these) ?? []);
    return all.length === 0 ? null : { all };
  }
  if ('any' in node) {
    const any = node.any.flatMap((child) => pruned(child, these) ?? []);
    return any.length === 0 ? null : { any };
  }
  if ('not' in node) {
    const not = pruned(node.not, these);
    return not && { not };
  }
  if ('condition' in node) return null;
  return these(comparisonOf(node)) ? node : null;
}

async function evaluate(engine: Engine, facts: Facts): Promise<Verdict> {
  const almanac = new Almanac({ allowUndefinedFacts: true, pathResolver: resolvePath });
  try {
    const { results, failureResults } = await engine.run(constants(facts), { almanac });
    const [outcome] = [...results, ...failureResults];
    if (outcome === undefined) return failed('the condition gave no result');
    return { held: outcome.result === true, evidence: leavesOf(outcome.conditions), error: null };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Facts as json-rules-engine takes them. By default it hashes each to remember what it was calculated to be; these are
 * what they are. Several policies are asked about the same ones.
 */
const constants = once((facts: Facts): Readonly<Record<string, Fact>> =>
  Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, new Fact(name, value, { cache: false })]),
  ),
);

function failed(error: string): Verdict {
  return { held: false, evidence: [], error };
}

/** The evaluated leaves of a result tree; json-rules-engine leaves `result` off those it did not reach. */
function leavesOf(node: object): Evidence[] {
  const children = childrenOf(node);
  if (children !== null) return children.flatMap(leavesOf);
  if (!('fact' in node) || !('operator' in node) || !('result' in node)) return [];
  return [
    {
      fact: String(node.fact),
      path: 'path' in node ? String(node.path) : '$',
      operator: String(node.operator),
      expected: plain('valueResult' in node ? node.valueResult : undefined),
      found: plain('factResult' in node ? node.factResult : undefined),
      held: node.result === true,
    },
  ];
}

function childrenOf(node: object): object[] | null {
  if ('all' in node && Array.isArray(node.all)) return node.all.filter(isObject);
  if ('any' in node && Array.isArray(node.any)) return node.any.filter(isObject);
  if ('not' in node && isObject(node.not)) return [node.not];
  return null;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Evidence goes into decisions, which are JSON: a value that is absent is null there. */
function plain(value: unknown): unknown {
  return value ?? null;
}
