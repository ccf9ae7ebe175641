import { describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../src/engine/event.js';
import { alert, failure, retentionDue, scheduleDue, takeoverDone } from '../engine/support/events.js';
import { at } from '../engine/support/time.js';
import { match, snapshot, view } from '../engine/support/view.js';
import { diff, fixture, STORY, told } from './support.js';

const DAYS = 24 * 60;

const hot = (minutes: number, value: number): EngineEvent =>
  alert(minutes, { labels: { alertname: 'TooHot' }, value });

describe('what is told of a changed decision', () => {
  it('a lost snapshot, with the policy responsible on each side', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) => text.replace('value: 85', 'value: 95'));
    const [counting, lost] = (await diff(base, head, [hot(0, 90), hot(1, 90)])).events;
    expect(counting).toMatchObject({
      changes: ['reason'],
      base: { outcome: 'none', reason: 'counting' },
      head: { outcome: 'none', reason: 'no-policy-matched' },
    });
    expect(lost).toMatchObject({
      event: { kind: 'alert', id: 'alert-1', server: 'web-1' },
      at: at(1),
      changes: ['lost'],
      base: { outcome: 'snapshot', condition: 'overheating', drive: 'd3' },
      head: { outcome: 'none', reason: 'no-policy-matched' },
    });
    const place = { name: 'overheating', file: 'test/fixtures/diff/plain/policies.yaml', line: 3 };
    expect([lost?.base.policy, lost?.head.policy]).toEqual([place, place]);
  });

  it('a gained snapshot', async () => {
    const base = await fixture('plain', (text) => text.replace('value: 85', 'value: 95'));
    const head = await fixture('plain');
    expect(told(await diff(base, head, [hot(0, 90), hot(1, 90)]))).toEqual([
      'reason web-1 alert alert-0',
      'gained web-1 alert alert-1',
    ]);
  });

  it('another drive, and the placement policy that chose it', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) =>
      text.replace(
        'value: ok }',
        'value: ok }\n      - { fact: drive, path: $.name, operator: notEqual, value: d3 }',
      ),
    );
    const [change] = (await diff(base, head, [scheduleDue(0)])).events;
    expect(change).toMatchObject({
      changes: ['drive', 'fallback'],
      base: { drive: 'd3', fallback: ['d1', 'd2'], policy: { name: 'spread' } },
      head: { drive: 'd1', fallback: ['d2'], policy: { name: 'spread' } },
    });
  });

  it('another snapshot and another backup server', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) =>
      text
        .replace('- { condition: matching, newest: true, maxAge: 1h }', '- { condition: scheduled }')
        .replace(
          'coldBoot: last-resort',
          'backups: { prefer: [{ weight: 10, when: { all: [{ fact: backup, path: $.labels.feed, operator: equal, value: right }] } }] }\n  coldBoot: last-resort',
        ),
    );
    const events = [scheduleDue(0), hot(16, 90), hot(17, 90), failure(18)];
    const [change] = (await diff(base, head, events)).events;
    expect(change).toMatchObject({
      base: { outcome: 'restart', condition: 'overheating', backup: 'spare-1', drive: 'd1' },
      head: { outcome: 'restart', condition: 'scheduled', backup: 'spare-2', drive: 'd3' },
    });
    expect(change?.changes).toEqual(['drive', 'snapshot', 'backup', 'fallback']);
  });

  it('a policy that only observes loses what it did', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) =>
      text.replace('servers: { tier: web }\n  when', 'mode: observe\n  servers: { tier: web }\n  when'),
    );
    const [change] = (await diff(base, head, [alert(0, { labels: { alertname: 'Growing' } })])).events;
    expect(change).toMatchObject({ changes: ['lost'], head: { outcome: 'snapshot', mode: 'observe' } });
  });

  it('a deadline that has changed is a change of settings', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) =>
      text.replace('cooldown: 10m', 'cooldown: 10m, deadline: 30s'),
    );
    expect(told(await diff(base, head, [hot(0, 90), hot(1, 90)]))).toEqual(['settings web-1 alert alert-1']);
  });

  it('another retention is told at the event whose snapshot it follows', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) => text.replace('scheduled: 2', 'scheduled: 1'));
    const events = [0, 15, 30].map((minute) => scheduleDue(minute));
    expect(told(await diff(base, head, events))).toContainEqual(
      expect.stringMatching(/^gained web-1 retention retention:d-/),
    );
  });
});

describe('the two worlds', () => {
  it('a change marks what only follows from it', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) => text.replace('times: 2', 'times: 1'));
    // Head takes its snapshot one alert earlier, and the cooldown of that one keeps it from the next.
    expect(told(await diff(base, head, [hot(0, 90), hot(1, 90)]))).toEqual([
      'gained web-1 alert alert-0',
      'lost web-1 alert alert-1 (follows)',
    ]);
  });

  it('a later change with a cause of its own is not marked', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) => text.replace('value: 85', 'value: 95'));
    const events = [hot(0, 90), hot(1, 90), hot(20, 90), hot(21, 90)];
    expect(told(await diff(base, head, events))).toEqual([
      'reason web-1 alert alert-0',
      'lost web-1 alert alert-1',
      'reason web-1 alert alert-20',
      'lost web-1 alert alert-21',
    ]);
  });

  it('what an edited policy counts by itself does not follow from anything', async () => {
    const base = await fixture('plain', (text) => text.replace('times: 2', 'times: 3'));
    const head = await fixture('plain', (text) => text.replace('value: Growing', 'value: Shrinking'));
    const events = [alert(0, { labels: { alertname: 'Growing' } }), hot(1, 90), hot(2, 90)];
    expect(told(await diff(base, head, events))).toEqual([
      'lost web-1 alert alert-0',
      'gained web-1 alert alert-2',
    ]);
  });

  it('a change of one server may be the cause of one of another', async () => {
    const base = await fixture('plain', (text) =>
      text.replace('servers: { tier: web }\n  snapshots', 'servers: { tier: none }\n  snapshots'),
    );
    const head = await fixture('plain');
    const events = [scheduleDue(0), failure(1), failure(2, { id: 'db', server: 'db-1' })];
    // While web-1 is down, too few servers are up to restart db-1 as well.
    const { events: changes } = await diff(base, head, events);
    expect(changes).toMatchObject([
      { event: { server: 'web-1' }, changes: ['gained'], follows: false },
      { event: { server: 'db-1' }, follows: true, base: { reason: 'below-min-healthy' } },
    ]);
  });

  it('what follows from decisions is derived anew, not replayed', async () => {
    const plain = await fixture('plain');
    const head = await fixture('plain', (text) =>
      text.replace('placement: spread\n  guard', 'afterTakeover: nothing\n  placement: spread\n  guard'),
    );
    const recorded = [scheduleDue(0), failure(1), takeoverDone(2), retentionDue(3)];
    const changes = (await diff(plain, head, recorded)).events;
    expect(changes.map(({ event }) => event.kind)).toEqual(['failure', 'takeover']);
  });

  it('a recorded state is where both begin', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) => text.replace('value: 85', 'value: 84'));
    const policy = base.alertPolicies.find(({ name }) => name === 'overheating');
    const state = view({
      inventory: base.inventory,
      snapshots: [snapshot('s1', 'd2')],
      matches: [match(-1, { digest: policy?.digest ?? '' })],
    });
    const events = [hot(0, 90)];
    expect(told(await diff(base, base, events, state))).toEqual([]);
    const [change] = (await diff(base, head, events, state)).events;
    // An edited policy starts to count anew, as it would when it was put in force.
    expect(change).toMatchObject({
      changes: ['lost'],
      base: { outcome: 'snapshot' },
      head: { reason: 'counting' },
    });
  });

  it('a server that head no longer has is told as lost', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) => text.replaceAll('name: web-1\n', 'name: web-7\n'));
    const [change] = (await diff(base, head, [scheduleDue(0)])).events;
    expect(change).toMatchObject({ changes: ['lost'], head: { reason: 'unknown-server', policy: null } });
  });

  it('an alert that comes late still counts within its window', async () => {
    const plain = await fixture('plain');
    const strict = await fixture('plain', (text) => text.replace('times: 2', 'times: 3'));
    const storm = Array.from({ length: 300 }, (_, index) =>
      alert(100 * DAYS + index, { labels: { alertname: 'Nothing' } }),
    );
    const late = [hot(0, 90), ...storm, hot(1, 90)];
    const { events } = await diff(plain, strict, late);
    expect(events).toMatchObject([{ event: { id: 'alert-1' }, changes: ['lost'] }]);
  });

  it('equal input gives equal changes', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) => text.replace('value: 85', 'value: 95'));
    expect(await diff(base, head)).toEqual(await diff(base, head, STORY));
  });
});
