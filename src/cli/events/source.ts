import type { EngineEvent } from '../../engine/event.js';
import type { PolicySet } from '../../engine/policy-set.js';
import { toInstant, type Instant } from '../../engine/time.js';
import type { View } from '../../engine/view.js';
import { initialView } from '../../engine/world.js';
import { inputName, openInput, readNamedFile } from '../read-file.js';
import type { Terminal } from '../terminal.js';
import { readEvent, readInstant } from './event.js';
import { openJson, type JsonInput } from './input.js';
import { readState } from './state.js';

/** What a dry run is about, as the command line names it. */
export interface DryRun {
  /** The file of the event or events; - is standard input. */
  readonly event: string;
  /** The file of the state to decide on; left out: nothing has happened yet. */
  readonly state?: string;
  /** The time of events that give none: RFC 3339, or `now`. */
  readonly at?: string;
}

export interface EventSource {
  readonly shape: JsonInput['shape'];
  readonly events: AsyncIterable<EngineEvent>;
}

/** @throws {CliError} when the file cannot be read or does not hold events. */
export async function openEvents(terminal: Terminal, { event, at }: DryRun): Promise<EventSource> {
  const input = await openJson(inputName(event), openInput(terminal, event));
  return { shape: input.shape, events: eventsIn(input, timeOf(terminal, at)) };
}

async function* eventsIn({ items }: JsonInput, at: Instant | null): AsyncGenerator<EngineEvent> {
  let index = 0;
  for await (const item of items) {
    yield readEvent(item, { at, index });
    index += 1;
  }
}

/** @throws {CliError} when the file cannot be read or holds no state. */
export async function startingView(
  terminal: Terminal,
  { inventory }: PolicySet,
  { state }: DryRun,
): Promise<View> {
  const initial = initialView(inventory);
  return state === undefined ? initial : readState(state, await readNamedFile(terminal, state), initial);
}

function timeOf(terminal: Terminal, text: string | undefined): Instant | null {
  if (text === undefined) return null;
  return text === 'now' ? toInstant(terminal.clock.now()) : readInstant(text, '--at');
}
