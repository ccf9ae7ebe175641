/**
 * What is looked at before anything is parsed, so that no document can hang or exhaust the process. The inventory of
 * a thousand servers is one document and fits.
 */
export const MAX_FILE_BYTES = 1024 * 1024;
/** Maps and lists inside each other. Deeper input would overflow the recursive code behind the parser. */
export const MAX_DEPTH = 32;
/** `all`, `any` and `not` inside each other. */
export const MAX_CONDITION_DEPTH = 10;
/** A document with more than this is broken as a whole; the rest is counted, not listed. */
export const MAX_PROBLEMS_PER_DOCUMENT = 50;
