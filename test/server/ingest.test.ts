import { describe, expect, it } from 'vitest';
import { Overload } from '../../src/server/administration.js';
import { type FakeAdministration, fakeAdministration, fromNow, serve } from './fake-administration.js';
import { fixture } from './fixture.js';

interface Answer {
  readonly status: number;
  readonly code?: string;
  readonly results: readonly {
    readonly result: string;
    readonly id: string | null;
    readonly code?: string;
  }[];
}

/** A service, and how to post to it. */
function service(): {
  readonly administration: FakeAdministration;
  post: (url: string, body: unknown, headers?: Record<string, string>) => Promise<Answer>;
} {
  const administration = fakeAdministration();
  const { app } = serve(administration);
  return {
    administration,
    async post(url, body, headers = {}) {
      const response = await app.inject({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json', ...headers },
        payload: typeof body === 'string' ? body : JSON.stringify(body),
      });
      return { status: response.statusCode, ...response.json<Omit<Answer, 'status'>>() };
    },
  };
}

const resultsOf = ({ results }: Answer): readonly string[] => results.map(({ result }) => result);

describe('a call that brings alerts', () => {
  it('is answered 202 when they are accepted', async () => {
    const { post, administration } = service();
    expect(await post('/v1/alerts', { id: 'a-1', server: 'web-1' })).toEqual({
      status: 202,
      results: [{ index: 0, id: 'a-1', result: 'accepted' }],
    });
    expect(administration.stored).toMatchObject([{ kind: 'alert', id: 'a-1', server: 'web-1' }]);
  });

  it('may bring none', async () => {
    const { post } = service();
    expect(await post('/v1/alerts', [])).toEqual({ status: 202, results: [] });
  });

  it('keeps the good ones when some are bad, and says which', async () => {
    const { post, administration } = service();
    const bad = new Set([3, 77, 199]);
    const alerts = Array.from({ length: 200 }, (_, i) => ({
      server: 'web-1',
      ...(bad.has(i) ? { value: 'x' } : {}),
    }));
    const answer = await post('/v1/alerts', alerts);
    expect(answer.status).toBe(207);
    expect(answer.results.flatMap(({ result }, index) => (result === 'rejected' ? [index] : []))).toEqual([
      3, 77, 199,
    ]);
    expect(administration.stored).toHaveLength(197);
  });

  it('is answered 422 with the common reason when all are bad', async () => {
    const { post } = service();
    const answer = await post('/v1/alerts', [{}, {}]);
    expect(answer).toMatchObject({ status: 422, code: 'SCHEMA_MISSING_KEY' });
    expect(resultsOf(answer)).toEqual(['rejected', 'rejected']);
  });

  it('is answered 422 when all are bad for several reasons', async () => {
    const { post } = service();
    expect(await post('/v1/alerts', [{}, 1])).toMatchObject({ status: 422, code: 'ITEMS_REJECTED' });
  });

  it('about an unknown server is acknowledged, counted, and not stored', async () => {
    const { post, administration } = service();
    const answer = await post('/v1/alerts', [{ server: 'web-9' }, { server: 'web-1' }]);
    expect(answer.status).toBe(202);
    expect(answer.results[0]).toMatchObject({ result: 'ignored', code: 'unknown-server', id: null });
    expect(administration.stored).toHaveLength(1);
    expect(administration.ignoredCount).toBe(1);
  });

  it('again with the same id and content has no effect', async () => {
    const { post, administration } = service();
    const alert = { id: 'a-1', server: 'web-1', at: fromNow(-1) };
    await post('/v1/alerts', alert);
    expect(await post('/v1/alerts', alert)).toMatchObject({
      status: 202,
      results: [{ result: 'duplicate' }],
    });
    expect(administration.stored).toHaveLength(1);
  });

  it('again is a duplicate also when the source leaves the time to us', async () => {
    const { post, administration } = service();
    await post('/v1/alerts', { id: 'a-1', server: 'web-1' });
    administration.nowMs += 5000;
    expect(resultsOf(await post('/v1/alerts', { id: 'a-1', server: 'web-1' }))).toEqual(['duplicate']);
  });

  it.each([
    ['other labels', { labels: { a: '1' } }],
    ['another time', { at: fromNow(-9) }],
  ])('with a known id and %s is a conflict', async (_what, changes) => {
    const { post } = service();
    const alert = { id: 'a-1', server: 'web-1', at: fromNow(-1) };
    await post('/v1/alerts', alert);
    const answer = await post('/v1/alerts', { ...alert, ...changes });
    expect(answer).toMatchObject({
      status: 409,
      code: 'EVENT_CONFLICT',
      results: [{ result: 'conflict', id: 'a-1' }],
    });
  });

  it('with one conflict among others is answered 207', async () => {
    const { post } = service();
    await post('/v1/alerts', { id: 'a-1', server: 'web-1' });
    const answer = await post('/v1/alerts', [{ id: 'a-1', server: 'web-1', value: 1 }, { server: 'web-1' }]);
    expect(answer.status).toBe(207);
    expect(resultsOf(answer)).toEqual(['conflict', 'accepted']);
  });

  it('is answered 503 with Retry-After when too many events wait', async () => {
    const administration = fakeAdministration();
    administration.failure = new Overload(10_000, 10_000, 7);
    const { app } = serve(administration);
    const response = await app.inject({ method: 'POST', url: '/v1/alerts', body: { server: 'web-1' } });
    expect(response.statusCode).toBe(503);
    expect(response.headers['retry-after']).toBe('7');
    expect(response.json()).toMatchObject({ code: 'OVERLOAD' });
  });

  it('may not bring more than the limit', async () => {
    const { app } = serve(fakeAdministration(), { limits: { itemsPerCall: 2 } });
    const call = async (url: string, body: object): Promise<number> =>
      (await app.inject({ method: 'POST', url, body })).statusCode;
    const alert = { server: 'web-1' };
    expect(await call('/v1/alerts', [alert, alert])).toBe(202);
    expect(await call('/v1/alerts', [alert, alert, alert])).toBe(413);
    expect(await call('/v1/alertmanager', { version: '4', alerts: [{}, {}, {}] })).toBe(413);
  });
});

describe('Alertmanager', () => {
  const body = fixture('alertmanager-firing.json');
  const url = '/v1/alertmanager';

  it('that sends a notification once more has no effect', async () => {
    const { post, administration } = service();
    expect(resultsOf(await post(url, body))).toEqual(['accepted']);
    administration.nowMs += 2000;
    expect(await post(url, body)).toMatchObject({ status: 202, results: [{ result: 'duplicate' }] });
    expect(administration.stored).toHaveLength(1);
  });

  it('that repeats an alert which still fires reports it anew', async () => {
    const { post, administration } = service();
    const answers: string[] = [];
    for (const wait of [0, 60, 60, 3, 60]) {
      administration.nowMs += wait * 1000;
      answers.push(...resultsOf(await post(url, body)));
    }
    expect(answers).toEqual(['accepted', 'accepted', 'accepted', 'duplicate', 'accepted']);
    const times = administration.stored.map(({ at }) => at);
    expect(times).toEqual(['2026-11-30T11:59:20.123Z', fromNow(60), fromNow(120), fromNow(183)]);
  });

  it('repeats an alert with another annotation value as a repeat, not as a conflict', async () => {
    const { post, administration } = service();
    await post(url, body);
    administration.nowMs += 60_000;
    expect(resultsOf(await post(url, body.replaceAll('91.5', '93')))).toEqual(['accepted']);
    expect(administration.stored[1]).toMatchObject({ value: 93 });
  });

  it('may say how long its retries last', async () => {
    const { post, administration } = service();
    await post(url, body);
    administration.nowMs += 1500;
    expect(resultsOf(await post(`${url}?retryWindow=1s`, body))).toEqual(['accepted']);
    administration.nowMs += 30_000;
    expect(resultsOf(await post(`${url}?retryWindow=1m`, body))).toEqual(['duplicate']);
  });

  it('in two copies that arrive together counts once', async () => {
    const { post, administration } = service();
    const first = await Promise.all([post(url, body), post(url, body)]);
    expect(first.flatMap(resultsOf).sort()).toEqual(['accepted', 'duplicate']);
    administration.nowMs += 60_000;
    const repeated = await Promise.all([post(url, body), post(url, body)]);
    expect(repeated.flatMap(resultsOf).sort()).toEqual(['accepted', 'duplicate']);
  });

  it('that was told to come again is not taken for a retry', async () => {
    const { post, administration } = service();
    administration.failure = new Overload(1, 1, 1);
    expect((await post(url, body)).status).toBe(503);
    administration.nowMs += 500;
    expect(resultsOf(await post(url, body))).toEqual(['accepted']);
  });

  it('that finds the service restarted reports a known alert anew rather than not at all', async () => {
    const { administration, post } = service();
    await post(url, body);
    const restarted = serve(administration);
    const response = await restarted.app.inject({ method: 'POST', url, body: JSON.parse(body) as object });
    expect(response.json()).toMatchObject({ results: [{ result: 'accepted' }] });
  });

  it('that says again that something is over has no effect', async () => {
    const { post, administration } = service();
    const resolved = fixture('alertmanager-resolved.json');
    await post(url, resolved);
    administration.nowMs += 3_600_000;
    const again = resolved.replace('"annotations": {}', '"annotations": { "summary": "cold" }');
    expect(resultsOf(await post(url, again))).toEqual(['duplicate']);
  });

  it('with an alert about no server of ours is acknowledged, so that it does not retry for ever', async () => {
    const { post, administration } = service();
    const watchdog = { status: 'firing', labels: { alertname: 'Watchdog' }, startsAt: fromNow(-1) };
    expect(await post(url, { version: '4', alerts: [watchdog] })).toMatchObject({
      status: 202,
      results: [{ result: 'ignored', code: 'unknown-server' }],
    });
    expect(administration.ignoredCount).toBe(1);
  });
});

describe('CloudEvents', () => {
  const event = fixture('cloudevent-alert.json');

  it('come structured', async () => {
    const { post, administration } = service();
    const answer = await post('/v1/events', event, {
      'content-type': 'application/cloudevents+json; charset=utf-8',
    });
    expect(answer).toMatchObject({ status: 202, results: [{ result: 'accepted' }] });
    expect(administration.stored).toMatchObject([{ kind: 'alert', server: 'web-1' }]);
  });

  it('come in batches', async () => {
    const { post } = service();
    const answer = await post('/v1/events', `[${event},${event}]`, {
      'content-type': 'application/cloudevents-batch+json',
    });
    expect(resultsOf(answer)).toEqual(['accepted', 'duplicate']);
  });

  it('come in binary mode', async () => {
    const { post, administration } = service();
    const headers = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': 's', 'ce-subject': 'web-1' };
    await post('/v1/events', { cause: 'power' }, { ...headers, 'ce-type': 'rekindle.failure' });
    expect(administration.stored).toMatchObject([{ kind: 'failure', cause: 'power' }]);
  });

  it('come in no other way', async () => {
    const { post } = service();
    expect(await post('/v1/events', event)).toMatchObject({ status: 415, code: 'MEDIA_TYPE' });
  });

  it('are understood at one address only', async () => {
    const { post } = service();
    const answer = await post('/v1/alerts', event, { 'content-type': 'application/cloudevents+json' });
    expect(answer).toMatchObject({ status: 415, code: 'MEDIA_TYPE' });
  });
});

describe('a heartbeat', () => {
  it('is taken from a server of ours and ignored from any other', async () => {
    const { post, administration } = service();
    const answer = await post('/v1/heartbeats', [{ server: 'web-1' }, { server: 'web-9' }]);
    expect(answer.status).toBe(202);
    expect(resultsOf(answer)).toEqual(['accepted', 'ignored']);
    expect(administration.heartbeats).toHaveLength(1);
    expect(administration.ignoredCount).toBe(1);
  });
});

describe('an order', () => {
  it('of a snapshot becomes an event of the person who gave it', async () => {
    const { post, administration } = service();
    const answer = await post('/v1/servers/web-1/snapshot', {
      by: 'ada',
      condition: 'before-upgrade',
      pinned: true,
    });
    expect(answer).toMatchObject({ status: 202, results: [{ index: 0, id: 'new-1', result: 'accepted' }] });
    expect(administration.stored).toMatchObject([
      { kind: 'snapshot-order', server: 'web-1', by: 'ada', condition: 'before-upgrade', pinned: true },
    ]);
  });

  it('of a restart becomes an event of the person who gave it', async () => {
    const { post, administration } = service();
    await post('/v1/servers/web-1/restart', { by: 'ada', reason: 'drill' });
    expect(administration.stored).toMatchObject([
      { kind: 'restart-order', server: 'web-1', by: 'ada', reason: 'drill' },
    ]);
  });

  it('given twice with one id is carried out once', async () => {
    const { post, administration } = service();
    const order = { id: 'o-1', by: 'ada', reason: 'drill' };
    await post('/v1/servers/web-1/restart', order);
    administration.nowMs += 1000;
    expect(resultsOf(await post('/v1/servers/web-1/restart', order))).toEqual(['duplicate']);
    expect(administration.stored).toHaveLength(1);
  });

  it('for an unknown server is refused: its name was mistyped', async () => {
    const { post, administration } = service();
    expect(await post('/v1/servers/web-9/restart', { by: 'ada', reason: 'drill' })).toMatchObject({
      status: 404,
      code: 'NOT_FOUND',
    });
    expect(administration.stored).toEqual([]);
  });

  it('without a name is rejected', async () => {
    const { post } = service();
    expect(await post('/v1/servers/web-1/snapshot', {})).toMatchObject({
      status: 422,
      code: 'SCHEMA_MISSING_KEY',
    });
  });
});
