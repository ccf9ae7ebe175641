import { HttpProblem } from '../../server/problem.js';
import { parseJson } from '../../server/json.js';
import { CliError, EXIT } from '../exit.js';
import { linesOf } from './lines.js';

/** One JSON value of the input, and where it stands, for messages. */
export interface RawItem {
  readonly value: unknown;
  readonly where: string;
}

/** `lines`: one value, or one per line, each there as soon as its line is. `array`: one JSON array. */
export interface JsonInput {
  readonly shape: 'lines' | 'array';
  readonly items: AsyncIterable<RawItem>;
}

/**
 * Reads one JSON value, a JSON array, or NDJSON, whichever it is. Parsed as strictly as the service parses
 * bodies, so that what passes here passes there.
 *
 * @param name what to call the input in messages.
 * @throws {CliError} for input that is none of them; lines further down throw when they are reached.
 */
export async function openJson(name: string, chunks: AsyncIterable<Uint8Array>): Promise<JsonInput> {
  const lines = linesOf(chunks);
  const { first, number } = await firstLine(lines);
  if (first === null)
    throw new CliError(EXIT.usage, `${name} is empty`, 'expected is JSON: an object, an array, or NDJSON');
  const parsed = tryParse(first);
  // A value that goes on in the next line, and a line that is broken, both end before they are complete.
  if (!parsed.ok && parsed.offset < first.toString('utf8').length) throw syntax(name, first, parsed, number);
  if (parsed.ok && !Array.isArray(parsed.value)) {
    return {
      shape: 'lines',
      items: values(name, { value: parsed.value, where: `${name}:${number}` }, lines, number),
    };
  }
  const whole = await rest(first, lines);
  const all = tryParse(whole);
  if (!all.ok) throw syntax(name, whole, all, number);
  return Array.isArray(all.value)
    ? { shape: 'array', items: elements(name, all.value) }
    : { shape: 'lines', items: once({ value: all.value, where: name }) };
}

/** Reads a file that holds exactly one JSON value. */
export function parseOne(name: string, bytes: Uint8Array): unknown {
  const parsed = tryParse(bytes);
  if (!parsed.ok) throw syntax(name, bytes, parsed, 1);
  return parsed.value;
}

async function firstLine(lines: AsyncGenerator<Buffer>): Promise<{ first: Buffer | null; number: number }> {
  for (let number = 1; ; number += 1) {
    const next = await lines.next();
    if (next.done === true) return { first: null, number };
    if (!isBlank(next.value)) return { first: next.value, number };
  }
}

async function rest(first: Buffer, lines: AsyncGenerator<Buffer>): Promise<Buffer> {
  const parts = [first];
  for await (const line of lines) parts.push(Buffer.from('\n'), line);
  return Buffer.concat(parts);
}

async function* values(
  name: string,
  first: RawItem,
  lines: AsyncGenerator<Buffer>,
  at: number,
): AsyncGenerator<RawItem> {
  yield first;
  let number = at;
  for await (const line of lines) {
    number += 1;
    if (isBlank(line)) continue;
    const parsed = tryParse(line);
    if (!parsed.ok) throw syntax(name, line, parsed, number);
    yield { value: parsed.value, where: `${name}:${number}` };
  }
}

async function* elements(name: string, list: readonly unknown[]): AsyncGenerator<RawItem> {
  for (const [index, value] of list.entries()) yield { value, where: `${name}[${index}]` };
}

async function* once(item: RawItem): AsyncGenerator<RawItem> {
  yield item;
}

type Parsed = { readonly ok: true; readonly value: unknown } | NotJson;

interface NotJson {
  readonly ok: false;
  readonly message: string;
  /** Place in the text, in UTF-16 units. */
  readonly offset: number;
}

function tryParse(bytes: Uint8Array): Parsed {
  try {
    return { ok: true, value: parseJson(bytes) };
  } catch (error) {
    if (!(error instanceof HttpProblem)) throw error;
    const { offset } = error.extra;
    return { ok: false, message: error.message, offset: typeof offset === 'number' ? offset : 0 };
  }
}

function syntax(
  name: string,
  bytes: Uint8Array,
  { message, offset }: NotJson,
  firstLineNumber: number,
): CliError {
  const before = Buffer.from(bytes).toString('utf8').slice(0, offset).split('\n');
  const line = firstLineNumber + before.length - 1;
  const column = Array.from(before.at(-1) ?? '').length + 1;
  return new CliError(
    EXIT.usage,
    `${name}:${line}:${column}: this is not JSON that can be read: ${message.replace(/, at offset \d+$/, '')}`,
  );
}

function isBlank(line: Buffer): boolean {
  return line.toString('utf8').trim() === '';
}
