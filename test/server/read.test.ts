import { describe, expect, it } from 'vitest';
import { fakeAdministration, RELOAD, serve } from './fake-administration.js';
import { KNOWN, RESTART, SNAPSHOT } from './known.js';

const { app } = serve(fakeAdministration(KNOWN));

async function get(url: string): Promise<{ status: number; body: unknown }> {
  const response = await app.inject({ url });
  return { status: response.statusCode, body: response.json<unknown>() };
}

/** The one field of each item of a list. */
async function column(url: string, field: string): Promise<unknown> {
  const { body } = await get(url);
  return (body as { items: Record<string, unknown>[] }).items.map((item) => item[field]);
}

describe('the lists', () => {
  it.each([
    ['/v1/disks', 'name', ['d1']],
    ['/v1/snapshots', 'id', ['s-1', 's-9']],
    ['/v1/snapshots?server=web-2', 'id', ['s-9']],
    ['/v1/decisions', 'id', ['d-snapshot', 'd-restart']],
    ['/v1/decisions?server=web-1', 'id', ['d-restart']],
    ['/v1/decisions?outcome=snapshot', 'id', ['d-snapshot']],
    ['/v1/decisions?limit=1', 'id', ['d-snapshot']],
    ['/v1/operations', 'id', ['op-restart']],
    ['/v1/operations?server=web-2', 'id', []],
    ['/v1/journal', 'seq', [1, 2]],
    ['/v1/journal?subject=machine:web-1', 'seq', [2]],
    ['/v1/servers', 'name', ['spare-1', 'web-1']],
    ['/v1/policies', 'kind', ['Inventory', 'SchedulePolicy']],
  ])('%s has items with %s %j', async (url, field, values) => {
    expect(await column(url, field)).toEqual(values);
  });

  it.each([
    ['limit=0', 'SCHEMA_VALUE'],
    ['limit=1001', 'SCHEMA_VALUE'],
    ['limit=ten', 'SCHEMA_TYPE'],
    ['limit=1&limit=2', 'SCHEMA_TYPE'],
    ['outcome=panic', 'SCHEMA_VALUE'],
    ['sever=web-1', 'SCHEMA_UNKNOWN_KEY'],
  ])('refuse the filter %s', async (query, code) => {
    expect(await get(`/v1/decisions?${query}`)).toMatchObject({ status: 422, body: { code } });
  });
});

describe('a decision', () => {
  it('is told as it was made', async () => {
    const { body } = await get('/v1/decisions');
    expect(body).toEqual({ items: [SNAPSHOT, RESTART] });
  });

  it('comes with its event and its operation', async () => {
    const administration = fakeAdministration(KNOWN);
    const event = {
      kind: 'failure',
      id: 'f-1',
      at: RESTART.at,
      server: 'web-1',
      subject: 'server',
      cause: 'power',
      causeClass: 'hardware',
    } as const;
    administration.stored.push(event);
    const response = await serve(administration).app.inject({ url: '/v1/decisions/d-restart' });
    const [first] = KNOWN.operations;
    expect(response.json()).toEqual({
      decision: RESTART,
      event,
      operation: { ...first?.operation, steps: first?.steps },
    });
  });

  it('that ordered nothing has no operation', async () => {
    expect(await get('/v1/decisions/d-snapshot')).toMatchObject({ status: 200, body: { operation: null } });
  });

  it('that does not exist is not found', async () => {
    expect(await get('/v1/decisions/d-0')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });
});

describe('an event', () => {
  it('is told as it was accepted, whatever its id looks like', async () => {
    const administration = fakeAdministration(KNOWN);
    const fake = serve(administration).app;
    const id = 'a/b?c=%20{"d"}';
    await fake.inject({ method: 'POST', url: '/v1/alerts', body: { id, server: 'web-1', value: 1 } });
    const response = await fake.inject({ url: `/v1/events/${encodeURIComponent(id)}` });
    expect(response.json()).toEqual(administration.stored[0]);
    expect(response.json()).toMatchObject({ kind: 'alert', id, value: 1 });
  });

  it('that was not accepted is not found', async () => {
    expect(await get('/v1/events/a-0')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });
});

describe('an operation', () => {
  it('comes with its steps', async () => {
    const { body } = await get('/v1/operations/op-restart');
    expect(body).toMatchObject({ id: 'op-restart', steps: [{ step: 'fence' }, { step: 'connect' }] });
  });

  it('that does not exist is not found', async () => {
    expect(await get('/v1/operations/op-0')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });
});

describe('a server', () => {
  it('is told apart from the hardware it runs on', async () => {
    const { body } = await get('/v1/servers');
    expect(body).toMatchObject({
      items: [
        { name: 'spare-1', role: 'backup', identity: null, machine: { state: 'serving', runs: 'web-1' } },
        {
          name: 'web-1',
          identity: { machine: 'spare-1', disk: 'd3' },
          machine: { state: 'fenced', runs: null },
        },
      ],
    });
  });
});

describe('the policies', () => {
  it('come with what became of the last change', async () => {
    const { body } = await get('/v1/policies');
    expect(body).toMatchObject({
      revision: 'sha256:1',
      reload: { ...RELOAD, stale: true, lastAttemptOk: false, problems: [{ code: 'YAML_TAB', line: 3 }] },
      items: [{ name: 'rack-7', file: 'policies/all.yaml', line: 7 }, { name: 'nightly' }],
    });
  });
});

describe('the state', () => {
  it('is the view itself, as a dry run takes it', async () => {
    expect((await get('/v1/state')).body).toEqual(KNOWN.view);
  });

  it('in short is the status', async () => {
    expect((await get('/v1/status')).body).toEqual(KNOWN.status);
  });
});

describe('a probe', () => {
  it('finds the service alive', async () => {
    expect(await get('/healthz')).toEqual({ status: 200, body: { status: 'ok' } });
  });

  it('finds it ready', async () => {
    expect(await get('/readyz')).toEqual({ status: 200, body: { ready: true, reasons: [] } });
  });

  it('is told why it is not', async () => {
    const reasons = ['the service is starting', 'no drive answers'];
    const response = await serve(fakeAdministration({ unready: reasons })).app.inject({ url: '/readyz' });
    expect(response.statusCode).toBe(503);
    expect(response.json()).toMatchObject({ code: 'NOT_READY', reasons });
  });

  it('of Prometheus is given the metrics in its format', async () => {
    const response = await app.inject({ url: '/metrics' });
    expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(response.body).toBe('rekindle_up 1\n');
  });
});
