/** The host of the real program is short of something: room for the log, descriptors, memory, time. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { eventually, keeper, PROGRAM, runArguments, runProgram } from './support/service.js';

const own = keeper();

interface Service {
  readonly url: string;
  readonly child: ChildProcess;
}

/** Starts the program as the end of a shell command: `"$@"` is the program. Where it listens it says on stderr. */
async function startUnder(command: string): Promise<Service> {
  const site = await own.site();
  const child = spawn('bash', ['-c', command, 'bash', process.execPath, PROGRAM, ...runArguments(site)], {
    cwd: site.folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  own.keep(child);
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line);
    const [, url] = /listens on (\S+);/.exec(line) ?? [];
    if (url !== undefined) return { url, child };
  }
  throw new Error(`it did not start: ${said.join(' ')}`);
}

async function alert(url: string, id: string): Promise<number> {
  const body = { id, server: 'web-1', labels: { alertname: 'NodeTemperatureHigh' }, value: 91 };
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/v1/alerts`, { method: 'POST', headers, body: JSON.stringify(body) });
  return answer.status;
}

async function complete(url: string): Promise<number> {
  const { items } = (await (await fetch(`${url}/v1/snapshots`)).json()) as { items: { state: string }[] };
  return items.filter(({ state }) => state === 'complete').length;
}

/** It goes on doing its work, and stops well. */
async function expectAtWork({ url, child }: Service): Promise<void> {
  expect(await alert(url, 'hot')).toBe(202);
  await eventually(
    () => complete(url),
    (count) => count > 0,
    'a snapshot',
  );
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
}

describe('a service', () => {
  it('goes on when its log cannot be written', async () => {
    const service = await startUnder('exec "$@" >/dev/full');
    await expectAtWork(service);
  });

  it('goes on when it may have few descriptors and many connections are opened', async () => {
    const service = await startUnder('ulimit -n 256; exec "$@"');
    const port = Number(new URL(service.url).port);
    const sockets = Array.from({ length: 600 }, (): Socket => connect(port, '127.0.0.1'));
    for (const socket of sockets) socket.on('error', () => undefined);
    await sleep(500);
    for (const socket of sockets) socket.destroy();
    await expectAtWork(service);
  });

  it('goes on when it may have little memory and is flooded with alerts', async () => {
    const service = await startUnder('export NODE_OPTIONS=--max-old-space-size=64; exec "$@"');
    for (let wave = 0; wave < 20; wave += 1) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => alert(service.url, `flood-${wave}-${index}`)),
      );
      expect(answers.every((status) => status === 202 || status === 503)).toBe(true);
    }
    await expectAtWork(service);
  });

  it('goes on after it stood still for three seconds', async () => {
    const service = await startUnder('exec "$@"');
    const asked = alert(service.url, 'before');
    service.child.kill('SIGSTOP');
    await sleep(3_000);
    service.child.kill('SIGCONT');
    expect(await asked).toBe(202);
    await expectAtWork(service);
  });

  it('does not start where everybody may write to its policies, when it is told to be strict', async () => {
    const site = await own.site();
    await chmod(site.policies, 0o777);
    const { code, stderr } = await runProgram([...runArguments(site), '--strict']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/POLICY_FILE_MODE .* may write to \S*policies,/);
  });
});
