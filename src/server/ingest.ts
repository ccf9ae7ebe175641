import { isDeepStrictEqual } from 'node:util';
import type { EngineEvent } from '../engine/event.js';
import type { Administration } from './administration.js';
import type { EventItem, Item } from './formats/item.js';
import { HttpProblem, type HttpProblemCode } from './problem.js';
import type { Receptions } from './retries.js';

/** What became of one item of a call. */
export type ItemResult = {
  /** Place of the item in the body, from 0. */
  readonly index: number;
} & Outcome;

/** `id` is that of the event; null for a heartbeat and for an item that became no event. */
type Outcome =
  | { readonly id: string | null; readonly result: 'accepted' | 'duplicate' }
  | {
      readonly id: null;
      readonly result: 'ignored';
      readonly code: 'unknown-server';
      readonly detail: string;
    }
  | {
      readonly id: string | null;
      readonly result: 'conflict' | 'rejected';
      readonly code: HttpProblemCode;
      readonly detail: string;
    };

export interface IngestOptions {
  readonly administration: Administration;
  readonly receptions: Receptions;
}

/**
 * Hands items over and says what became of each, in their order. When this resolves, what is `accepted` is durable.
 * @throws {Overload} when the service takes no more; the caller sends everything again.
 */
export async function ingest(
  { administration, receptions }: IngestOptions,
  items: readonly Item[],
  retryWindowMs = 0,
): Promise<readonly ItemResult[]> {
  const known = items.filter(
    (item): item is EventItem => item.kind === 'event' && administration.knows(item.event.server),
  );
  const outcomes = await acceptEvents({ administration, receptions }, known, retryWindowMs);
  const results: ItemResult[] = [];
  for (const [index, item] of items.entries()) {
    results.push({ index, ...(outcomes.get(item) ?? (await otherwise(administration, item))) });
  }
  const ignored = results.filter(({ result }) => result === 'ignored').length;
  if (ignored > 0) administration.ignored('unknown-server', ignored);
  return results;
}

/** The outcome of an item that was not handed over as an event. */
async function otherwise(administration: Administration, item: Item): Promise<Outcome> {
  switch (item.kind) {
    case 'event':
      return unknownServer(item.event.server);
    case 'heartbeat': {
      const known = await administration.heartbeat(item.server, item.at);
      return known ? { id: null, result: 'accepted' } : unknownServer(item.server, 'active server');
    }
    case 'no-server':
      return { id: null, result: 'ignored', code: 'unknown-server', detail: item.detail };
    case 'rejected':
      return { id: null, result: 'rejected', ...item.problem };
  }
}

function unknownServer(server: string, what = 'server'): Outcome {
  const detail = `the inventory has no ${what} ${JSON.stringify(server.slice(0, 253))}`;
  return { id: null, result: 'ignored', code: 'unknown-server', detail };
}

async function acceptEvents(
  { administration, receptions }: IngestOptions,
  items: readonly EventItem[],
  retryWindowMs: number,
): Promise<ReadonlyMap<Item, Outcome>> {
  const outcomes = new Map<Item, Outcome>();
  const nowMs = administration.now();
  const retried = (item: EventItem): boolean =>
    item.identity.by === 'occurrence' && receptions.justAccepted(item.event.id, nowMs, retryWindowMs);
  const settle = (item: EventItem, outcome: Outcome): void => {
    outcomes.set(item, outcome);
    if (item.identity.by === 'occurrence' && outcome.result === 'accepted') {
      receptions.accepted(item.event.id, nowMs);
    }
  };

  const repeats: EventItem[] = [];
  const fresh = items.filter((item) => !retried(item));
  for (const [item, result] of await accept(administration, fresh, (one) => one.event)) {
    if (result === 'accepted' || item.identity.by !== 'occurrence') {
      settle(item, await outcomeOf(administration, item, result));
    } else if (!retried(item)) {
      // Asked again: a copy of this call that arrived together with it may have been accepted meanwhile.
      repeats.push(item);
    }
  }
  for (const [item, result] of await accept(administration, repeats, repeatOf)) {
    settle(item, { id: repeatOf(item).id, result: result === 'accepted' ? 'accepted' : 'duplicate' });
  }
  for (const item of items) {
    if (!outcomes.has(item)) outcomes.set(item, { id: item.event.id, result: 'duplicate' });
  }
  return outcomes;
}

function repeatOf(item: EventItem): EngineEvent {
  return item.identity.by === 'occurrence' ? item.identity.repeat : item.event;
}

type Result = 'accepted' | 'duplicate' | 'conflict';

async function accept(
  administration: Administration,
  items: readonly EventItem[],
  eventOf: (item: EventItem) => EngineEvent,
): Promise<readonly (readonly [EventItem, Result])[]> {
  if (items.length === 0) return [];
  const acceptances = await administration.accept(items.map(eventOf));
  return items.map((item, index) => {
    const acceptance = acceptances[index];
    if (acceptance === undefined) throw new Error('accept() answered for fewer events than it was given');
    return [item, acceptance.result];
  });
}

async function outcomeOf(administration: Administration, item: EventItem, result: Result): Promise<Outcome> {
  const { id } = item.event;
  if (result !== 'conflict') return { id, result };
  if (await isSame(administration, item)) return { id, result: 'duplicate' };
  const detail = `an event with the id ${id} and another content was accepted before`;
  return { id, result: 'conflict', code: 'EVENT_CONFLICT', detail };
}

async function isSame(administration: Administration, { event, identity }: EventItem): Promise<boolean> {
  if (identity.by === 'id') return true;
  if (identity.by !== 'id-and-content' || !identity.atReception) return false;
  const stored = await administration.event(event.id);
  return stored !== null && isDeepStrictEqual({ ...stored, at: event.at }, event);
}

/**
 * The status that tells a caller who looks at nothing else what to do. 202: done. 207: look at the results. 409
 * and 422: nothing was accepted, and sending it again will not help.
 * @throws {HttpProblem} for the last two, with the results in it.
 */
export function statusOf(results: readonly ItemResult[]): 202 | 207 {
  const bad = results.flatMap((one) => (one.result === 'rejected' || one.result === 'conflict' ? [one] : []));
  const [first] = bad;
  if (first === undefined) return 202;
  if (bad.length < results.length) return 207;
  const { code, detail } = first;
  const extra = { results };
  if (bad.some((one) => one.code !== code)) {
    throw new HttpProblem('ITEMS_REJECTED', 'none of the items was accepted; see results', { extra });
  }
  throw new HttpProblem(code, results.length === 1 ? detail : `none of the items was accepted: ${detail}`, {
    extra,
  });
}
