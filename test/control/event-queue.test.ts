import { describe, expect, it } from 'vitest';
import { createEventQueue, type EventQueue } from '../../src/control/event-queue.js';
import { alert, failure } from '../engine/support/events.js';

const everyServer = (): boolean => true;

function takeAll(queue: EventQueue, isFree: (server: string) => boolean = everyServer): string[] {
  const ids: string[] = [];
  for (let event = queue.take(isFree); event !== null; event = queue.take(isFree)) ids.push(event.id);
  return ids;
}

describe('the queue of events that wait for a decision', () => {
  const first = alert(1, { id: 'first' });
  const second = alert(2, { id: 'second' });
  const down = failure(3, { id: 'down' });

  it('gives alerts in the order in which they were accepted', () => {
    const queue = createEventQueue();
    queue.push([first, second]);
    expect(takeAll(queue)).toEqual(['first', 'second']);
  });

  it('lets a failure overtake every alert', () => {
    const queue = createEventQueue();
    queue.push([first, second, down]);
    expect(takeAll(queue)).toEqual(['down', 'first', 'second']);
  });

  it('passes over events of a server that is busy', () => {
    const queue = createEventQueue();
    queue.push([first, alert(2, { id: 'other', server: 'web-2' })]);
    expect(takeAll(queue, (server) => server !== 'web-1')).toEqual(['other']);
    expect(queue.size()).toBe(1);
  });

  it('keeps parked events aside, counts them, and gives them back in their order', () => {
    const queue = createEventQueue();
    queue.park(first);
    queue.park(second);
    queue.push([alert(4, { id: 'third' })]);
    expect(queue.size()).toBe(3);
    expect(takeAll(queue)).toEqual(['third']);
    queue.unpark();
    expect(takeAll(queue)).toEqual(['first', 'second']);
  });

  it('names the failures that wait for their server', () => {
    const queue = createEventQueue();
    queue.push([first, down]);
    expect(queue.waitingFailures().map(({ id }) => id)).toEqual(['down']);
  });
});
