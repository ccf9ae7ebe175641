import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import type { HttpLimits } from '../../src/server/limits.js';
import type { HttpServer } from '../../src/server/index.js';
import { type FakeAdministration, fakeAdministration, serve } from './fake-administration.js';

let open: HttpServer | null = null;
afterEach(async () => {
  await open?.close();
  open = null;
});

async function listening(
  limits: Partial<HttpLimits> = {},
  administration: FakeAdministration = fakeAdministration(),
): Promise<{ url: string; port: number; server: HttpServer; closing: Promise<unknown> }> {
  const server = serve(administration, { limits });
  open = server;
  const closing = new Promise<void>((resolve) => {
    server.app.addHook('preClose', async () => {
      resolve();
    });
  });
  return { ...(await server.listen()), server, closing };
}

/** Sends text and returns all that comes back until the other side closes. */
function exchange(port: number, ...sent: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('close', () => {
      resolve(answer);
    });
    socket.on('error', (error) => {
      // A server that has answered may close before everything was sent.
      if (answer === '') reject(error);
    });
    for (const part of sent) socket.write(part);
  });
}

const head = (...headers: string[]): string =>
  ['POST /v1/alerts HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', ...headers, '', ''].join(
    '\r\n',
  );

const FAST: Partial<HttpLimits> = { headersTimeoutMs: 500, requestTimeoutMs: 500, timeoutCheckMs: 50 };

describe('over a socket, the service', () => {
  it('answers, and says where it listens', async () => {
    const { url } = await listening();
    const response = await fetch(`${url}/healthz`);
    expect(await response.json()).toEqual({ status: 'ok' });
  });

  it('refuses a body that arrives too slowly with 408, and goes on', async () => {
    const { port, url } = await listening(FAST);
    const answer = await exchange(port, head('Content-Length: 1000'), '{"server":');
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"REQUEST_TIMEOUT"');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('refuses headers that arrive too slowly with 408', async () => {
    const { port } = await listening(FAST);
    expect(await exchange(port, 'POST /v1/alerts HTTP/1.1\r\nHost: loc')).toContain(
      '"code":"REQUEST_TIMEOUT"',
    );
  });

  it('refuses a body that says it is too large before it arrives', async () => {
    const { port } = await listening({ bodyBytes: 1000 });
    const answer = await exchange(port, head('Content-Length: 2000000'));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"code":"BODY_TOO_LARGE"');
  });

  it('refuses a body that turns out to be too large', async () => {
    const { port } = await listening({ bodyBytes: 1000 });
    const chunk = `${(2000).toString(16)}\r\n${' '.repeat(2000)}\r\n`;
    const answer = await exchange(port, head('Transfer-Encoding: chunked'), chunk);
    expect(answer).toContain('"code":"BODY_TOO_LARGE"');
  });

  it.each([
    ['what is not HTTP', 'EHLO mail.example\r\n\r\n', 400, 'HTTP_SYNTAX'],
    [
      'headers beyond measure',
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'HEADERS_TOO_LARGE',
    ],
    ['two lengths', `${head('Content-Length: 1', 'Content-Length: 2')}{}`, 400, 'HTTP_SYNTAX'],
  ])('refuses %s with a problem document', async (_what, sent, status, code) => {
    const { port } = await listening();
    const answer = await exchange(port, sent);
    const [, body = ''] = answer.split('\r\n\r\n');
    expect(answer.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
    expect(JSON.parse(body)).toMatchObject({ status, code });
  });

  it('survives a caller that leaves in the middle of a body', async () => {
    const { port, url } = await listening();
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(`${head('Content-Length: 1000')}{"server"`, () => socket.resetAndDestroy());
      });
      socket.on('close', () => {
        resolve();
      });
    });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('answers what is under way when it closes, and takes nothing more', async () => {
    const administration = fakeAdministration();
    const { accepting, answer } = holdAccept(administration);
    const { port, server, closing } = await listening({}, administration);
    const socket = connect(port, '127.0.0.1');
    const request = `${head('Content-Length: 18')}{"server":"web-1"}`;
    socket.write(request);
    await accepting;
    const closed = server.close();
    await closing;
    const arrived = once(server.app.server, 'request');
    socket.write(request);
    await arrived;
    answer();
    const statuses = (await text(socket)).match(/HTTP\/1\.1 \d+|"code":"\w+"|retry-after: \d+/g);
    expect(statuses).toEqual(['HTTP/1.1 202', 'HTTP/1.1 503', 'retry-after: 5', '"code":"SHUTTING_DOWN"']);
    await closed;
    await expect(exchange(port, head())).rejects.toThrow('ECONNREFUSED');
  });
});

/** Lets the next `accept` wait until `answer` is called. */
function holdAccept(administration: FakeAdministration): { accepting: Promise<void>; answer: () => void } {
  let answer = (): void => undefined;
  const release = new Promise<void>((resolve) => (answer = resolve));
  let enter = (): void => undefined;
  const accepting = new Promise<void>((resolve) => (enter = resolve));
  const original = { ...administration };
  administration.accept = async (events) => {
    enter();
    await release;
    return original.accept(events);
  };
  return { accepting, answer };
}
