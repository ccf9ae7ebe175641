import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { HttpServer } from '../../src/server/index.js';
import { figure } from '../support/figures.js';
import { fakeAdministration, serve } from './fake-administration.js';

const INGEST = ['/v1/alerts', '/v1/alertmanager', '/v1/events', '/v1/failures', '/v1/heartbeats'] as const;
const ORDERS = ['/v1/servers/web-1/snapshot', '/v1/servers/web-1/restart'] as const;
const JSON_TYPE = { 'content-type': 'application/json' };

const at = (value: string): string => JSON.stringify({ server: 'web-1', at: value });

let answered = 0;

afterEach(() => {
  answered += 1;
});
afterAll(() => {
  figure(`bad requests, each answered as it should be: ${answered}`);
});

describe('a bad request', () => {
  it.each([
    ['not JSON', '/v1/alerts', 'temperature high', 400, 'JSON_SYNTAX'],
    ['an empty body', '/v1/alerts', '', 400, 'JSON_SYNTAX'],
    ['a body cut off', '/v1/alerts', '{"server":"web-', 400, 'JSON_SYNTAX'],
    ['nesting beyond measure', '/v1/alerts', '['.repeat(200_000), 400, 'JSON_TOO_DEEP'],
    ['__proto__', '/v1/alerts', '{"server":"web-1","labels":{"__proto__":"x"}}', 400, 'KEY_FORBIDDEN'],
    ['constructor', '/v1/alerts', '{"constructor":{"prototype":{}}}', 400, 'KEY_FORBIDDEN'],
    ['a key twice', '/v1/alerts', '{"server":"web-1","server":"web-2"}', 400, 'JSON_DUPLICATE_KEY'],
    [
      'a reserved fact name',
      '/v1/alerts',
      '{"server":"web-1","snapshotAgeSec":1}',
      422,
      'SCHEMA_UNKNOWN_KEY',
    ],
    ['no server', '/v1/alerts', '{}', 422, 'SCHEMA_MISSING_KEY'],
    ['a number for a name', '/v1/failures', '{"server":5}', 422, 'SCHEMA_TYPE'],
    [
      'a cause class that is none',
      '/v1/failures',
      '{"server":"web-1","causeClass":"x"}',
      422,
      'SCHEMA_VALUE',
    ],
    ['a time in 2099', '/v1/alerts', at('2099-01-01T00:00:00Z'), 422, 'TIME_RANGE'],
    ['a time of year 1', '/v1/heartbeats', at('0001-01-01T00:00:00Z'), 422, 'TIME_RANGE'],
    ['a time in words', '/v1/failures', at('yesterday'), 422, 'TIME_RANGE'],
    ['a retry window without a unit', '/v1/alertmanager?retryWindow=5', '{}', 422, 'SCHEMA_VALUE'],
    ['a retry window of nothing', '/v1/alertmanager?retryWindow=0s', '{}', 422, 'SCHEMA_VALUE'],
    ['an unknown parameter', '/v1/alertmanager?retrywindow=5s', '{}', 422, 'SCHEMA_UNKNOWN_KEY'],
    ['a broken address', '/v1/servers/%zz/restart', '{}', 400, 'HTTP_SYNTAX'],
    ['a name beyond measure', `/v1/servers/${'x'.repeat(2100)}/restart`, '{}', 414, 'URI_TOO_LONG'],
    ['an address that does not exist', '/v1/alert', '{}', 404, 'NOT_FOUND'],
    ['an address for reading', '/v1/disks', '{}', 405, 'METHOD_NOT_ALLOWED'],
  ])('with %s is answered with its status and code', async (_what, url, payload, status, code) => {
    const { app } = serve(fakeAdministration());
    const response = await app.inject({ method: 'POST', url, headers: JSON_TYPE, payload });
    expect(response.json()).toMatchObject({ status, code });
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  });

  it.each([
    ['text/plain', {}],
    ['application/x-www-form-urlencoded', {}],
    ['nonsense', {}],
    ['application/json', { 'content-encoding': 'gzip' }],
  ])('of content type %s with %j is answered 415', async (type, headers) => {
    const { app } = serve(fakeAdministration());
    const response = await app.inject({
      method: 'POST',
      url: '/v1/alerts',
      headers: { 'content-type': type, ...headers },
      payload: '{"server":"web-1"}',
    });
    expect(response.statusCode).toBe(415);
    expect(response.json()).toMatchObject({ code: 'MEDIA_TYPE' });
  });

  it('without a content type is answered 415', async () => {
    const { app } = serve(fakeAdministration());
    const response = await app.inject({ method: 'POST', url: '/v1/alerts', payload: Buffer.from('{}') });
    expect(response.statusCode).toBe(415);
  });

  it('without a body is answered 422', async () => {
    const { app } = serve(fakeAdministration());
    const response = await app.inject({ method: 'POST', url: '/v1/alerts' });
    expect(response.json()).toMatchObject({ status: 422, code: 'SCHEMA_TYPE' });
  });

  it('names the place of a syntax error', async () => {
    const { app } = serve(fakeAdministration());
    const response = await app.inject({
      method: 'POST',
      url: '/v1/alerts',
      headers: JSON_TYPE,
      payload: '{"a":}',
    });
    expect(response.json()).toMatchObject({ code: 'JSON_SYNTAX', offset: 5 });
  });

  it('with too large a body is answered 413', async () => {
    const { app } = serve(fakeAdministration());
    const payload = JSON.stringify({ server: 'web-1', annotations: { text: 'x'.repeat(2_000_000) } });
    const response = await app.inject({ method: 'POST', url: '/v1/alerts', headers: JSON_TYPE, payload });
    expect(response.json()).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
  });

  it('says which methods the address does answer to', async () => {
    const { app } = serve(fakeAdministration());
    const response = await app.inject({ method: 'DELETE', url: '/v1/decisions/d-1' });
    expect(response.statusCode).toBe(405);
    expect(response.headers.allow).toBe('GET, HEAD');
  });

  it('stores nothing', async () => {
    const administration = fakeAdministration();
    const { app } = serve(administration);
    await app.inject({ method: 'POST', url: '/v1/alerts', headers: JSON_TYPE, payload: '{"server":"web-1"' });
    expect(administration.stored).toEqual([]);
  });

  it('that meets a fault of ours is answered 500 and told nothing about it', async () => {
    const administration = fakeAdministration();
    administration.failure = new Error('SQLITE_IOERR: disk I/O error, password hunter2');
    const { app } = serve(administration);
    const response = await app.inject({ method: 'POST', url: '/v1/alerts', body: { server: 'web-1' } });
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toMatch(/SQLITE|hunter2|\.ts/);
    expect(response.json()).toMatchObject({ code: 'INTERNAL', title: 'The service failed to answer' });
  });
});

/** Posts to every address that takes bodies, in every content type that some address takes. */
async function statusesOf({ app }: HttpServer, payload: string | Buffer): Promise<readonly number[]> {
  const types = ['application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json'];
  const calls = [...INGEST, ...ORDERS].flatMap((url) => types.map((type) => ({ url, type })));
  const responses = await Promise.all(
    calls.map(({ url, type }) =>
      app.inject({
        method: 'POST',
        url,
        headers: { 'content-type': type, 'ce-specversion': '1.0' },
        payload,
      }),
    ),
  );
  return responses.map(({ statusCode }) => statusCode);
}

/** Values that look enough like what is expected to come past the first check. */
const PLAUSIBLE_KEYS = [
  'server', 'id', 'at', 'labels', 'annotations', 'value', 'status', 'alerts', 'version', 'startsAt', 'endsAt',
  'specversion', 'source', 'type', 'subject', 'time', 'data', 'data_base64', 'cause', 'by', 'reason', 'fingerprint',
]; // prettier-ignore
const plausibleLeaf = fc.oneof(
  fc.constantFrom(
    'web-1',
    '4',
    '1.0',
    'firing',
    'resolved',
    'rekindle.alert',
    'rekindle.heartbeat',
    '2026-11-30T11:00:00Z',
  ),
  fc.jsonValue({ maxDepth: 1 }),
);
const plausible = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, plausibleLeaf, tie('object'), fc.array(tie('object'), { maxLength: 3 })),
  object: fc.dictionary(fc.constantFrom(...PLAUSIBLE_KEYS), tie('value'), { maxKeys: 12 }),
})).value;

describe('no body', () => {
  it('of JSON, whatever it is, is answered 500', async () => {
    const server = serve(fakeAdministration());
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.jsonValue(), plausible), async (value) => {
        const statuses = await statusesOf(server, JSON.stringify(value));
        expect(statuses.filter((status) => status >= 500)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('of bytes, whatever they are, is answered 500', async () => {
    const server = serve(fakeAdministration());
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
    await fc.assert(
      fc.asyncProperty(bytes, async (payload) => {
        const statuses = await statusesOf(server, payload);
        expect(statuses.filter((status) => status >= 500)).toEqual([]);
      }),
      { numRuns: 80 },
    );
  });
});
