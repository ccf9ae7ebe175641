import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import type { ProblemCode } from '../problem.js';
import { inWords, keyInWords } from './words.js';

/** What is wrong with a node. */
export interface NodeFinding {
  readonly node: Node | null;
  readonly code: ProblemCode;
  readonly message: string;
  readonly hint?: string;
  /** The node that it is in conflict with. */
  readonly first?: Node;
}

type Report = (finding: NodeFinding) => void;

const POISONED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
/** Plain keys that YAML 1.2 reads as something else than a text. */
const NOT_A_TEXT =
  /^(?:|~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/**
 * YAML nodes to plain data, without what makes YAML mean something else than it says: aliases, tags, merge
 * keys, repeated keys, keys that are no text, numbers that lose digits. What was reported is left out.
 */
export function toData(node: Node | null, report: Report): unknown {
  checkProperties(node, report);
  if (isMap<Node, Node | null>(node)) return mapToData(node, report);
  if (isSeq<Node>(node)) return node.items.map((item) => toData(item, report));
  if (isScalar(node)) return scalarToData(node, report);
  return null;
}

function checkProperties(node: Node | null, report: Report): void {
  if (node === null) return;
  if (isAlias(node) || node.anchor !== undefined) {
    report({
      node,
      code: 'YAML_ALIAS_FORBIDDEN',
      message: isAlias(node)
        ? `found the alias ${inWords(node.source)}`
        : `found the anchor ${inWords(node.anchor)}`,
      hint: 'write the value out at each place',
    });
  } else if (node.tag !== undefined) {
    report({
      node,
      code: 'YAML_TAG_FORBIDDEN',
      message: `found the tag ${inWords(node.tag)}`,
      hint: 'remove the tag',
    });
  }
}

function mapToData(map: YAMLMap<Node, Node | null>, report: Report): unknown {
  const data: Record<string, unknown> = {};
  const seen = new Map<string, Scalar>();
  for (const { key, value } of map.items) {
    const name = keyName(key, report);
    const child = toData(value, report);
    if (name === null || !isScalar(key)) continue;
    const first = seen.get(name);
    if (first === undefined) {
      seen.set(name, key);
      data[name] = child;
    } else {
      const message = `the key ${keyInWords(name)} stands twice in this map`;
      report({ node: key, code: 'YAML_DUPLICATE_KEY', message, hint: 'keep one', first });
    }
  }
  return data;
}

/** The name of a key; null when it is none, which is then reported. */
function keyName(key: Node | null, report: Report): string | null {
  checkProperties(key, report);
  if (!isScalar(key) || typeof key.value !== 'string') {
    report({ node: key, code: 'YAML_KEY_TYPE', message: 'expected a text as key' });
    return null;
  }
  const name = key.value;
  if (POISONED.has(name)) {
    report({ node: key, code: 'KEY_FORBIDDEN', message: `${name} may not be a key` });
    return null;
  }
  if (key.type === 'PLAIN' && name === '<<') {
    report({
      node: key,
      code: 'YAML_MERGE_FORBIDDEN',
      message: 'found a merge key',
      hint: 'write the keys out at each place',
    });
    return null;
  }
  if (key.type === 'PLAIN' && NOT_A_TEXT.test(name)) {
    const message = `expected a text as key, found ${name === '' ? 'nothing' : name}`;
    report({ node: key, code: 'YAML_KEY_TYPE', message, hint: name === '' ? '' : `write "${name}"` });
    return null;
  }
  return name;
}

function scalarToData(node: Scalar, report: Report): unknown {
  const { value, source = '' } = node;
  if (typeof value !== 'number') return value;
  if (/^[-+]?0[0-9]+$/.test(source)) {
    report({
      node,
      code: 'OCTAL_AMBIGUOUS',
      message: `${source} is ${value} here and octal elsewhere`,
      hint: `write ${value}, or "${source}" for the text`,
    });
  } else if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
    report({ node, code: 'NUMBER_RANGE', message: `${source} is no number that can be kept exactly` });
  }
  return value;
}
