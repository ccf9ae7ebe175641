import { describe, expect, it } from 'vitest';
import { accessByToken } from '../../src/server/access/access.js';
import { isLoopback } from '../../src/server/access/loopback.js';
import { fakeAdministration, serve } from './fake-administration.js';

const TOKEN = 'correct-horse-battery-staple';

describe('a service with a token', () => {
  const { app } = serve(fakeAdministration(), { access: () => accessByToken(TOKEN) });
  const ask = async (
    authorization?: string,
    url = '/v1/disks',
  ): Promise<{ status: number; body: string }> => {
    const headers = authorization === undefined ? {} : { authorization };
    const response = await app.inject({ url, headers: { ...headers, host: 'rekindle.example' } });
    return { status: response.statusCode, body: response.body.replace(/req-\w+/, '') };
  };

  it('answers whoever presents it', async () => {
    expect((await ask(`Bearer ${TOKEN}`)).status).toBe(200);
    expect((await ask(`bearer ${TOKEN}`)).status).toBe(200);
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Basic ${TOKEN}`,
    TOKEN,
  ])('refuses %j with the same words as any other', async (authorization) => {
    const refused = await ask(authorization);
    expect(refused.status).toBe(401);
    expect(refused.body).toBe((await ask('Bearer wrong')).body);
    expect(refused.body).not.toContain(TOKEN);
  });

  it('says which scheme it wants', async () => {
    const response = await app.inject({ url: '/v1/disks' });
    expect(response.headers['www-authenticate']).toBe('Bearer realm="rekindle"');
  });

  it('answers probes without', async () => {
    expect((await ask(undefined, '/healthz')).status).toBe(200);
    expect((await ask(undefined, '/readyz')).status).toBe(200);
  });

  it('asks for it at every other address, also at those that do not exist', async () => {
    const described = app.swagger() as { paths: Record<string, object> };
    const urls = [...Object.keys(described.paths), '/openapi.json', '/nothing'];
    const open = [];
    for (const url of urls) {
      for (const method of ['GET', 'POST', 'DELETE'] as const) {
        const response = await app.inject({
          method,
          url: url.replace('{server}', 'web-1').replace('{id}', 'x'),
        });
        if (response.statusCode !== 401) open.push(`${method} ${url}`);
      }
    }
    expect(open.filter((address) => !/(healthz|readyz)$/.test(address))).toEqual([]);
    expect(urls.length).toBeGreaterThan(15);
  });
});

describe('a service without a token', () => {
  it.each(['0.0.0.0', '::', '192.168.1.5', 'rekindle.example', ''])('does not listen on %j', (host) => {
    expect(() => serve(fakeAdministration(), { listen: { host, port: 0 } })).toThrow(/token/);
  });

  it.each(['localhost', '127.0.0.1', '::1'])('may listen on %j', (host) => {
    expect(() => serve(fakeAdministration(), { listen: { host, port: 0 } })).not.toThrow();
  });

  it('is not fooled by a page that gave its own name our address', async () => {
    const { app } = serve(fakeAdministration());
    const status = async (host: string): Promise<number> =>
      (await app.inject({ url: '/v1/disks', headers: { host } })).statusCode;
    expect(await status('evil.example:8080')).toBe(403);
    expect(await status('127.0.0.1.evil.example')).toBe(403);
    expect(await status('localhost:8080')).toBe(200);
    expect(await status('127.0.0.1:8080')).toBe(200);
    expect(await status('[::1]:8080')).toBe(200);
  });
});

describe('loopback', () => {
  it.each(['127.0.0.1', '127.255.0.3', '::1', '[::1]', 'LOCALHOST'])('is %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(['0.0.0.0', '10.0.0.1', '::', '128.0.0.1', 'localhost.example', '127.1', ''])(
    'is not %j',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});
