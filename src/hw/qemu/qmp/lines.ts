/** Cuts a stream of bytes into lines; a line may come in many pieces and a piece may hold many lines. */
export interface LineReader {
  /** @throws {RangeError} when a line does not end within the limit. */
  push(chunk: Buffer): void;
}

/** The longest answers list block nodes; a megabyte without an end is no answer. */
const MAX_LINE_BYTES = 4 * 2 ** 20;
const NEWLINE = 0x0a;

export function createLineReader(onLine: (line: string) => void): LineReader {
  let pieces: Buffer[] = [];
  let held = 0;
  return {
    push(chunk) {
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
        const line = Buffer.concat([...pieces, chunk.subarray(from, at)]).toString('utf8');
        pieces = [];
        held = 0;
        from = at + 1;
        if (line.trim() !== '') onLine(line);
      }
      pieces.push(chunk.subarray(from));
      held += chunk.length - from;
      if (held > MAX_LINE_BYTES) throw new RangeError(`a line of more than ${MAX_LINE_BYTES} bytes`);
    },
  };
}
