import { describe, expect, it } from 'vitest';
import { changesOfFailures } from '../../src/diff/failures.js';
import { changesOfSurvival } from '../../src/diff/survival.js';
import { fixture } from './support.js';

describe('single failures', () => {
  it('the same set answers them alike', async () => {
    const plain = await fixture('plain');
    expect(await changesOfFailures(plain, plain)).toEqual([]);
  });

  it('a server that is no longer restarted, whatever failed', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) =>
      text.replaceAll('tier: database }\n  snapshots', 'tier: none }\n  snapshots'),
    );
    const changes = await changesOfFailures(base, head);
    expect(changes.map(({ failure, changes }) => [failure.server, failure.subject, ...changes])).toEqual([
      ['db-1', 'server', 'lost'],
      ['db-1', 'disk', 'lost'],
    ]);
    expect(changes[0]).toMatchObject({
      base: { outcome: 'restart', backup: 'spare-2', condition: 'scheduled', policy: { name: 'database' } },
      head: { outcome: 'refused', reason: 'no-restart-policy', policy: null },
    });
  });

  it('another backup server', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) => text.replace('value: right', 'value: left'));
    const [change] = await changesOfFailures(base, head);
    expect(change).toMatchObject({
      failure: { server: 'db-1', subject: 'server' },
      changes: ['backup'],
      base: { backup: 'spare-2' },
      head: { backup: 'spare-1' },
    });
  });

  it('a disk that is lost with no snapshot behind it', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) =>
      text.replace('every: 15m', 'servers: { tier: database }\n  every: 15m'),
    );
    const changes = await changesOfFailures(base, head);
    expect(changes).toMatchObject([
      { failure: { server: 'web-1', subject: 'server' }, head: { snapshots: ['cold boot from web-1-disk'] } },
      { failure: { server: 'web-1', subject: 'disk' }, changes: ['lost'], head: { reason: 'no-attempt' } },
    ]);
  });

  it('an older snapshot, because the backups do not reach the newest', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) => {
      const [before = '', after = ''] = text.split('- name: spare-1');
      return `${before}${after === '' ? '' : `- name: spare-1${after.replaceAll('[array-a, array-b, array-c]', '[array-c]')}`}`;
    });
    const changes = await changesOfFailures(base, head);
    expect(changes.find(({ failure }) => failure.server === 'web-1')).toMatchObject({
      base: { snapshots: ['scheduled, the newest'], drive: 'd2' },
      head: { snapshots: ['scheduled, the newest but 1'], drive: 'd3' },
    });
  });

  it('schedules at other times alone change no answer', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) => text.replace('every: 15m', "cron: '*/20 * * * *'"));
    expect(await changesOfFailures(base, head)).toEqual([]);
  });
});

describe('every single failure at the worst moment', () => {
  function told(changes: Awaited<ReturnType<typeof changesOfSurvival>>): readonly string[] {
    return changes.map(
      ({ server, failure, changes: kinds, base, head }) =>
        `${server}, ${failure}: ${kinds.join('+')} (${base.outcome}, ${head.outcome})`,
    );
  }

  it('the same set survives alike', async () => {
    const plain = await fixture('plain');
    expect(await changesOfSurvival(plain, plain)).toEqual([]);
  });

  it('a database that may no longer be restarted is lost, whatever it fails of', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) =>
      text.replaceAll('tier: database }\n  snapshots', 'tier: none }\n  snapshots'),
    );
    const lost = told(await changesOfSurvival(base, head));
    expect(lost).toContain('db-1, server db-1: lost (woken, not woken)');
    expect(lost.filter((one) => one.startsWith('db-1, device '))).toHaveLength(1);
    expect(lost.filter((one) => one.startsWith('db-1, the path from db-1 to '))).toHaveLength(1);
    expect(lost.filter((one) => one.startsWith('web-1'))).toEqual([]);
    const gained = told(await changesOfSurvival(head, base));
    expect(gained).toEqual(
      lost.map((one) => one.replace('lost (woken, not woken)', 'gained (not woken, woken)')),
    );
  });

  it('less frequent snapshots lose more', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) => text.replace('every: 15m', 'every: 45m'));
    const changes = await changesOfSurvival(base, head);
    expect(changes.length).toBeGreaterThan(0);
    for (const { changes: kinds, base: before, head: after } of changes) {
      expect(kinds).toEqual(['age']);
      expect(after.lostMs).toBeGreaterThan(before.lostMs ?? Infinity);
    }
  });

  it('a backup that loses its path matters when nothing else is left', async () => {
    const base = await fixture('plain');
    const head = await fixture('plain', (text) => {
      const [before = '', after = ''] = text.split('- name: spare-1');
      return `${before}${after === '' ? '' : `- name: spare-1${after.replaceAll('[array-a, array-b, array-c]', '[array-c]')}`}`;
    });
    expect(told(await changesOfSurvival(base, head)).length).toBeGreaterThan(0);
  });
});
