import { readFileSync } from 'node:fs';

/** A body of `test/fixtures/http`, as text. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/http/${name}`, import.meta.url), 'utf8');
}
