import type { EngineEvent } from '../engine/event.js';

/**
 * The accepted events that wait for a decision, in memory; the store holds them durably. Failures go before
 * everything else, so that a flood of alerts cannot delay a restart.
 */
export interface EventQueue {
  size(): number;
  push(events: readonly EngineEvent[]): void;
  /** Takes the first event whose server is free and that is not parked. */
  take(isFree: (server: string) => boolean): EngineEvent | null;
  /** Failures that wait for their server: what they wait for should make way. */
  waitingFailures(): readonly EngineEvent[];
  /** Gives back an event that was taken and could not be decided. */
  putBack(event: EngineEvent): void;
  /** Puts an event aside that cannot be acted on yet, until {@link EventQueue.unpark}. */
  park(event: EngineEvent): void;
  unpark(): void;
}

export function createEventQueue(): EventQueue {
  const urgent: EngineEvent[] = [];
  const ordinary: EngineEvent[] = [];
  const parked: EngineEvent[] = [];
  const lineOf = (event: EngineEvent): EngineEvent[] => (isUrgent(event) ? urgent : ordinary);

  /** To the head of its line, in the order given. */
  function putBack(...events: EngineEvent[]): void {
    urgent.unshift(...events.filter(isUrgent));
    ordinary.unshift(...events.filter((event) => !isUrgent(event)));
  }

  return {
    size: () => urgent.length + ordinary.length + parked.length,
    push(events) {
      for (const event of events) lineOf(event).push(event);
    },
    take(isFree) {
      for (const line of [urgent, ordinary]) {
        const index = line.findIndex((event) => isFree(event.server));
        const [event] = index < 0 ? [] : line.splice(index, 1);
        if (event) return event;
      }
      return null;
    },
    waitingFailures: () => urgent,
    park(event) {
      parked.push(event);
    },
    putBack,
    unpark() {
      putBack(...parked.splice(0));
    },
  };
}

/** What a restart may follow from: decided first, and taken in when nothing else is any more. */
export function isUrgent(event: EngineEvent): boolean {
  return event.kind === 'failure' || event.kind === 'restart-order';
}
