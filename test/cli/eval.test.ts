import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/engine/decide.js';
import type { Decision } from '../../src/engine/decision.js';
import { initialView } from '../../src/engine/world.js';
import { readFailures } from '../../src/server/formats/failure.js';
import { fixturePolicies } from './fake-service.js';
import { FIXTURES, golden, NOW_MS, rekindle } from './harness.js';

const AT = '2026-01-31T12:00:00.000Z';

function decisionsIn(out: string): readonly Decision[] {
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Decision);
}

describe('rekindle why --event', () => {
  it('shows each condition as a tree, and what would have changed the decision', async () => {
    const { code, out, err } = await rekindle(['why', '--event', 'events/warm.json']);
    await expect(out).toMatchFileSnapshot(golden('why-event.txt'));
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  it('prints the same as JSON, one event a line', async () => {
    const { code, out } = await rekindle([
      'why',
      '--event',
      'events/hot-then-dead.ndjson',
      '--format',
      'json',
    ]);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(code).toBe(0);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(Object.keys(line)).toEqual(['decision', 'policies', 'flips']);
  });

  it('wants an id or an event, and readable policies', async () => {
    expect((await rekindle(['why', 'd-1', 'd-2'])).code).toBe(2);
    expect((await rekindle(['why', '--event', 'events/warm.json', 'broken'])).code).toBe(1);
    expect((await rekindle(['why', '--event', 'no-such-file'])).code).toBe(2);
  });
});

describe('rekindle eval', () => {
  it('lists alerts that met no condition, with the nearest policy and what would have had to differ', async () => {
    const { out, err } = await rekindle(['eval', '--event', 'events/warm.json', '--format', 'json']);
    expect(decisionsIn(out)).toHaveLength(1);
    expect(err).toMatch(
      /^1 alert met the condition of no policy\n {2}\S+ of web-1: nearest is overheating \(policies\/policies\.yaml:3\); it would have been snapshot with alert \$\.value \d+ → 85\n$/,
    );
  });

  it('explains a snapshot: reasons, evidence and every drive', async () => {
    const { code, out, err } = await rekindle(['eval', '--event', 'events/hot.json']);
    await expect(out).toMatchFileSnapshot(golden('eval-snapshot.txt'));
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  it('explains why nothing is done', async () => {
    const { code, out } = await rekindle(['eval', '--event', 'events/warm.json']);
    await expect(out).toMatchFileSnapshot(golden('eval-nothing.txt'));
    expect(code).toBe(0);
  });

  it('explains a restart: attempts, every snapshot and every backup server', async () => {
    const { code, out } = await rekindle([
      ...['eval', '--event', 'events/hot-then-dead.ndjson', '--state', 'events/two-snapshots.state.json'],
    ]);
    await expect(out).toMatchFileSnapshot(golden('eval-restart.txt'));
    expect(code).toBe(0);
  });

  it('prints exactly what the engine decides, byte for byte', async () => {
    const { out } = await rekindle(['eval', '--event', 'events/hot.json', '--format', 'json']);
    const policySet = await fixturePolicies();
    const decision = await decide(
      policySet,
      {
        kind: 'alert',
        id: 'hot-1',
        at: AT,
        server: 'web-1',
        source: 'eval',
        status: 'firing',
        labels: { alertname: 'NodeTemperatureHigh' },
        annotations: {},
        value: 91,
      },
      initialView(policySet.inventory),
    );
    expect(out).toBe(`${JSON.stringify(decision)}\n`);
  });

  it('decides each event of a stream on what the ones before it leave', async () => {
    const { out } = await rekindle(['eval', '--event', 'events/hot-then-dead.ndjson', '--format', 'json']);
    const [snapshot, restart] = decisionsIn(out);
    expect(snapshot?.snapshot?.drive).toBe('d1');
    expect(restart?.restart?.attempts[0]).toMatchObject({
      condition: 'overheating',
      drive: 'd1',
      backup: 'spare-1',
    });
  });

  it('answers an array with an array', async () => {
    const lines = readFileSync(join(FIXTURES, 'events/hot-then-dead.ndjson'), 'utf8').trim().split('\n');
    const asArray = await rekindle(['eval', '--event', '-', '--format', 'json'], {
      stdin: `[${lines.join(',')}]`,
    });
    const asLines = await rekindle(['eval', '--event', '-', '--format', 'json'], { stdin: lines.join('\n') });
    expect(asArray.out).toBe(`[${asLines.out.trim().split('\n').join(',')}]\n`);
  });

  it('decides on the state that it is given', async () => {
    const { out } = await rekindle([
      ...[
        'eval',
        '--event',
        'events/hot.json',
        '--state',
        'events/two-snapshots.state.json',
        '--format',
        'json',
      ],
    ]);
    expect(decisionsIn(out)[0]?.snapshot?.previous).toEqual({ snapshot: 's-1', drive: 'd1' });
  });

  it('gives equal events without ids different ids, and the same ones the next time', async () => {
    const stdin = '{"kind":"retention","server":"web-1"}\n{"kind":"retention","server":"web-1"}\n';
    const args = ['eval', '--event', '-', '--at', AT, '--format', 'json'];
    const first = decisionsIn((await rekindle(args, { stdin })).out).map(({ event }) => event.id);
    const second = decisionsIn((await rekindle(args, { stdin })).out).map(({ event }) => event.id);
    expect(new Set(first).size).toBe(2);
    expect(second).toEqual(first);
  });

  it('fills in what the service would fill in', async () => {
    const body = { server: 'web-1', at: AT, id: 'dead-1', cause: 'panic' };
    const [item] = readFailures(body, { nowMs: NOW_MS, newId: () => '' });
    const stdin = (event: object): string => JSON.stringify({ kind: 'failure', ...event });
    const args = ['eval', '--event', '-', '--format', 'json'];
    const ofPerson = await rekindle(args, { stdin: stdin(body) });
    const ofService = await rekindle(args, { stdin: stdin(item?.kind === 'event' ? item.event : {}) });
    expect(ofPerson).toEqual(ofService);
    expect(ofPerson.code).toBe(0);
  });

  it('understands --at now', async () => {
    const stdin = '{"kind":"retention","server":"web-1"}';
    const { out } = await rekindle(['eval', '--event', '-', '--at', 'now', '--format', 'json'], { stdin });
    expect(decisionsIn(out)[0]?.at).toBe('2026-01-31T12:30:00.000Z');
  });

  it('decides nothing when the policies have problems, and shows them', async () => {
    const { code, out, err } = await rekindle(['eval', 'broken', '--event', 'events/hot.json']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('RULE_UNKNOWN_OPERATOR');
  });
});

describe('rekindle eval --expect', () => {
  const args = ['eval', '--event', '-', '--at', AT, '--expect'];
  const stdin = readFileSync(join(FIXTURES, 'events/hot.json'), 'utf8');

  it('passes when what is given matches, whatever else is decided', async () => {
    const { code, err } = await rekindle([...args, 'events/expect-snapshot.json'], { stdin });
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  it('prints expected beside actual when it differs', async () => {
    const { code, err } = await rekindle([...args, 'events/expect-other-drive.json'], { stdin });
    await expect(err).toMatchFileSnapshot(golden('eval-differs.txt'));
    expect(code).toBe(1);
  });

  it('fails when there are more events than expectations', async () => {
    const { code, err } = await rekindle([
      ...['eval', '--event', 'events/hot-then-dead.ndjson', '--expect', 'events/expect-snapshot.json'],
    ]);
    expect(code).toBe(1);
    expect(err).toContain('expected were 1 decision; there are 2 events');
  });
});

describe('an event that makes no sense', () => {
  const cases: readonly (readonly [what: string, stdin: string, says: string])[] = [
    ['has no kind', '{"server":"web-1"}', 'the event has no kind; expected is one of alert, failure'],
    ['is of no kind there is', '{"kind":"alrt","server":"web-1"}', 'did you mean alert?'],
    ['has no server', '{"kind":"alert"}', 'the event lacks the key "server"'],
    ['has an unknown key', '{"kind":"alert","server":"w","lables":{}}', 'did you mean "labels"?'],
    ['has a wrong type', '{"kind":"alert","server":"w","value":"91"}', 'value must be number'],
    ['has no time', '{"kind":"alert","server":"w"}', 'give --at'],
    ['has a time that is none', '{"kind":"alert","server":"w","at":"noon"}', 'at is not an RFC 3339 time'],
    ['poisons prototypes', '{"kind":"alert","server":"w","labels":{"__proto__":"x"}}', 'the key "__proto__"'],
    ['has a key twice', '{"kind":"alert","kind":"alert"}', 'the key "kind" stands here again'],
    ['is a whole webhook', '{"version":"4","alerts":[]}', 'the body of an Alertmanager webhook'],
    ['is no object', '91', 'an event is a JSON object'],
    ['breaks off', '{"kind":"alert",\n "server":', 'standard input:2:11: this is not JSON'],
    ['is empty', ' \n', 'standard input is empty'],
  ];

  it.each(cases)('%s', async (_what, stdin, says) => {
    const { code, out, err } = await rekindle(['eval', '--event', '-'], { stdin });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(says);
  });

  it('names the line of a stream that cannot be read, and prints what came before it', async () => {
    const good = '{"kind":"retention","server":"web-1","at":"2026-01-31T12:00:00Z"}';
    const { code, out, err } = await rekindle(['eval', '--event', '-', '--format', 'json'], {
      stdin: `${good}\n{]\n`,
    });
    expect(code).toBe(2);
    expect(decisionsIn(out)).toHaveLength(1);
    expect(err).toContain('standard input:2:2: this is not JSON');
  });

  it('is a file that does not exist', async () => {
    const { code, err } = await rekindle(['eval', '--event', 'nowhere.json']);
    expect(code).toBe(2);
    expect(err).toBe('error: nowhere.json cannot be read: there is no such file\n');
  });
});

describe('a state that makes no sense', () => {
  it('is refused with the place that does not fit', async () => {
    const { code, err } = await rekindle([
      'eval',
      '--event',
      'events/hot.json',
      '--state',
      'events/broken.state.json',
    ]);
    expect(code).toBe(2);
    expect(err).toContain('snapshots.0 lacks the key "generation"');
    expect(err).toContain('GET /v1/state');
  });
});
