/** The doors of the real program: TLS, client certificates, tokens, and what is never said of them. */
import { execFile } from 'node:child_process';
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { describeSuite } from '../support/require.js';
import { eventually, keeper, runProgram, type RunningService, type Site } from './support/service.js';

const own = keeper();

const start = (site: Site, ...more: readonly string[]): Promise<RunningService> => own.start(site, { more });

interface Made {
  readonly token: string;
  readonly tokenHash: string;
}

const newToken = async (): Promise<Made> =>
  JSON.parse((await runProgram(['token', '--format', 'json'])).stdout) as Made;

describe('a secret', () => {
  it('stands nowhere: not in the log, an answer, the arguments, or what is kept', async () => {
    const site = await own.site();
    const { token, tokenHash } = await newToken();
    const webhook = (await runProgram(['token', '--webhook'])).stdout.trim();
    await writeFile(join(site.folder, 'hook.secret'), webhook, { mode: 0o600 });
    await writeFile(
      join(site.folder, 'access.yaml'),
      `callers:\n  - name: ops\n    roles: [viewer, reporter, operator, approver]\n    tokenHashes: ['${tokenHash}']\n  - name: hook\n    roles: [reporter]\n    webhookSecretFiles: [hook.secret]\n`,
    );
    const service = await start(
      site,
      '--access-file',
      join(site.folder, 'access.yaml'),
      '--log-level',
      'trace',
    );

    const said: string[] = [];
    const ask = async (path: string, init: RequestInit = {}): Promise<number> => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const response = await fetch(`${service.url}${path}`, { headers, ...init });
      said.push(await response.text(), JSON.stringify([...response.headers]));
      return response.status;
    };
    expect(await ask('/v1/disks')).toBe(200);
    expect(
      await ask('/v1/alerts', {
        method: 'POST',
        body: '{"server":"web-1","labels":{"alertname":"NodeTemperatureHigh"},"value":91}',
      }),
    ).toBe(202);
    expect(await ask('/v1/servers/web-1/snapshot', { method: 'POST', body: '{"by":"ada"}' })).toBe(202);
    expect(await ask('/v1/disks', { headers: { authorization: `Bearer ${token}x` } })).toBe(401);
    expect(await ask(`/v1/nothing?token=${token}`)).toBe(404);
    for (const path of [
      '/v1/servers',
      '/v1/snapshots',
      '/v1/decisions',
      '/v1/operations',
      '/v1/policies',
      '/v1/journal',
      '/v1/status',
      '/v1/state',
      '/v1/events',
      '/metrics',
      '/openapi.json',
      '/v1/store',
    ])
      expect({ path, status: await ask(path) }).toEqual({ path, status: 200 });
    const argv = await readFile(`/proc/${service.process.pid ?? 0}/cmdline`, 'utf8');
    await service.stop();

    const kept: string[] = [];
    for (const entry of await readdir(site.stateDir, { withFileTypes: true, recursive: true }))
      if (entry.isFile()) kept.push(await readFile(join(entry.parentPath, entry.name), 'latin1'));
    const everything = [argv, ...said, ...kept, ...service.log.map((line) => JSON.stringify(line))].join(
      '\n',
    );
    expect(everything.length).toBeGreaterThan(10_000);
    for (const secret of [token, webhook, webhook.slice('whsec_'.length)])
      expect(everything.includes(secret)).toBe(false);
  });

  it('that everybody may read keeps the service from starting', async () => {
    const site = await own.site();
    await writeFile(join(site.folder, 'hook.secret'), 'whsec_x', { mode: 0o644 });
    await writeFile(
      join(site.folder, 'access.yaml'),
      'callers: [{ name: hook, roles: [reporter], webhookSecretFiles: [hook.secret] }]',
    );
    const refused = await runProgram([
      'run',
      '--policies',
      site.policies,
      '--access-file',
      join(site.folder, 'access.yaml'),
    ]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/SECRET_FILE_MODE/);
    expect(refused.stderr).toMatch(/chmod 600/);
  });

  it('is exchanged while the service runs', async () => {
    const site = await own.site();
    const [before, after] = [await newToken(), await newToken()];
    const file = join(site.folder, 'access.yaml');
    const write = (made: Made): Promise<void> =>
      writeFile(file, `callers: [{ name: ops, roles: [viewer], tokenHashes: ['${made.tokenHash}'] }]`);
    await write(before);
    const service = await start(site, '--access-file', file);
    const status = async (made: Made): Promise<number> =>
      (await fetch(`${service.url}/v1/disks`, { headers: { authorization: `Bearer ${made.token}` } })).status;
    expect([await status(before), await status(after)]).toEqual([200, 401]);
    await write(after);
    service.process.kill('SIGHUP');
    for (let tries = 0; tries < 200 && (await status(after)) !== 200; tries += 1)
      await new Promise((next) => setTimeout(next, 25));
    expect([await status(before), await status(after)]).toEqual([401, 200]);

    await writeFile(file, 'callers: [');
    service.process.kill('SIGHUP');
    await service.logged(({ msg }) => msg.startsWith('the access file was refused'));
    expect([await status(before), await status(after)]).toEqual([401, 200]);
  });
});

describe('a service that other machines can reach', () => {
  it.each([
    ['without anyone to ask who asks', [], /--access-file or --token-file/],
    ['without TLS', ['--token-file', 'token'], /--tls-cert/],
  ])('does not start %s', async (_what, more, says) => {
    const site = await own.site();
    await writeFile(join(site.folder, 'token'), 'a-token', { mode: 0o600 });
    const given = more.map((one) => (one === 'token' ? join(site.folder, one) : one));
    const refused = await runProgram(['run', '--policies', site.policies, '--host', '0.0.0.0', ...given]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(says);
  });
});

describeSuite('a service with TLS', ['openssl'], () => {
  /** A CA, and a certificate that it signed. */
  async function certificates(folder: string): Promise<(name: string) => string> {
    const path = (name: string): string => join(folder, name);
    const openssl = (...args: readonly string[]) => promisify(execFile)('openssl', [...args]);
    const fresh = (name: string, subject: string) =>
      openssl(
        'req',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-keyout',
        path(`${name}.key`),
        '-out',
        path(`${name}.csr`),
        '-subj',
        subject,
      );
    for (const ca of ['ca', 'other-ca'])
      await openssl(
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        '-keyout',
        path(`${ca}.key`),
        '-out',
        path(`${ca}.pem`),
        '-subj',
        `/CN=${ca}`,
      );
    await writeFile(path('san'), 'subjectAltName=IP:127.0.0.1');
    for (const [name, ca] of [
      ['service', 'ca'],
      ['relay', 'ca'],
      ['stranger', 'ca'],
      ['forged', 'other-ca'],
    ] as const) {
      await fresh(name, `/CN=${name === 'forged' ? 'relay' : name}`);
      await openssl(
        'x509',
        '-req',
        '-days',
        '2',
        '-in',
        path(`${name}.csr`),
        '-CA',
        path(`${ca}.pem`),
        '-CAkey',
        path(`${ca}.key`),
        '-CAcreateserial',
        '-out',
        path(`${name}.pem`),
        '-extfile',
        path('san'),
      );
    }
    return path;
  }

  it('knows a caller by its certificate, and nobody by one that another CA signed', async () => {
    const site = await own.site();
    const path = await certificates(site.folder);
    await writeFile(path('access.yaml'), 'callers: [{ name: relay, roles: [viewer], certificate: relay }]');
    const service = await start(
      site,
      ...[
        '--access-file',
        path('access.yaml'),
        '--tls-cert',
        path('service.pem'),
        '--tls-key',
        path('service.key'),
        '--client-ca',
        path('ca.pem'),
      ],
    );
    expect(service.url).toMatch(/^https:/);
    const ca = await readFile(path('ca.pem'));
    const status = async (client: string | null, url = '/v1/disks'): Promise<number | undefined> => {
      const own =
        client === null
          ? {}
          : { cert: await readFile(path(`${client}.pem`)), key: await readFile(path(`${client}.key`)) };
      return new Promise((resolve, reject) => {
        request(`${service.url}${url}`, { ca, ...own, agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .once('error', reject)
          .end();
      });
    };
    expect(await status('relay')).toBe(200);
    expect(await status('stranger')).toBe(401);
    expect(await status('forged')).toBe(401);
    expect(await status(null)).toBe(401);
    expect(await status(null, '/healthz')).toBe(200);
  });

  it('shows another certificate when it is told to, and goes on with the old one when that makes no sense', async () => {
    const site = await own.site();
    const path = await certificates(site.folder);
    await writeFile(path('access.yaml'), 'callers: [{ name: relay, roles: [viewer], certificate: relay }]');
    for (const part of ['pem', 'key']) await copyFile(path(`service.${part}`), path(`shown.${part}`));
    const service = await start(
      site,
      ...[
        '--access-file',
        path('access.yaml'),
        '--tls-cert',
        path('shown.pem'),
        '--tls-key',
        path('shown.key'),
      ],
    );
    const port = Number(new URL(service.url).port);
    const shown = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        }).once('error', reject);
      });
    expect(await shown()).toBe('service');
    await writeFile(path('shown.pem'), 'no certificate');
    service.process.kill('SIGHUP');
    await service.logged(({ msg }) => msg.startsWith('the certificates were refused'));
    expect(await shown()).toBe('service');
    for (const part of ['pem', 'key']) await copyFile(path(`stranger.${part}`), path(`shown.${part}`));
    service.process.kill('SIGHUP');
    await eventually(shown, (name) => name === 'stranger', 'the other certificate');
  });
});
