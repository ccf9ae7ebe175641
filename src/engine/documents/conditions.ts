import type { FactName } from '../condition.js';
import { comparisonFindings } from './comparisons.js';
import { conditionPlaces } from './facts.js';
import type { Kind } from './kinds.js';
import { MAX_CONDITION_DEPTH } from './limits.js';
import { nearest, suggest } from './nearest.js';
import { formatPath, type Path, valueAt } from './place.js';
import type { Finding } from './problems.js';
import { inWords, keyInWords } from './words.js';

const GROUPS = ['all', 'any', 'not'] as const;
const COMPARISON_KEYS = ['fact', 'path', 'operator', 'value'] as const;

/** What is wrong with the conditions of a document, whatever else may be wrong with it. */
export function conditionFindings(kind: Kind, data: unknown): readonly Finding[] {
  const countAt = (path: Path): number => {
    const list = valueAt(data, path);
    return Array.isArray(list) ? list.length : 0;
  };
  return conditionPlaces(kind, countAt).flatMap(({ path, facts }) => {
    const condition = valueAt(data, path);
    // Absent or no map at all: that is for the schema to say.
    return isMap(condition) ? rootFindings(condition, { path, facts, depth: 1 }) : [];
  });
}

interface Place {
  readonly path: Path;
  /** The facts that there are here. */
  readonly facts: readonly FactName[];
  readonly depth: number;
}

type Written = Readonly<Record<string, unknown>>;

/** json-rules-engine refuses a comparison as the outermost condition. */
function rootFindings(condition: Written, place: Place): readonly Finding[] {
  if (groupsIn(condition).length > 0 || misspeltGroup(condition) !== null)
    return nodeFindings(condition, place);
  const message = `${formatPath(place.path)} needs all, any or not outermost`;
  const hint = 'put the comparisons into a list under all';
  return [{ code: 'SCHEMA_MISSING_KEY', path: place.path, message, hint }];
}

function nodeFindings(node: unknown, place: Place): readonly Finding[] {
  const { path, depth } = place;
  if (!isMap(node))
    return [{ code: 'SCHEMA_TYPE', path, message: `expected a condition, found ${inWords(node)}` }];
  if (depth > MAX_CONDITION_DEPTH) {
    const message = `expected at most ${MAX_CONDITION_DEPTH} of all, any and not inside each other`;
    return [{ code: 'RULE_TOO_DEEP', path, message }];
  }
  const groups = groupsIn(node);
  if (groups.length > 1) {
    const message = `found ${groups.join(' and ')} side by side`;
    const hint = 'json-rules-engine looks at one of them only; put one inside the other';
    return [{ code: 'RULE_AMBIGUOUS', path: [...path, groups[1] ?? ''], at: 'key', message, hint }];
  }
  const [group] = groups;
  if (group !== undefined)
    return [...unknownKeys(node, [group], place), ...groupFindings(group, node[group], place)];
  const misspelt = misspeltGroup(node);
  if (misspelt !== null) return [unknownKey(misspelt, GROUPS, place)];
  return [
    ...unknownKeys(node, COMPARISON_KEYS, place),
    ...COMPARISON_KEYS.filter((key) => !Object.hasOwn(node, key)).map((key) => missingKey(key, place)),
    ...comparisonFindings(node, place),
  ];
}

function groupFindings(group: (typeof GROUPS)[number], content: unknown, place: Place): readonly Finding[] {
  const path = [...place.path, group];
  const inside = (at: Path): Place => ({ ...place, path: at, depth: place.depth + 1 });
  if (group === 'not') return nodeFindings(content, inside(path));
  if (!Array.isArray(content)) {
    const message = `expected a list of conditions, found ${inWords(content)}`;
    return [{ code: 'SCHEMA_TYPE', path, message, hint: `write each of them behind a dash` }];
  }
  if (content.length === 0) {
    const message = `an empty ${group} always holds`;
    return [
      {
        code: 'RULE_ALWAYS_TRUE',
        path,
        at: 'key',
        message,
        hint: 'say what must hold, or leave the condition out',
      },
    ];
  }
  return content.flatMap((node, index) => nodeFindings(node, inside([...path, index])));
}

function groupsIn(node: Written): readonly (typeof GROUPS)[number][] {
  return GROUPS.filter((group) => Object.hasOwn(node, group));
}

/** A lone key that is nearly `all`, `any` or `not`: better one problem than the four of a comparison without keys. */
function misspeltGroup(node: Written): string | null {
  const [key, ...others] = Object.keys(node);
  return key !== undefined && others.length === 0 && nearest(key, GROUPS) !== null ? key : null;
}

function unknownKeys(node: Written, known: readonly string[], place: Place): readonly Finding[] {
  return Object.keys(node)
    .filter((key) => !known.includes(key))
    .map((key) => unknownKey(key, known, place));
}

function unknownKey(key: string, known: readonly string[], { path }: Place): Finding {
  const message = `unknown key ${keyInWords(key)} in ${formatPath(path)}`;
  return { code: 'SCHEMA_UNKNOWN_KEY', path: [...path, key], at: 'key', message, hint: suggest(key, known) };
}

function missingKey(key: string, { path }: Place): Finding {
  const message = `${formatPath(path)} needs the key ${key}`;
  return { code: 'SCHEMA_MISSING_KEY', path: [...path, key], message };
}

function isMap(value: unknown): value is Written {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
