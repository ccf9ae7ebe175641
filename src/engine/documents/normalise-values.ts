import type { Origin } from '../policy-set.js';
import type { Path } from './place.js';
import { lineOf } from './problems.js';
import { parseDuration, parseShare, parseSize } from './quantities.js';
import type { Checked } from './structure.js';

/** Where a policy is said to be: the line of its `metadata.name`, which is the one that a person searches for. */
export function originOf({ yaml }: Pick<Checked, 'yaml'>, path: Path): Origin {
  return { file: yaml.source.file, line: lineOf(yaml, path) };
}

/** Milliseconds of a duration that the schema has let pass. */
export function milliseconds(text: string): number {
  return known(parseDuration(text), text);
}

/** Bytes of a size that the schema has let pass. */
export function byteSize(text: string): number {
  return known(parseSize(text), text);
}

/** A share, from 0 to 1, that the schema has let pass. */
export function share(text: string): number {
  return known(parseShare(text), text);
}

/** @throws {TypeError} when schema and parser disagree, which is a defect of ours and not of the document. */
function known(value: number | null, text: string): number {
  if (value === null) throw new TypeError(`the schema let ${JSON.stringify(text)} pass`);
  return value;
}
