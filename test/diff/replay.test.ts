import { describe, expect, it } from 'vitest';
import { step, worldOf, type Decided, type World } from '../../src/diff/replay.js';
import type { EngineEvent } from '../../src/engine/event.js';
import { alert, failure, scheduleDue } from '../engine/support/events.js';
import { fixture } from './support.js';

const HOURS = 60;

async function play(
  world: World,
  events: readonly EngineEvent[],
): Promise<{ readonly world: World; readonly last: readonly Decided[] }> {
  let now = world;
  let last: readonly Decided[] = [];
  for (const event of events) ({ world: now, decided: last } = await step(now, event));
  return { world: now, last };
}

async function plain(): Promise<World> {
  const policySet = await fixture('plain');
  return worldOf(policySet, policySet, null);
}

describe('a world that is replayed', () => {
  it('retires after each snapshot what is beyond retention', async () => {
    const { world, last } = await play(
      await plain(),
      [0, 15, 30, 45].map((minute) => scheduleDue(minute)),
    );
    expect(last.map(({ event, decision }) => [event.kind, decision.outcome])).toEqual([
      ['schedule', 'snapshot'],
      ['retention', 'retire'],
    ]);
    expect(world.view.snapshots).toHaveLength(2);
  });

  it('tells a takeover to its policy, whose snapshot is followed by retention', async () => {
    const { last } = await play(await plain(), [scheduleDue(0), failure(1)]);
    expect(last.map(({ event, decision }) => [event.kind, decision.outcome])).toEqual([
      ['failure', 'restart'],
      ['takeover', 'snapshot'],
      ['retention', 'none'],
    ]);
  });

  it('shows no symptom that is as old as the store would not show', async () => {
    const leak = alert(1, { labels: { alertname: 'Growing' } });
    const soon = await play(await plain(), [leak, scheduleDue(2)]);
    const late = await play(await plain(), [leak, scheduleDue(100 * HOURS)]);
    expect([soon, late].map(({ last }) => last[0]?.view.symptoms.length)).toEqual([1, 0]);
  });

  it('shows every symptom of a server that has failed', async () => {
    const leak = alert(1, { labels: { alertname: 'Growing' } });
    const start = await plain();
    const { world } = await play(start, [leak]);
    const servers = world.view.servers.map((row) => ({ ...row, state: 'failed' as const }));
    const failed = { ...world, view: { ...world.view, servers } };
    const { last } = await play(failed, [failure(100 * HOURS)]);
    expect(last[0]?.view.symptoms).toHaveLength(1);
  });
});
