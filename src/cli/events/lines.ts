/** Splits bytes at line feeds, as they arrive; a carriage return before one goes with it. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let pending: Buffer[] = [];
  for await (const chunk of chunks) {
    let rest = Buffer.from(chunk);
    for (let at = rest.indexOf(NEWLINE); at !== -1; at = rest.indexOf(NEWLINE)) {
      yield line([...pending, rest.subarray(0, at)]);
      pending = [];
      rest = rest.subarray(at + 1);
    }
    if (rest.length > 0) pending.push(rest);
  }
  if (pending.length > 0) yield line(pending);
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;

function line(parts: readonly Buffer[]): Buffer {
  const whole = Buffer.concat(parts);
  return whole.at(-1) === RETURN ? whole.subarray(0, -1) : whole;
}
