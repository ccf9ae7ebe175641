import type { CauseClass } from './event.js';

/** Which kind of fault each reported cause is. What is not listed is unknown, which decides nothing. */
const CLASS_OF: ReadonlyMap<string, CauseClass> = new Map([
  ['hardware', 'hardware'],
  ['power', 'hardware'],
  ['cpu', 'hardware'],
  ['memory', 'hardware'],
  ['disk', 'hardware'],
  ['network', 'hardware'],
  ['temperature', 'hardware'],
  ['software', 'software'],
  ['panic', 'software'],
  ['hang', 'software'],
  ['out-of-memory', 'software'],
]);

/** The class of a cause as sources name it: `power`, `panic`, ... */
export function causeClassOf(cause: string): CauseClass {
  return (
    CLASS_OF.get(
      cause
        .trim()
        .toLowerCase()
        .replaceAll(/[\s_]+/g, '-'),
    ) ?? 'unknown'
  );
}
