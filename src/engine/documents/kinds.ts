import type { DocumentOfKind } from './types.js';

/** The versions of the document format that this program reads. */
export const API_VERSIONS: readonly string[] = ['rekindle/v1'];

export type Kind = keyof DocumentOfKind;

/** A document as the operator wrote it: checked against its schema, no default filled in. */
export type Written<K extends Kind = Kind> = DocumentOfKind[K];

/** Each kind of document, and the file in `schemas/` that describes it. */
export const SCHEMA_FILES: Readonly<Record<Kind, string>> = {
  AlertPolicy: 'alert-policy.schema.json',
  SchedulePolicy: 'schedule-policy.schema.json',
  PlacementPolicy: 'placement-policy.schema.json',
  RestartPolicy: 'restart-policy.schema.json',
  Inventory: 'inventory.schema.json',
  Scenario: 'scenario.schema.json',
};

export function isKind(word: unknown): word is Kind {
  return typeof word === 'string' && Object.hasOwn(SCHEMA_FILES, word);
}

/** All kinds, in the order in which a newcomer meets them. */
export const KINDS: readonly Kind[] = Object.keys(SCHEMA_FILES).filter(isKind);
