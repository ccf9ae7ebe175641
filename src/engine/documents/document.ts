import type { Node } from 'yaml';
import type { Source } from './source.js';

/** One YAML document: its data, and its nodes for the places of whatever is wrong with it. */
export interface YamlDocument {
  readonly source: Source;
  readonly root: Node | null;
  readonly data: unknown;
}
