import type { FactName } from '../condition.js';
import { parsePath } from '../path.js';
import { FACT_SHAPES, type Shape } from './facts.js';
import { listed, suggest, suggestNear } from './nearest.js';
import type { Path } from './place.js';
import type { Finding } from './problems.js';
import { inWords } from './words.js';

/** The operators of json-rules-engine, by what they want as value. */
const OPERATORS = {
  equal: 'one',
  notEqual: 'one',
  in: 'list',
  notIn: 'list',
  contains: 'element',
  doesNotContain: 'element',
  lessThan: 'number',
  lessThanInclusive: 'number',
  greaterThan: 'number',
  greaterThanInclusive: 'number',
} as const;

type Wants = (typeof OPERATORS)[keyof typeof OPERATORS];
type Written = Readonly<Record<string, unknown>>;

interface Place {
  readonly path: Path;
  readonly facts: readonly FactName[];
}

/** What is wrong with the keys that a comparison has. */
export function comparisonFindings(node: Written, place: Place): readonly Finding[] {
  const subject = referenceFindings(node, place);
  const operator = Object.hasOwn(node, 'operator') ? operatorFindings(node.operator, place) : [];
  if (!Object.hasOwn(node, 'value') || operator.length > 0) return [...subject, ...operator];
  return [...subject, ...valueFindings(node, shapeOf(node), place)];
}

/** `{ fact, path }`: the fact must be one that there is here, the path must lead somewhere in it. */
function referenceFindings(node: Written, { path: at, facts }: Place): readonly Finding[] {
  const { fact, path } = node;
  const findings: Finding[] = [];
  const known = facts.find((name) => name === fact);
  if (Object.hasOwn(node, 'fact') && known === undefined) {
    const message = `expected one of the facts ${listed(facts, 'or')}, found ${inWords(fact)}`;
    const hint = suggestNear(fact, facts);
    findings.push({ code: 'RULE_UNKNOWN_FACT', path: [...at, 'fact'], message, hint });
  }
  if (Object.hasOwn(node, 'path')) findings.push(...pathFindings(path, known ?? null, [...at, 'path']));
  return findings;
}

function pathFindings(path: unknown, fact: FactName | null, at: Path): readonly Finding[] {
  if (typeof path !== 'string') {
    return [
      {
        code: 'SCHEMA_TYPE',
        path: at,
        message: `expected a path like $.labels.alertname, found ${inWords(path)}`,
      },
    ];
  }
  const parsed = parsePath(path);
  if (!parsed.ok)
    return [{ code: parsed.code, path: at, message: parsed.message, hint: 'for example $.labels.alertname' }];
  if (fact === null) return [];
  const end = walk(FACT_SHAPES[fact], parsed.segments);
  if (end.found) return [];
  const message = `${fact} has nothing at ${path} that could be compared`;
  return [{ code: 'PATH_UNKNOWN', path: at, message, hint: suggest(end.segment, end.known) }];
}

type Walk =
  | { readonly found: true; readonly shape: Shape }
  /** The segment that leads nowhere, and what it could have been. */
  | { readonly found: false; readonly segment: string | number; readonly known: readonly string[] };

/** Follows a path into a shape, up to a value that can be compared: a whole map equals nothing. */
function walk(shape: Shape, segments: readonly (string | number)[]): Walk {
  const [segment, ...rest] = segments;
  const known = typeof shape === 'object' ? Object.keys(shape) : [];
  if (segment === undefined) {
    return typeof shape === 'object' || shape === 'texts'
      ? { found: false, segment: '', known }
      : { found: true, shape };
  }
  if (shape === 'texts' && typeof segment === 'string') return walk('text', rest);
  if (shape === 'list' && typeof segment === 'number') return walk('text', rest);
  const next = typeof shape === 'object' && Object.hasOwn(shape, segment) ? shape[segment] : undefined;
  return next === undefined ? { found: false, segment, known } : walk(next, rest);
}

/** The shape of what `{ fact, path }` refers to; null when that cannot be told. */
function shapeOf({ fact, path }: Written): Shape | null {
  if (typeof fact !== 'string' || typeof path !== 'string' || !isFact(fact)) return null;
  const parsed = parsePath(path);
  if (!parsed.ok) return null;
  const end = walk(FACT_SHAPES[fact], parsed.segments);
  return end.found ? end.shape : null;
}

function operatorFindings(operator: unknown, { path }: Place): readonly Finding[] {
  if (typeof operator === 'string' && Object.hasOwn(OPERATORS, operator)) return [];
  const message = `expected an operator, found ${inWords(operator)}`;
  const hint = suggest(operator, Object.keys(OPERATORS));
  return [{ code: 'RULE_UNKNOWN_OPERATOR', path: [...path, 'operator'], message, hint }];
}

function valueFindings(node: Written, left: Shape | null, place: Place): readonly Finding[] {
  const { operator, value } = node;
  const wants = wantedBy(operator);
  if (wants === null) return [];
  const path = [...place.path, 'value'];
  const wrong = (expected: string, hint = ''): readonly Finding[] => [
    {
      code: 'RULE_VALUE_TYPE',
      path,
      message: `${String(operator)} wants ${expected}, found ${inWords(value)}`,
      hint,
    },
  ];

  if (wants === 'element' && left !== null && left !== 'list') {
    const message = `${String(operator)} looks into a list, but ${String(node.path)} is ${shapeInWords(left)}`;
    return [{ code: 'RULE_VALUE_TYPE', path: [...place.path, 'operator'], message, hint: 'use equal or in' }];
  }
  if (isMap(value)) return referenceValueFindings(value, { ...place, path }, wrong);
  if (wants === 'list')
    return Array.isArray(value) ? listFindings(value, left, path, wrong) : wrong('a list');
  if (wants === 'number') return typeof value === 'number' ? [] : wrong('a number', numberHint(value));
  if (Array.isArray(value)) return wrong('a single value', 'use in for a list');
  const element = wants === 'element' ? 'text' : left;
  return agrees(value, element) ? [] : wrong(shapeInWords(element), textHint(value, element));
}

/** The value of another fact: `{ fact, path }` and nothing else. */
function referenceValueFindings(
  value: Written,
  place: Place,
  wrong: (expected: string) => readonly Finding[],
): readonly Finding[] {
  const keys = Object.keys(value).toSorted();
  return keys.join() === 'fact,path'
    ? referenceFindings(value, place)
    : wrong('a value, or another fact as { fact, path }');
}

function listFindings(
  list: readonly unknown[],
  left: Shape | null,
  path: Path,
  wrong: (expected: string) => readonly Finding[],
): readonly Finding[] {
  if (list.length === 0) return wrong('a list with at least one value');
  return list.flatMap((item, index): readonly Finding[] => {
    if (agrees(item, left)) return [];
    const message = `expected ${shapeInWords(left)}, found ${inWords(item)}`;
    return [{ code: 'RULE_VALUE_TYPE', path: [...path, index], message, hint: textHint(item, left) }];
  });
}

/** Values of different types are never equal, so such a comparison would be decided before any alert came. */
function agrees(value: unknown, shape: Shape | null): boolean {
  if (typeof value === 'object' && value !== null) return false;
  if (shape === 'text') return typeof value === 'string' || value === null;
  if (shape === 'number') return typeof value === 'number' || value === null;
  return true;
}

function shapeInWords(shape: Shape | null): string {
  if (shape === 'text') return 'a text';
  if (shape === 'number') return 'a number';
  if (shape === 'list') return 'a list';
  return shape === null ? 'a single value' : 'a map';
}

function textHint(value: unknown, shape: Shape | null): string {
  if (shape === 'number') return numberHint(value);
  return typeof value === 'number' || typeof value === 'boolean' ? `write "${value}"` : '';
}

function numberHint(value: unknown): string {
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))
    ? `write ${value.trim()} without quotes`
    : '';
}

function wantedBy(operator: unknown): Wants | null {
  const found = Object.entries(OPERATORS).find(([name]) => name === operator);
  return found === undefined ? null : found[1];
}

function isFact(name: string): name is FactName {
  return Object.hasOwn(FACT_SHAPES, name);
}

function isMap(value: unknown): value is Written {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
