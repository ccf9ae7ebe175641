import { describe, expect, it } from 'vitest';
import type { Memory } from '../../../src/engine/decision.js';
import type { View } from '../../../src/engine/view.js';
import {
  LONG_AGO,
  alert,
  decided,
  decisionAbout,
  minute,
  recordOf,
  useStore,
  type OpenStore,
} from '../world.js';

const MATCH = { policy: 'hot', digest: 'sha256:1' };
const SYMPTOM = { policy: 'hot', condition: 'overheating', cause: 'hardware', met: false } as const;
const DAY = 24 * 60;

export function testMemory(open: OpenStore): void {
  describe('the decision memory', () => {
    const rig = useStore(open);
    const view = (since = LONG_AGO): Promise<View> => rig.store.view(since);

    async function remember(
      id: string,
      atMinute: number,
      memory: Partial<Memory>,
      server = 'web-1',
    ): Promise<void> {
      const event = alert(id, { at: minute(atMinute), server });
      await decided(rig.store, event, { decision: decisionAbout(event, memory) });
    }

    it('is empty at first', async () => {
      expect(await view()).toEqual({
        servers: [],
        machines: [],
        drives: [],
        snapshots: [],
        matches: [],
        symptoms: [],
        orders: [],
        operations: [],
      });
    });

    it('keeps every match, oldest first', async () => {
      await remember('a', 5, { matches: [MATCH] });
      await remember('b', 2, { matches: [MATCH, { policy: 'cold', digest: 'sha256:2' }] });
      expect((await view()).matches).toEqual([
        { event: 'b', server: 'web-1', policy: 'cold', digest: 'sha256:2', at: minute(2) },
        { event: 'b', server: 'web-1', policy: 'hot', digest: 'sha256:1', at: minute(2) },
        { event: 'a', server: 'web-1', policy: 'hot', digest: 'sha256:1', at: minute(5) },
      ]);
    });

    it('counts an event once, however often it is decided', async () => {
      const event = alert('a');
      const first = decisionAbout(event, { matches: [MATCH] }, { outcome: 'refused' });
      await decided(rig.store, event, { decision: first, final: false });
      const second = decisionAbout(event, { matches: [MATCH] }, { outcome: 'snapshot' });
      await rig.store.recordDecision(recordOf(event, { decision: second }));
      expect((await view()).matches).toHaveLength(1);
    });

    it('leaves out matches from before the given time, and keeps one at that time', async () => {
      await remember('a', 1, { matches: [MATCH] });
      await remember('b', 2, { matches: [MATCH] });
      expect((await view(minute(2))).matches.map(({ at }) => at)).toEqual([minute(2)]);
    });

    it('forgets matches that no window can reach any more', async () => {
      await remember('old', 0, { matches: [MATCH] });
      rig.clock.advanceTo(Date.parse(minute(8 * DAY)));
      await remember('new', 8 * DAY, { matches: [MATCH] });
      expect((await view()).matches.map(({ at }) => at)).toEqual([minute(8 * DAY)]);
    });

    it('does not forget because of an event that claims to be of the future', async () => {
      await remember('a', 0, { matches: [MATCH] });
      await remember('future', 400 * DAY, { matches: [MATCH] });
      expect((await view()).matches).toHaveLength(2);
    });

    it('keeps when a symptom began while it is seen again', async () => {
      await remember('a', 1, { symptoms: [SYMPTOM] });
      await remember('b', 4, { symptoms: [SYMPTOM] });
      expect((await view()).symptoms).toEqual([
        { ...SYMPTOM, server: 'web-1', firstAt: minute(1), lastAt: minute(4) },
      ]);
    });

    it('takes a report that arrives late as the earlier beginning of the symptom', async () => {
      await remember('a', 4, { symptoms: [SYMPTOM] });
      await remember('b', 1, { symptoms: [SYMPTOM] });
      expect((await view()).symptoms).toMatchObject([{ firstAt: minute(1), lastAt: minute(4) }]);
    });

    it('keeps that a condition was met while its symptom is open', async () => {
      await remember('a', 1, { symptoms: [{ ...SYMPTOM, met: true }] });
      await remember('b', 2, { symptoms: [SYMPTOM] });
      expect((await view()).symptoms).toMatchObject([{ met: true }]);
    });

    it('starts anew when a closed symptom comes back', async () => {
      await remember('a', 1, { symptoms: [{ ...SYMPTOM, met: true }] });
      await remember('b', 2, { closed: ['hot'] });
      expect((await view()).symptoms).toEqual([]);
      await remember('c', 3, { symptoms: [SYMPTOM] });
      expect((await view()).symptoms).toMatchObject([{ firstAt: minute(3), met: false }]);
    });

    it('closes the symptom of this server and this policy only', async () => {
      await remember('a', 1, { symptoms: [SYMPTOM, { ...SYMPTOM, policy: 'leak' }] });
      await remember('b', 1, { symptoms: [SYMPTOM] }, 'web-2');
      await remember('c', 2, { closed: ['hot'] });
      const open = (await view()).symptoms.map(({ server, policy }) => `${server}/${policy}`);
      expect(open).toEqual(['web-1/leak', 'web-2/hot']);
    });

    it('leaves out symptoms last seen before the given time', async () => {
      await remember('a', 1, { symptoms: [SYMPTOM] });
      await remember('b', 5, { symptoms: [SYMPTOM] });
      expect((await view(minute(5))).symptoms).toHaveLength(1);
      expect((await view(minute(6))).symptoms).toHaveLength(0);
    });

    it('keeps the last order of a kind, also when an earlier one is recorded after it', async () => {
      await remember('a', 5, { orders: [{ policy: 'hot', action: 'snapshot' }] });
      await remember('b', 3, { orders: [{ policy: 'hot', action: 'snapshot' }] });
      await remember('c', 1, { orders: [{ policy: 'hot', action: 'restart' }] });
      expect((await view()).orders).toEqual([
        { server: 'web-1', policy: 'hot', action: 'restart', at: minute(1) },
        { server: 'web-1', policy: 'hot', action: 'snapshot', at: minute(5) },
      ]);
    });

    it('keeps the last order whatever its age: a cooldown may be longer than any history', async () => {
      await remember('a', 1, { orders: [{ policy: 'hot', action: 'snapshot' }] });
      expect((await view(minute(100 * DAY))).orders).toHaveLength(1);
    });
  });
}
