import { createHash } from 'node:crypto';
import type { SourceFile } from '../problem.js';
import { compareText } from '../world.js';

/** `sha256:` and the hex digest of names and contents of all files, in whatever order they were read. */
export function revisionOf(files: readonly SourceFile[]): string {
  const hash = createHash('sha256');
  for (const { name, bytes } of files.toSorted((a, b) => compareText(a.name, b.name))) {
    const encoded = new TextEncoder().encode(name);
    // With the lengths before them, no two sets of files run together to the same bytes.
    hash.update(`${encoded.byteLength} ${bytes.byteLength} `).update(encoded).update(bytes);
  }
  return `sha256:${hash.digest('hex')}`;
}

/** `sha256:` and the hex digest of plain data, whatever the order of its keys. */
export function digestOf(data: unknown): string {
  return `sha256:${createHash('sha256').update(canonical(data)).digest('hex')}`;
}

function canonical(data: unknown): string {
  if (Array.isArray(data)) return `[${data.map(canonical).join()}]`;
  if (typeof data !== 'object' || data === null) return JSON.stringify(data);
  const members = Object.entries(data).toSorted(([a], [b]) => compareText(a, b));
  return `{${members.map(([key, value]) => `${JSON.stringify(key)}:${canonical(value)}`).join()}}`;
}
