import { describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../../src/engine/event.js';
import { alert, minute, recordOf, useStore, type OpenStore } from '../world.js';

export function testEvents(open: OpenStore): void {
  describe('accepted events', () => {
    const rig = useStore(open);
    const accept = (...events: EngineEvent[]) => rig.store.accept(events, minute(0));

    it('come back as they were', async () => {
      const event = alert('a', { value: 91.5, annotations: { summary: 'too hot — 91.5 °C' } });
      await accept(event);
      expect(await rig.store.event('a')).toEqual(event);
      expect(await rig.store.pending()).toEqual([event]);
    });

    it('are pending in the order of their acceptance, whatever their times say', async () => {
      await accept(alert('late', { at: minute(9) }));
      await accept(alert('z', { at: minute(1) }), alert('a', { at: minute(5) }));
      expect((await rig.store.pending()).map(({ id }) => id)).toEqual(['late', 'z', 'a']);
      expect(await rig.store.pendingCount()).toBe(3);
    });

    it('are not stored a second time under the same id', async () => {
      await accept(alert('a'));
      expect(await accept(alert('a'))).toEqual([{ id: 'a', result: 'duplicate' }]);
      expect(await rig.store.pendingCount()).toBe(1);
    });

    it('are the same whatever the order of their keys', async () => {
      await accept(alert('a', { labels: { alertname: 'Hot', tier: 'web' } }));
      const result = await accept(alert('a', { labels: { tier: 'web', alertname: 'Hot' } }));
      expect(result).toEqual([{ id: 'a', result: 'duplicate' }]);
    });

    it('conflict with another content under a known id, and the first one stays', async () => {
      await accept(alert('a'));
      expect(await accept(alert('a', { value: 5 }))).toEqual([{ id: 'a', result: 'conflict' }]);
      expect(await rig.store.event('a')).toEqual(alert('a'));
    });

    it('are answered one by one, also when a batch repeats itself', async () => {
      await accept(alert('known'));
      const results = await accept(alert('new'), alert('known'), alert('new'), alert('new', { value: 1 }));
      expect(results.map(({ result }) => result)).toEqual(['accepted', 'duplicate', 'duplicate', 'conflict']);
    });

    it('stay known after they were decided', async () => {
      await accept(alert('a'));
      await rig.store.recordDecision(recordOf(alert('a')));
      expect(await rig.store.pending()).toEqual([]);
      expect(await accept(alert('a'))).toEqual([{ id: 'a', result: 'duplicate' }]);
      expect(await rig.store.pendingCount()).toBe(0);
    });

    it('are null when their id is not known', async () => {
      expect(await rig.store.event('nobody')).toBeNull();
    });
  });
}
