import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hashOfToken, ROLES, type Access, type Role } from '../../src/server/access/access.js';
import type { EngineEvent } from '../../src/engine/event.js';
import { AccessRefused, readAccess } from '../../src/server/access/document.js';
import { fakeAdministration, serve, type FakeAdministration } from './fake-administration.js';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes ...').toString('base64')}`;
const OLD_SECRET = `whsec_${Buffer.from('the secret before that, 32 bytes').toString('base64')}`;
const hashOf = (token: string): string => `sha256:${hashOfToken(token).toString('hex')}`;

const DOCUMENT = `
callers:
${ROLES.map((role) => `  - { name: ${role}, roles: [${role}], tokenHashes: ['${hashOf(`token-of-${role}`)}'] }`).join('\n')}
  - name: alertmanager
    roles: [reporter]
    webhookSecretFiles: [new.secret, old.secret]
  - name: rotating
    roles: [viewer]
    tokenHashes: ['${hashOf('first')}', '${hashOf('second')}']
`;

const read = (text: string): Promise<Access> =>
  readAccess(text, 'access.yaml', async (path) => (path === 'new.secret' ? SECRET : OLD_SECRET));

interface Sent {
  readonly status: number;
  readonly code?: string;
  readonly body: Readonly<Record<string, unknown>>;
}

async function service() {
  const access = await read(DOCUMENT);
  const administration = fakeAdministration();
  const { app } = serve(administration, { access: () => access });
  const send = async (
    method: 'GET' | 'POST',
    url: string,
    headers: Readonly<Record<string, string>>,
    payload?: string,
  ): Promise<Sent> => {
    const json = payload === undefined ? {} : { 'content-type': 'application/json' };
    const response = await app.inject({
      ...{ method, url, headers: { host: 'rekindle.example', ...json, ...headers } },
      ...(payload === undefined ? {} : { payload }),
    });
    const body = response.json<Readonly<Record<string, unknown>>>();
    return { status: response.statusCode, body, ...('code' in body ? { code: String(body.code) } : {}) };
  };
  return { administration, send };
}

const bearer = (token: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${token}` });

describe('a caller', () => {
  const REQUESTS: readonly { needed: Role; method: 'GET' | 'POST'; url: string; body?: string }[] = [
    { needed: 'viewer', method: 'GET', url: '/v1/disks' },
    { needed: 'operator', method: 'GET', url: '/v1/store' },
    { needed: 'viewer', method: 'GET', url: '/openapi.json' },
    { needed: 'reporter', method: 'POST', url: '/v1/alerts', body: '{"server":"web-1"}' },
    { needed: 'reporter', method: 'POST', url: '/v1/failures', body: '{"server":"web-1","cause":"panic"}' },
    { needed: 'reporter', method: 'POST', url: '/v1/heartbeats', body: '{"server":"web-1"}' },
    { needed: 'operator', method: 'POST', url: '/v1/servers/web-1/snapshot', body: '{"by":"ada"}' },
    { needed: 'operator', method: 'POST', url: '/v1/store/backups' },
    {
      needed: 'approver',
      method: 'POST',
      url: '/v1/servers/web-1/restart',
      body: '{"by":"ada","reason":"it hangs"}',
    },
  ];

  it.each(REQUESTS)(
    'needs the role $needed, and no other, to $method $url',
    async ({ needed, method, url, body }) => {
      const { send } = await service();
      for (const role of ROLES) {
        const { status, code } = await send(method, url, bearer(`token-of-${role}`), body);
        if (role === needed) expect([200, 201, 202]).toContain(status);
        else expect({ role, status, code }).toEqual({ role, status: 403, code: 'ROLE_MISSING' });
      }
    },
  );

  it('who is not known is told the same whatever was wrong', async () => {
    const { send } = await service();
    const answers = [
      await send('GET', '/v1/disks', {}),
      await send('GET', '/v1/disks', bearer('token-of-nobody')),
      await send('POST', '/v1/alerts', { ...signed('{}'), 'webhook-signature': 'v1,AAAA' }, '{}'),
      await send('POST', '/v1/alerts', { ...signed('{}'), 'webhook-timestamp': 'yesterday' }, '{}'),
    ];
    expect(
      new Set(answers.map(({ status, code, body }) => JSON.stringify([status, code, body.detail]))).size,
    ).toBe(1);
    expect(answers[0]).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
  });

  it('may have two tokens while one takes the place of the other', async () => {
    const { send } = await service();
    expect((await send('GET', '/v1/disks', bearer('first'))).status).toBe(200);
    expect((await send('GET', '/v1/disks', bearer('second'))).status).toBe(200);
  });

  it('stands in what is recorded beside the name that a person gives', async () => {
    const { send, administration } = await service();
    await send('POST', '/v1/servers/web-1/snapshot', bearer('token-of-operator'), '{"by":"ada"}');
    expect(administration.stored).toMatchObject([{ by: 'ada (operator)' }]);
  });
});

/** The headers of a delivery, signed as Standard Webhooks has it. */
function signed(
  body: string,
  {
    id = randomUUID(),
    secret = SECRET,
    shiftSeconds = 0,
  }: { id?: string; secret?: string; shiftSeconds?: number } = {},
): Readonly<Record<string, string>> {
  const timestamp = String(Date.parse('2026-11-30T12:00:00.000Z') / 1_000 + shiftSeconds);
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

const ALERT = '{"id":"a-1","server":"web-1"}';

const report = async (
  { send }: { send: Awaited<ReturnType<typeof service>>['send'] },
  headers: Readonly<Record<string, string>>,
  body = ALERT,
): Promise<Sent> => send('POST', '/v1/alerts', headers, body);

/** Lets events take their time to be stored; what was handed on comes into the list that is returned. */
function slowly(administration: FakeAdministration): readonly (readonly EngineEvent[])[] {
  const handed: (readonly EngineEvent[])[] = [];
  const accept = administration.accept.bind(administration);
  administration.accept = async (events) => {
    handed.push(events);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return accept(events);
  };
  return handed;
}

describe('a signed delivery', () => {
  it.each([
    ['by the secret', {}],
    ['by the secret before that', { secret: OLD_SECRET }],
    ['a little while ago', { shiftSeconds: -299 }],
    ['by a clock that is ahead', { shiftSeconds: 299 }],
  ])('is taken when it was signed %s', async (_how, how) => {
    const rig = await service();
    expect((await report(rig, signed(ALERT, how))).status).toBe(202);
    expect(rig.administration.stored).toHaveLength(1);
  });

  it.each([
    ['too long ago', signed(ALERT, { shiftSeconds: -301 })],
    ['in the future', signed(ALERT, { shiftSeconds: 301 })],
    ['over another body', signed('{}')],
    ['by another secret', signed(ALERT, { secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}` })],
    ['under another id', { ...signed(ALERT), 'webhook-id': 'another' }],
    ['with another scheme', { ...signed(ALERT), 'webhook-signature': 'v1a,AAAA' }],
  ])('is refused when it was signed %s', async (_how, headers) => {
    const rig = await service();
    expect(await report(rig, headers)).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    expect(rig.administration.stored).toEqual([]);
  });

  it('may carry several signatures, of which one is right', async () => {
    const rig = await service();
    const headers = signed(ALERT);
    const both = `v1,AAAA ${headers['webhook-signature'] ?? ''}`;
    expect((await report(rig, { ...headers, 'webhook-signature': both })).status).toBe(202);
  });

  it('has no effect when it is sent again, and is answered well', async () => {
    const rig = await service();
    const headers = signed(ALERT);
    await report(rig, headers);
    expect(await report(rig, headers)).toMatchObject({ status: 200, body: { duplicate: true } });
    expect(rig.administration.stored).toHaveLength(1);
  });

  it('has one effect when it comes several times at once', async () => {
    const rig = await service();
    const handed = slowly(rig.administration);
    const headers = signed(ALERT);
    const answers = await Promise.all(Array.from({ length: 5 }, () => report(rig, headers)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 200, 202]);
    expect(handed).toHaveLength(1);
  });

  it('takes the place of one that came at the same time and was not accepted', async () => {
    const rig = await service();
    const handed = slowly(rig.administration);
    rig.administration.failure = Object.assign(new Error('damaged'), { code: 'STORE_INTEGRITY' });
    const headers = signed(ALERT);
    const answers = await Promise.all(Array.from({ length: 3 }, () => report(rig, headers)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 202, 503]);
    expect(handed).toHaveLength(2);
  });

  it('is in conflict when its id comes again with another body', async () => {
    const rig = await service();
    await report(rig, signed(ALERT, { id: 'one' }));
    const other = '{"id":"a-2","server":"web-1"}';
    expect(await report(rig, signed(other, { id: 'one' }), other)).toMatchObject({
      status: 409,
      code: 'EVENT_CONFLICT',
    });
  });

  it('counts as new when it was not accepted the first time', async () => {
    const rig = await service();
    rig.administration.failure = Object.assign(new Error('damaged'), { code: 'STORE_INTEGRITY' });
    const headers = signed(ALERT);
    expect((await report(rig, headers)).status).toBe(503);
    expect((await report(rig, headers)).status).toBe(202);
  });

  it('may do no more than the roles of its caller', async () => {
    const rig = await service();
    const order = '{"by":"mallory","reason":"why not"}';
    expect(await rig.send('POST', '/v1/servers/web-1/restart', signed(order), order)).toMatchObject({
      status: 403,
    });
  });

  it('is no way to read, nor to send nothing', async () => {
    const { send } = await service();
    expect((await send('GET', '/v1/disks', signed(''))).status).toBe(401);
    expect(
      (await send('POST', '/v1/store/backups', { ...signed(''), 'webhook-signature': 'v1,AAAA' })).status,
    ).toBe(401);
  });

  it('that is too large is refused as such', async () => {
    const { send } = await service();
    const large = JSON.stringify({ id: 'x'.repeat(2 * 1024 * 1024) });
    expect(await send('POST', '/v1/alerts', signed(large), large)).toMatchObject({
      ...{ status: 413, code: 'BODY_TOO_LARGE' },
    });
  });
});

describe('a source that asks too often', () => {
  const flooded = (administration: FakeAdministration) =>
    serve(administration, { limits: { requestsPerMinute: 3 } }).app;

  it('is told to come again later, as Alertmanager understands it', async () => {
    const app = flooded(fakeAdministration());
    const statuses: number[] = [];
    for (let index = 0; index < 5; index += 1)
      statuses.push((await app.inject({ url: '/v1/disks' })).statusCode);
    expect(statuses).toEqual([200, 200, 200, 503, 503]);
    const refused = await app.inject({ url: '/v1/disks' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.json()).toMatchObject({ code: 'OVERLOAD', status: 503 });
  });

  it('can still report a failure, a sign of life, and be asked whether it lives', async () => {
    const app = flooded(fakeAdministration());
    for (let index = 0; index < 5; index += 1) await app.inject({ url: '/v1/disks' });
    const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload });
    expect((await post('/v1/failures', { server: 'web-1', cause: 'panic' })).statusCode).toBe(202);
    expect((await post('/v1/heartbeats', { server: 'web-1' })).statusCode).toBe(202);
    expect((await app.inject({ url: '/readyz' })).statusCode).toBe(200);
  });
});

describe('the access file of the manual', () => {
  it('can be used as it stands there', async () => {
    const manual = readFileSync(new URL('../../docs/access.md', import.meta.url), 'utf8');
    const text = /```yaml\n([\s\S]*?)```/.exec(manual)?.[1] ?? '';
    const access = await read(text);
    expect(access.is === 'callers' && access.callers.map(({ name }) => name)).toEqual([
      ...['grafana', 'alertmanager', 'relay', 'operations'],
    ]);
  });
});

describe('an access file', () => {
  const one = (rest: string): string => `callers:\n  - name: ada\n    roles: [viewer]\n${rest}`;
  const HASH = `    tokenHashes: ['${hashOf('x')}']\n`;

  it.each([
    ['without callers', 'callers: []', /SCHEMA_VALUE/],
    ['that is empty', '', /SCHEMA_TYPE/],
    ['with a caller that nothing proves', one(''), /no way to prove/],
    ['with a token itself', one('    token: rk_secret\n'), /SCHEMA_UNKNOWN_KEY/],
    ['with an unknown role', one(HASH).replace('viewer', 'root'), /must be one of "viewer"/],
    ['with a hash that is none', one("    tokenHashes: ['sha256:12']\n"), /SCHEMA_VALUE/],
    [
      'with two callers of one name',
      `${one(HASH)}  - name: ada\n    roles: [viewer]\n${HASH}`,
      /two callers ada/,
    ],
    ['with a key twice', one(`${HASH}${HASH}`), /access\.yaml:5:5/],
    ['with aliases', 'callers: &a [*a]', /access\.yaml/],
    ['that does not parse', 'callers: [', /access\.yaml:1:/],
    ['with a secret that is none', one('    webhookSecretFiles: [short]\n'), /holds no webhook secret/],
  ])('is refused %s', async (_what, text, says) => {
    const refused = readAccess(text, 'access.yaml', async () => 'whsec_c2hvcnQ=');
    await expect(refused).rejects.toThrow(AccessRefused);
    await expect(refused).rejects.toThrow(says);
    await expect(refused).rejects.not.toThrow(/rk_secret|c2hvcnQ/);
  });
});
