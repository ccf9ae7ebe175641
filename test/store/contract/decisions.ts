import { describe, expect, it } from 'vitest';
import {
  LONG_AGO,
  alert,
  decided,
  decisionAbout,
  minute,
  rack,
  recordOf,
  useStore,
  type OpenStore,
} from '../world.js';

export function testDecisions(open: OpenStore): void {
  describe('decisions', () => {
    const rig = useStore(open);
    const orders = async (): Promise<number> => (await rig.store.view(LONG_AGO)).orders.length;

    it('come back byte for byte', async () => {
      const decision = decisionAbout(alert('a'), {}, { outcome: 'refused' });
      await decided(rig.store, alert('a'), { decision });
      expect(JSON.stringify(await rig.store.decision('d-a'))).toBe(JSON.stringify(decision));
    });

    it('end the waiting of their event when they are final', async () => {
      await decided(rig.store, alert('a'));
      expect(await rig.store.pending()).toEqual([]);
    });

    it('leave their event pending when they are not final', async () => {
      await decided(rig.store, alert('a'), { final: false });
      expect(await rig.store.pending()).toEqual([alert('a')]);
    });

    it('change nothing when they are recorded again', async () => {
      const record = recordOf(alert('a'), { operation: { id: 'op-1', kind: 'take-snapshot' } });
      await rig.store.accept([alert('a')], minute(0));
      await rig.store.recordDecision(record);
      expect(await rig.store.recordDecision(record)).toEqual(record.decision);
      expect(await rig.store.decisions({ limit: 10 })).toHaveLength(1);
      expect(await rig.store.operations({ limit: 10 })).toHaveLength(1);
    });

    it('stand beside each other when a pending event is decided again', async () => {
      const refused = decisionAbout(alert('a'), {}, { outcome: 'refused' });
      const taken = decisionAbout(alert('a'), {}, { outcome: 'snapshot' });
      await decided(rig.store, alert('a'), { decision: refused, final: false });
      const recorded = await rig.store.recordDecision(recordOf(alert('a'), { decision: taken }));
      expect(recorded).toEqual({ ...taken, id: recorded.id });
      expect(recorded.id).not.toBe(refused.id);
      expect(await rig.store.decision(refused.id)).toEqual(refused);
      expect(await rig.store.decision(recorded.id)).toEqual(recorded);
      expect(await rig.store.pendingCount()).toBe(0);
    });

    it('give back their events in the order in which they were made last, a page at a time', async () => {
      await rig.store.accept(
        ['a', 'b', 'c', 'd'].map((id) => alert(id)),
        minute(0),
      );
      const refused = decisionAbout(alert('b'), {}, { outcome: 'refused' });
      await rig.store.recordDecision(recordOf(alert('b'), { decision: refused, final: false }));
      await rig.store.recordDecision(recordOf(alert('c')));
      await rig.store.recordDecision(recordOf(alert('b')));
      await rig.store.recordDecision(recordOf(alert('d'), { final: false }));
      await rig.store.recordDecision(recordOf(alert('a')));
      const first = await rig.store.decidedEvents({ after: 0, limit: 2 });
      expect(first.map(({ event }) => event)).toEqual([alert('c'), alert('b')]);
      const rest = await rig.store.decidedEvents({ after: first.at(-1)?.seq ?? 0, limit: 2 });
      expect(rest.map(({ event }) => event)).toEqual([alert('a')]);
    });

    it('are not made again about an event that is finally decided', async () => {
      await decided(rig.store, alert('a'));
      const other = recordOf(alert('a'), { decision: decisionAbout(alert('a'), {}, { outcome: 'restart' }) });
      await expect(rig.store.recordDecision(other)).rejects.toMatchObject({ code: 'wrong-state' });
    });

    it('are refused about an event that was never accepted', async () => {
      await expect(rig.store.recordDecision(recordOf(alert('a')))).rejects.toMatchObject({
        code: 'no-such-row',
      });
    });

    it('are recorded with all that follows from them or not at all', async () => {
      await decided(rig.store, alert('a'), { operation: { id: 'op-1', kind: 'take-snapshot' } });
      const decision = decisionAbout(alert('b'), { orders: [{ policy: 'p', action: 'snapshot' }] });
      const taken = { id: 'op-1', kind: 'take-snapshot' } as const;
      await expect(decided(rig.store, alert('b'), { decision, operation: taken })).rejects.toThrow();
      expect(await rig.store.decision('d-b')).toBeNull();
      expect(await orders()).toBe(0);
      expect(await rig.store.pending()).toEqual([alert('b')]);
    });

    it('mark their server as failed from the time of the event on, once', async () => {
      await rig.store.syncInventory(rack(), minute(0));
      await decided(rig.store, alert('a', { at: minute(3) }), { serverFailed: true });
      await decided(rig.store, alert('b', { at: minute(4) }), { serverFailed: true });
      const [server] = (await rig.store.view(LONG_AGO)).servers;
      expect(server).toMatchObject({ name: 'web-1', state: 'failed', failedAt: minute(3) });
      const journal = await rig.store.journal({ subject: 'server:web-1', limit: 10 });
      expect(journal.map(({ change, by }) => [change, by])).toEqual([
        ['added', 'inventory'],
        ['failed', 'd-a'],
      ]);
    });

    it('are listed newest first, by server, by outcome, up to a limit', async () => {
      for (const [id, server] of [
        ['a', 'web-1'],
        ['b', 'web-2'],
        ['c', 'web-1'],
      ] as const) {
        const event = alert(id, { server });
        const decision = decisionAbout(event, {}, { outcome: id === 'c' ? 'refused' : 'none' });
        await decided(rig.store, event, { decision });
      }
      const ids = async (filter: object): Promise<readonly string[]> =>
        (await rig.store.decisions({ limit: 10, ...filter })).map(({ id }) => id);
      expect(await ids({})).toEqual(['d-c', 'd-b', 'd-a']);
      expect(await ids({ limit: 2 })).toEqual(['d-c', 'd-b']);
      expect(await ids({ server: 'web-1' })).toEqual(['d-c', 'd-a']);
      expect(await ids({ server: 'web-1', outcome: 'none' })).toEqual(['d-a']);
    });
  });
}
