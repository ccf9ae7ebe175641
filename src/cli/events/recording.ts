import type { EngineEvent } from '../../engine/event.js';
import type { Instant } from '../../engine/time.js';
import type { View } from '../../engine/view.js';
import { checker } from '../../server/formats/check.js';
import { CliError, EXIT } from '../exit.js';
import { counted, safe } from '../print/text.js';
import { readEvent } from './event.js';
import { openJson, type RawItem } from './input.js';
import { stateOf } from './state.js';

/** The first line of what `rekindle history --export` writes; each line after it is an event. */
export interface HistoryHeader {
  readonly format: typeof HISTORY_FORMAT;
  /** Grows when a reader of the version before could not read it rightly. */
  readonly version: typeof HISTORY_VERSION;
  /** Version of the service whose history it is. */
  readonly program: string;
  /** The policy set that was in force at the export. */
  readonly policyRevision: string;
  readonly exportedAt: Instant;
  /** How many events follow: a file that was cut off at the end of a line has fewer. */
  readonly events: number;
  /** The state before the first event; null when the history begins with the store, in which nothing had happened. */
  readonly state: View | null;
}

export const HISTORY_FORMAT = 'rekindle-history';
export const HISTORY_VERSION = 1;

/** Events as they were recorded, or as a person has written them, in the order in which they are decided. */
export interface RecordedEvents {
  readonly events: readonly EngineEvent[];
  readonly state: View | null;
}

/**
 * Reads the whole of an export, or events without a header in the forms that `rekindle eval` takes.
 * @param name what to call it in messages.
 * @throws {CliError} for the first thing that cannot be read. A part of a history is never taken for the whole.
 */
export async function readRecording(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<RecordedEvents> {
  const { items } = await openJson(name, chunks);
  const events: EngineEvent[] = [];
  let header: Header | null = null;
  let index = 0;
  for await (const item of items) {
    if (index === 0 && isHeader(item.value)) header = readHeader(item);
    else events.push(readEvent(item, { at: null, index }));
    index += 1;
  }
  if (header !== null && header.events !== events.length) throw cutOff(name, header.events, events.length);
  return { events, state: header?.state ?? null };
}

type Header = Pick<HistoryHeader, 'events' | 'state'>;

function isHeader(value: unknown): value is { readonly format: unknown; readonly version?: unknown } {
  return typeof value === 'object' && value !== null && 'format' in value;
}

const TEXT = { type: 'string' } as const;

const check = checker<Omit<HistoryHeader, 'state'> & { readonly state: unknown }>({
  type: 'object',
  required: ['format', 'version', 'program', 'policyRevision', 'exportedAt', 'events', 'state'],
  additionalProperties: false,
  properties: {
    format: { type: 'string', enum: [HISTORY_FORMAT] },
    version: { type: 'integer', enum: [HISTORY_VERSION] },
    program: TEXT,
    policyRevision: TEXT,
    exportedAt: TEXT,
    events: { type: 'integer', minimum: 0 },
    state: {},
  },
});

/** Format and version first: of another version nothing else can be said. */
function readHeader({ value, where }: RawItem): Header {
  if (isHeader(value)) requireVersion(value, where);
  const read = check(value);
  if (!read.ok) {
    throw refused(where, read.problem.detail.replace(/^the item /, 'the header '), EXPORT_AGAIN);
  }
  const { events, state } = read.value;
  return { events, state: state === null ? null : stateOf(where, state) };
}

function requireVersion(
  { format, version, ...rest }: { readonly format: unknown; readonly version?: unknown },
  where: string,
): void {
  if (format !== HISTORY_FORMAT) {
    const message = `the format is ${shown(format)}; expected is "${HISTORY_FORMAT}"`;
    throw refused(where, message, 'give a file that `rekindle history --export` wrote, or plain events');
  }
  if (version === HISTORY_VERSION) return;
  const program = 'program' in rest && typeof rest.program === 'string' ? ` ${safe(rest.program)}` : '';
  throw refused(
    where,
    `this is version ${shown(version)} of a history; expected is version ${HISTORY_VERSION}, the only one that this rekindle reads`,
    `read it with the rekindle${program} that wrote it, or export the history again`,
  );
}

const EXPORT_AGAIN = 'export the history again with `rekindle history --export FILE`';

function cutOff(name: string, expected: number, found: number): CliError {
  const message = `the header says that ${counted(expected, 'event')} follow; there are ${found}`;
  return refused(`${name}:${found + 1}`, message, `lines are missing or were added; ${EXPORT_AGAIN}`);
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : safe(JSON.stringify(value)).slice(0, 80);
}

function refused(where: string, message: string, hint: string): CliError {
  return new CliError(EXIT.usage, `${where}: ${message}`, hint);
}
