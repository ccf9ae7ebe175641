import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { Overload } from '../../src/server/administration.js';
import { COMPONENTS } from '../../src/server/schemas/answers.js';
import { fakeAdministration, serve } from './fake-administration.js';
import { fixture } from './fixture.js';
import { KNOWN } from './known.js';

interface Content {
  readonly schema: object;
}
interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly requestBody?: { readonly content: Record<string, Content> };
  readonly responses: Record<
    string,
    { readonly description: string; readonly content?: Record<string, Content> }
  >;
}
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
}

const administration = fakeAdministration(KNOWN);
const { app } = serve(administration);

async function document(): Promise<Document> {
  return (await app.inject({ url: '/openapi.json' })).json<Document>();
}

/** Whether an answer is as the document says; if not, why. */
async function faults(
  method: string,
  path: string,
  response: { statusCode: number; body: string },
): Promise<string | null> {
  const api = await document();
  const described = api.paths[path]?.[method]?.responses[String(response.statusCode)];
  const [schema] = Object.values(described?.content ?? {}).map((content) => content.schema);
  if (schema === undefined) return `${method} ${path} does not mention ${response.statusCode}`;
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(api, 'openapi');
  const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/')) as object;
  return ajv.validate(absolute, JSON.parse(response.body)) ? null : ajv.errorsText();
}

describe('the OpenAPI document', () => {
  it('describes every address', async () => {
    const api = await document();
    expect(api.openapi).toBe('3.1.0');
    expect(
      Object.entries(api.paths)
        .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
        .sort(),
    ).toEqual([
      'get /healthz',
      'get /metrics',
      'get /openapi.json',
      'get /readyz',
      'get /v1/decisions',
      'get /v1/decisions/{id}',
      'get /v1/disks',
      'get /v1/events',
      'get /v1/events/{id}',
      'get /v1/journal',
      'get /v1/operations',
      'get /v1/operations/{id}',
      'get /v1/policies',
      'get /v1/servers',
      'get /v1/snapshots',
      'get /v1/state',
      'get /v1/status',
      'get /v1/store',
      'post /v1/alertmanager',
      'post /v1/alerts',
      'post /v1/events',
      'post /v1/failures',
      'post /v1/heartbeats',
      'post /v1/servers/{server}/restart',
      'post /v1/servers/{server}/snapshot',
      'post /v1/store/backups',
    ]);
  });

  it('says of each what it is for, what it takes, and every answer', async () => {
    const { paths } = await document();
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const where = `${method} ${path}`;
        expect(operation.summary, where).toBeTruthy();
        expect(operation.description, where).toBeTruthy();
        expect(Object.keys(operation.responses), where).toEqual(
          expect.arrayContaining(['401', '500', '503']),
        );
        const isBare = method === 'get' || path === '/v1/store/backups';
        expect(operation.requestBody === undefined, where).toBe(isBare);
        for (const response of Object.values(operation.responses))
          expect(response.description, where).toBeTruthy();
      }
    }
  });

  it('names its schemas, and refers to none that it does not have', async () => {
    const api = await document();
    const refs = [...JSON.stringify(api).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name,
    );
    expect(Object.keys(api.components.schemas).sort()).toEqual(Object.keys(COMPONENTS).sort());
    expect(new Set(refs)).toEqual(new Set(Object.keys(COMPONENTS)));
  });

  it.each([
    ['/healthz', '/healthz'],
    ['/readyz', '/readyz'],
    ['/v1/status', '/v1/status'],
    ['/v1/state', '/v1/state'],
    ['/v1/disks', '/v1/disks'],
    ['/v1/snapshots', '/v1/snapshots'],
    ['/v1/servers', '/v1/servers'],
    ['/v1/decisions', '/v1/decisions'],
    ['/v1/decisions/{id}', '/v1/decisions/d-restart'],
    ['/v1/decisions/{id}', '/v1/decisions/d-snapshot'],
    ['/v1/decisions/{id}', '/v1/decisions/d-0'],
    ['/v1/decisions', '/v1/decisions?limit=x'],
    ['/v1/operations', '/v1/operations'],
    ['/v1/operations/{id}', '/v1/operations/op-restart'],
    ['/v1/policies', '/v1/policies'],
    ['/v1/events', '/v1/events'],
    ['/v1/events', '/v1/events?after=-1'],
    ['/v1/events/{id}', '/v1/events/f-1'],
    ['/v1/events/{id}', '/v1/events/f-0'],
    ['/v1/journal', '/v1/journal'],
  ])('is kept by GET %s when asked %s', async (path, url) => {
    administration.stored.push({ kind: 'retention', id: 'f-1', at: KNOWN.reload.loadedAt, server: 'web-1' });
    const response = await app.inject({ url });
    expect(await faults('get', path, response)).toBeNull();
  });

  it.each([
    ['a good body', '{"server":"web-1"}', 202],
    ['a mixed one', '[{"server":"web-1"},{}]', 207],
    ['a bad one', '{}', 422],
    ['one about nobody', '{"server":"web-9"}', 202],
    ['one that is not JSON', '{', 400],
  ])('is kept by POST when given %s', async (_what, payload, status) => {
    for (const path of ['/v1/alerts', '/v1/failures', '/v1/heartbeats']) {
      const headers = { 'content-type': 'application/json' };
      const response = await app.inject({ method: 'POST', url: path, headers, payload });
      expect(response.statusCode).toBe(status);
      expect(await faults('post', path, response)).toBeNull();
    }
  });

  it('is kept when the service takes no more', async () => {
    administration.failure = new Overload(1, 1, 1);
    const response = await app.inject({ method: 'POST', url: '/v1/alerts', body: { server: 'web-1' } });
    expect(response.statusCode).toBe(503);
    expect(await faults('post', '/v1/alerts', response)).toBeNull();
  });

  it('admits the bodies that are taken', async () => {
    const api = await document();
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const admits = (path: string, type: string, body: unknown): boolean =>
      ajv.validate(api.paths[path]?.post?.requestBody?.content[type]?.schema ?? false, body);
    expect(admits('/v1/alerts', 'application/json', { server: 'web-1' })).toBe(true);
    expect(admits('/v1/alerts', 'application/json', [{ server: 'web-1' }])).toBe(true);
    expect(admits('/v1/alerts', 'application/json', { serve: 'web-1' })).toBe(false);
    expect(
      admits('/v1/alertmanager', 'application/json', JSON.parse(fixture('alertmanager-firing.json'))),
    ).toBe(true);
    const event: unknown = JSON.parse(fixture('cloudevent-alert.json'));
    expect(admits('/v1/events', 'application/cloudevents+json', event)).toBe(true);
    expect(admits('/v1/events', 'application/cloudevents-batch+json', [event])).toBe(true);
  });
});
