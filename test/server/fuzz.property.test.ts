/**
 * Whatever is sent, the answer is one of the API: never a 500, never a body that is no problem document, and nothing of
 * what was refused is stored. What once broke it is kept in test/fixtures/corpus/http and sent each time.
 */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HTTP_PROBLEMS } from '../../src/server/problem.js';
import { fakeAdministration, serve } from './fake-administration.js';

const CORPUS = new URL('../fixtures/corpus/http/', import.meta.url);
const ROUTES = [
  '/v1/alerts',
  '/v1/alertmanager',
  '/v1/events',
  '/v1/failures',
  '/v1/heartbeats',
  '/v1/servers/web-1/snapshot',
  '/v1/servers/web-1/restart',
];
const RUNS = Number(process.env.FUZZ_RUNS ?? 400);

const administration = fakeAdministration();
const { app } = serve(administration, { limits: { requestsPerMinute: 1_000_000_000 } });

async function expectAnswer(url: string, payload: string | Uint8Array, contentType: string): Promise<void> {
  const response = await app.inject({
    ...{ method: 'POST', url },
    headers: { 'content-type': contentType },
    payload: Buffer.from(payload),
  });
  const body = response.json<Record<string, unknown>>();
  expect({ status: response.statusCode, body }).not.toMatchObject({ status: 500 });
  if (response.statusCode < 400) {
    expect(body.results).toBeInstanceOf(Array);
    return;
  }
  expect(Object.keys(HTTP_PROBLEMS)).toContain(body.code);
  expect(body.status).toBe(response.statusCode);
}

const KEYS = [
  'server',
  'labels',
  'alertname',
  'value',
  'status',
  'id',
  'at',
  'startsAt',
  'alerts',
  'annotations',
  'cause',
  'subject',
  'specversion',
  'type',
  'source',
  'data',
  'by',
  'reason',
  'condition',
  'version',
  'receiver',
  'fingerprint',
  '__proto__',
  'constructor',
  'toString',
  '',
];
const LEAVES = fc.oneof(
  fc.jsonValue({ maxDepth: 1 }),
  fc.constantFrom(
    'web-1',
    'firing',
    'resolved',
    'panic',
    '1.0',
    '4',
    '2026-11-30T12:00:00Z',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    1e308,
    -0,
    '\u0000',
    '\ud800',
    '$(reboot)',
    "'; DROP TABLE events; --",
    '../../etc/passwd',
    'ｗｅｂ-1',
  ),
);
const value = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    LEAVES,
    fc.dictionary(fc.constantFrom(...KEYS), tie('tree'), { maxKeys: 6 }),
    fc.array(tie('tree'), { maxLength: 4 }),
  ),
})).tree;
const contentType = fc.constantFrom(
  'application/json',
  'application/json; charset=utf-8',
  'application/cloudevents+json',
  'application/cloudevents-batch+json',
  'text/plain',
  'application/x-www-form-urlencoded',
);

describe('any body', () => {
  it.each(ROUTES)('that is JSON is answered by %s', async (url) => {
    await fc.assert(
      fc.asyncProperty(value, contentType, (body, type) => expectAnswer(url, JSON.stringify(body), type)),
      { numRuns: RUNS },
    );
  });

  it.each(ROUTES)('of bytes is answered by %s', async (url) => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.string({ unit: 'binary', maxLength: 300 }).map((text) => new TextEncoder().encode(text)),
        ),
        (bytes) => expectAnswer(url, bytes, 'application/json'),
      ),
      { numRuns: RUNS },
    );
  });

  it('that is JSON with a piece taken out or put in is answered', async () => {
    const whole = JSON.stringify({
      id: 'a',
      server: 'web-1',
      status: 'firing',
      labels: { alertname: 'Hot', a: 'b' },
      value: 91.5,
      annotations: {},
    });
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ',',
      ':',
      '\\',
      '\\u',
      '\\ud800',
      'null',
      '1e999',
      '-',
      '0',
      '.',
      '\u0000',
      '\u2028',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...ROUTES),
        fc.nat(),
        fc.nat({ max: 20 }),
        piece,
        (url, at, cut, put) => {
          const start = at % (whole.length + 1);
          return expectAnswer(
            url,
            whole.slice(0, start) + put + whole.slice(start + cut),
            'application/json',
          );
        },
      ),
      { numRuns: RUNS },
    );
  });

  it.each(readdirSync(CORPUS))('of the corpus is answered by every route: %s', async (name) => {
    const bytes = readFileSync(new URL(name, CORPUS));
    for (const url of ROUTES) await expectAnswer(url, bytes, 'application/json');
  });

  it('left nothing behind on what everything inherits from', () => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(administration.stored.every(({ server }) => server === 'web-1' || server === 'spare-1')).toBe(
      true,
    );
  });
});
