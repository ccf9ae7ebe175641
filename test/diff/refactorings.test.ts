import { describe, expect, it } from 'vitest';
import { decide } from '../../src/engine/decide.js';
import { initialView } from '../../src/engine/world.js';
import { scheduleDue } from '../engine/support/events.js';
import { diff, fixture, STORY, told } from './support.js';

describe('a refactoring that keeps the meaning has an empty diff', () => {
  it.each([
    ['a file split into several', 'split'],
    ['documents and keys in another order', 'reordered'],
    ['other names, and conditions in other words', 'renamed'],
  ])('%s', async (_what, name) => {
    const [plain, other] = await Promise.all([fixture('plain'), fixture(name)]);
    expect(plain.revision).not.toBe(other.revision);
    expect(await diff(plain, other)).toEqual({ events: [], failures: [], survival: [] });
    expect(await diff(other, plain)).toEqual({ events: [], failures: [], survival: [] });
  });

  it('though what it was tested with does act', async () => {
    const plain = await fixture('plain');
    const idle = await fixture('plain', (text) => text.replaceAll('- name: web-1', '- name: web-9'));
    const { events } = await diff(plain, idle);
    expect(events.filter(({ event }) => event.server === 'web-1').map(({ base }) => base.outcome)).toEqual([
      ...['snapshot', 'snapshot', 'none', 'none', 'snapshot', 'refused', 'snapshot', 'restart'],
      ...['snapshot', 'none'],
    ]);
  });

  it('a schedule that was renamed and is about other times is no longer the same', async () => {
    const plain = await fixture('plain');
    const hourly = await fixture('renamed', (text) => text.replaceAll('every: 15m', 'every: 1h'));
    expect(told(await diff(plain, hourly, [scheduleDue(0)]))).toEqual(['lost web-1 schedule schedule-0']);
  });

  it('a server that the schedule no longer selects loses its snapshot', async () => {
    const plain = await fixture('plain');
    const web = await fixture('plain', (text) =>
      text.replace('every: 15m', 'servers: { tier: web }\n  every: 15m'),
    );
    const [change] = (await diff(plain, web, [scheduleDue(0, { server: 'db-1' })])).events;
    expect(change).toMatchObject({
      changes: ['lost'],
      head: { outcome: 'none', reason: 'not-selected', policy: { name: 'quarterly' } },
    });
  });

  it('decides with the engine of the service', async () => {
    const plain = await fixture('plain');
    const none = await fixture('plain', (text) =>
      text.replaceAll('every: 15m', 'every: 16m').replaceAll('quarterly', 'other'),
    );
    const [event] = STORY;
    if (event === undefined) throw new Error('the story is empty');
    const [change] = (await diff(plain, none, [event])).events;
    const decision = await decide(plain, event, initialView(plain.inventory));
    expect(change?.base).toMatchObject({ outcome: decision.outcome, drive: decision.snapshot?.drive });
  });
});
