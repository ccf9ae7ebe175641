import { isDeepStrictEqual } from 'node:util';
import type { Decision } from '../../engine/decision.js';
import type { EngineEvent } from '../../engine/event.js';
import { toEpochMs, toInstant, type Instant } from '../../engine/time.js';
import { actorOf, auditOfDecision } from '../audit.js';
import { MATCHES_KEPT_MS } from '../kept.js';
import { refusal } from '../refusals.js';
import type { Acceptance, DecidedEvent, DecisionRecord } from '../store.js';
import { matchKey, symptomKey } from './disk-table.js';
import { audit, enter, type Tables } from './tables.js';

export function acceptEvent({ events }: Tables, event: EngineEvent): Acceptance {
  const known = events.get(event.id);
  if (known === undefined) {
    events.put(event.id, { event, decided: false });
    return { id: event.id, result: 'accepted' };
  }
  return { id: event.id, result: isDeepStrictEqual(known.event, event) ? 'duplicate' : 'conflict' };
}

/** One event decided: everything that follows from it. */
export function recordDecision(tables: Tables, record: DecisionRecord, now: Instant): Decision {
  const { operation, final, serverFailed } = record;
  const { id } = record.event;
  // The event may have named the machine; what follows from it is about the server that runs there.
  const { server } = record.decision.event;
  const known = tables.decisionsOf.get(id) ?? [];
  const last = tables.decisions.get(known.at(-1) ?? '')?.decision;
  if (last !== undefined && isDeepStrictEqual(last, { ...record.decision, id: last.id })) return last;
  const row = tables.events.get(id);
  if (row === undefined) throw refusal.noEvent(id);
  if (row.decided) throw refusal.eventDecided(id);
  // The engine derives the id from the event, and an event that stays pending is decided more than once.
  const decision =
    known.length === 0
      ? record.decision
      : { ...record.decision, id: `${record.decision.id}-${known.length + 1}` };
  tables.decisions.put(decision.id, { seq: tables.decisions.size() + 1, event: id, server, decision });
  tables.decisionsOf.put(id, [...known, decision.id]);
  audit({ tables, at: now, by: actorOf(record.event) }, auditOfDecision(decision, record));
  remember(tables, { id, server, at: record.event.at }, decision, now);
  if (final) tables.events.put(id, { ...row, decided: true });
  if (serverFailed) markFailed(tables, { server, at: record.event.at }, { at: now, by: decision.id });
  if (operation !== null) {
    if (tables.operations.get(operation.id) !== undefined)
      throw new Error(`operation ${operation.id} exists`);
    tables.operations.put(operation.id, {
      id: operation.id,
      kind: operation.kind,
      server,
      decision,
      state: 'running',
      createdAt: now,
      endedAt: null,
      reason: null,
      result: undefined,
    });
  }
  return decision;
}

function markFailed(
  tables: Tables,
  { server: name, at: failedAt }: { readonly server: string; readonly at: Instant },
  how: { readonly at: Instant; readonly by: string },
): void {
  const server = tables.servers.get(name);
  if (server?.state !== 'up') return;
  tables.servers.put(name, { ...server, state: 'failed', failedAt });
  enter({ tables, ...how }, `server:${name}`, 'failed', { failedAt });
}

/** Keeps what later decisions need to know of this one. */
function remember(
  tables: Tables,
  event: Pick<EngineEvent, 'id' | 'server' | 'at'>,
  { remember: { matches, symptoms, closed, orders } }: Decision,
  now: Instant,
): void {
  const { server, at } = event;
  for (const policy of closed) tables.symptoms.drop(symptomKey(server, policy));
  for (const { policy, digest } of matches) {
    const key = matchKey(event.id, policy);
    // One event counts once per policy, however often it is decided again.
    if (tables.matches.get(key) === undefined)
      tables.matches.put(key, { event: event.id, server, policy, digest, at });
  }
  for (const { policy, condition, cause, met } of symptoms) {
    const key = symptomKey(server, policy);
    const before = tables.symptoms.get(key);
    // Events may arrive late: an open symptom grows at either end and never shrinks.
    tables.symptoms.put(key, {
      server,
      condition,
      cause,
      policy,
      firstAt: before !== undefined && before.firstAt < at ? before.firstAt : at,
      lastAt: before !== undefined && before.lastAt > at ? before.lastAt : at,
      met: met || (before?.met ?? false),
    });
  }
  for (const { policy, action } of orders) {
    const key = `${server} ${policy} ${action}`;
    const before = tables.orders.get(key);
    tables.orders.put(key, {
      server,
      policy,
      action,
      at: before !== undefined && before.at > at ? before.at : at,
    });
  }
  if (matches.length > 0) forgetOldMatches(tables, at < now ? at : now);
}

function forgetOldMatches({ matches }: Tables, before: Instant): void {
  const oldest = toInstant(toEpochMs(before) - MATCHES_KEPT_MS);
  for (const { at, event, policy } of matches.all()) if (at < oldest) matches.drop(matchKey(event, policy));
}

/** Finally decided events in the order of their last decision. */
export function decidedEvents(
  { decisions, decisionsOf, events }: Tables,
  { after, limit }: { readonly after: number; readonly limit: number },
): readonly DecidedEvent[] {
  return decisions
    .all()
    .filter(({ seq, event, decision }) => seq > after && decisionsOf.get(event)?.at(-1) === decision.id)
    .flatMap(({ seq, event }): DecidedEvent[] => {
      const row = events.get(event);
      return row?.decided === true ? [{ seq, event: row.event }] : [];
    })
    .slice(0, limit);
}
