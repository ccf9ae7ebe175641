import type { Problem } from '../problem.js';
import { conditionFindings } from './conditions.js';
import { validatorOf } from './document-checks.js';
import { API_VERSIONS, isKind, type Kind, KINDS, type Written } from './kinds.js';
import { listed, suggest } from './nearest.js';
import { valueAt } from './place.js';
import { capped, type Finding, problemAt } from './problems.js';
import { schemaFindings } from './schema-findings.js';
import { inWords } from './words.js';
import type { YamlDocument } from './document.js';

/** A document of which the structure is right. Whether it fits the others is another question. */
export interface Checked<K extends Kind = Kind> {
  readonly yaml: YamlDocument;
  readonly body: Written<K>;
}

/** The documents of one kind. */
export function ofKind<K extends Kind>(documents: readonly Checked[], kind: K): readonly Checked<K>[] {
  return documents.filter((document): document is Checked<K> => document.body.kind === kind);
}

/** The kind of a document, as far as it can be told; the schema of that kind says everything else. */
export function kindOf(yaml: YamlDocument): Kind | null {
  const kind = valueAt(yaml.data, ['kind']);
  return isKind(kind) ? kind : null;
}

/** Each document for itself: those that are right, and what is wrong with the others. */
export function checkEach(documents: readonly YamlDocument[]): {
  readonly checked: readonly Checked[];
  readonly problems: readonly Problem[];
} {
  const results = documents.map(checkOne);
  return {
    checked: results.flatMap((result) => ('checked' in result ? result.checked : [])),
    problems: results.flatMap((result) => ('problems' in result ? result.problems : [])),
  };
}

/** Checks one document by its kind, so that it is not compared with forms that it was never meant to have. */
function checkOne(
  yaml: YamlDocument,
): { readonly checked: Checked } | { readonly problems: readonly Problem[] } {
  const problemsOf = (findings: readonly Finding[]) => ({
    problems: capped(findings).map((finding) => problemAt(yaml, finding)),
  });
  const head = headFindings(yaml.data);
  const kind = kindOf(yaml);
  if (kind === null || head.length > 0) return problemsOf(head);
  const validate = validatorOf(kind);
  const body: unknown = yaml.data;
  const conditions = conditionFindings(kind, body);
  if (validate(body) && conditions.length === 0) return { checked: { yaml, body } };
  return problemsOf([...schemaFindings(validate.errors ?? [], body), ...conditions]);
}

/** Before anything else: is it one of our documents, of a version and a kind that we know? */
function headFindings(data: unknown): readonly Finding[] {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    const message = `expected a document, found ${inWords(data)}`;
    return [
      { code: 'SCHEMA_TYPE', path: [], message, hint: 'a document begins with apiVersion: rekindle/v1' },
    ];
  }
  return [...apiVersionFindings(valueAt(data, ['apiVersion'])), ...kindFindings(valueAt(data, ['kind']))];
}

function apiVersionFindings(apiVersion: unknown): readonly Finding[] {
  if (typeof apiVersion === 'string' && API_VERSIONS.includes(apiVersion)) return [];
  const path = ['apiVersion'];
  if (apiVersion === undefined) {
    const message = 'the document needs the key apiVersion';
    return [{ code: 'SCHEMA_MISSING_KEY', path, message, hint: 'write apiVersion: rekindle/v1' }];
  }
  const message = `expected ${listed(API_VERSIONS, 'or')}, found ${inWords(apiVersion)}`;
  return [{ code: 'API_VERSION', path, message, hint: 'this program reads no other version of the format' }];
}

function kindFindings(kind: unknown): readonly Finding[] {
  if (isKind(kind)) return [];
  const path = ['kind'];
  if (kind === undefined) {
    const message = 'the document needs the key kind';
    return [{ code: 'SCHEMA_MISSING_KEY', path, message, hint: `one of ${listed(KINDS, 'or')}` }];
  }
  const message = `expected one of ${listed(KINDS, 'or')}, found ${inWords(kind)}`;
  return [{ code: 'KIND_UNKNOWN', path, message, hint: suggest(kind, KINDS) }];
}
