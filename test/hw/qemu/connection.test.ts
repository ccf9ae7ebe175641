/** The QMP client against a monitor that says what a test lets it say. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HardwareError } from '../../../src/hw/contract.js';
import { connectQmp, type QmpConnection } from '../../../src/hw/qemu/qmp/connection.js';
import { QmpRefusal } from '../../../src/hw/qemu/qmp/messages.js';

const GREETING = { QMP: { version: { qemu: { major: 7, minor: 2, micro: 22 } }, capabilities: [] } };

interface Command {
  readonly execute: string;
  readonly id: number;
}

let folder: string;
let path: string;
let server: Server;
let client: Socket | null;
/** What the monitor does with a command; the negotiation is done already. */
let onCommand: (command: Command) => void;
const open: QmpConnection[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rk-qmp-'));
  path = join(folder, 'qmp.sock');
  client = null;
  onCommand = () => undefined;
  server = createServer((socket) => {
    client = socket;
    say(GREETING);
    socket.on('data', (data) => {
      for (const line of data.toString().trim().split('\n')) {
        const command = JSON.parse(line) as Command;
        if (command.execute === 'qmp_capabilities') say({ return: {}, id: command.id });
        else onCommand(command);
      }
    });
    socket.on('error', () => undefined);
  });
  await listen(server);
});

afterEach(() => {
  for (const connection of open.splice(0)) connection.close();
  client?.destroy();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function say(...messages: readonly unknown[]): void {
  client?.write(
    messages
      .map((message) => `${typeof message === 'string' ? message : JSON.stringify(message)}\n`)
      .join(''),
  );
}

async function connected(): Promise<QmpConnection> {
  const connection = await connectQmp(path, 'web-1');
  open.push(connection);
  return connection;
}

describe('a command', () => {
  it('is answered by the answer with its number, in whatever order they come', async () => {
    const qmp = await connected();
    const commands: Command[] = [];
    onCommand = (command) => {
      commands.push(command);
      if (commands.length < 2) return;
      for (const { execute, id } of commands.toReversed()) say({ return: { status: execute }, id });
    };
    const [status, migrate] = await Promise.all([qmp.execute('query-status'), qmp.execute('query-migrate')]);
    expect([status.status, migrate.status]).toEqual(['query-status', 'query-migrate']);
  });

  it('that QEMU refuses fails with the words of QEMU', async () => {
    const qmp = await connected();
    onCommand = ({ id }) => {
      say({ error: { class: 'GenericError', desc: 'Node disk is busy' }, id });
    };
    const refusal = await failureOf(qmp.execute('cont'));
    expect(refusal).toBeInstanceOf(QmpRefusal);
    expect(refusal).toMatchObject({
      code: 'refused',
      subject: 'web-1',
      message: 'web-1: QEMU refused cont: Node disk is busy',
    });
  });

  it('that is not answered in time fails, and its late answer is nobody elses', async () => {
    const qmp = await connected();
    const late: Command[] = [];
    onCommand = (command) => late.push(command);
    const failure = await failureOf(qmp.execute('query-status', {}, { timeoutMs: 20 }));
    expect(failure).toMatchObject({ code: 'no-answer' });
    expect(failure.message).toContain('did not answer query-status within 20 ms');
    onCommand = ({ id }) => {
      say({ return: { status: 'paused' }, id: late[0]?.id }, { return: { status: 'running' }, id });
    };
    expect((await qmp.execute('query-status')).status).toBe('running');
  });

  it('that is given up fails at once', async () => {
    const qmp = await connected();
    const giveUp = new AbortController();
    const command = failureOf(qmp.execute('stop', {}, { signal: giveUp.signal }));
    giveUp.abort();
    expect(await command).toMatchObject({ code: 'aborted' });
    expect(await failureOf(qmp.execute('stop', {}, { signal: giveUp.signal }))).toMatchObject({
      code: 'aborted',
    });
  });

  it('that waits while QEMU ends fails, and so does each one after it', async () => {
    const qmp = await connected();
    onCommand = () => client?.destroy();
    expect(await failureOf(qmp.execute('query-status'))).toMatchObject({ code: 'no-answer' });
    await qmp.closed;
    expect(qmp.isOpen).toBe(false);
    expect(await failureOf(qmp.execute('query-status'))).toMatchObject({ code: 'no-answer' });
  });
});

describe('an event', () => {
  const stop = { event: 'STOP', data: {}, timestamp: { seconds: 1_000, microseconds: 500_000 } };

  it('is heard with the time that QEMU gives it', async () => {
    const qmp = await connected();
    const heard = qmp.next(({ event }) => event === 'STOP');
    say({ event: 'RESUME', data: {}, timestamp: { seconds: 999, microseconds: 0 } }, stop);
    expect(await heard).toMatchObject({ event: 'STOP', atMs: 1_000_500 });
  });

  it('that never comes ends with the connection, or when it is given up', async () => {
    const qmp = await connected();
    const giveUp = new AbortController();
    const given = failureOf(qmp.next(() => false, giveUp.signal));
    giveUp.abort();
    expect(await given).toMatchObject({ code: 'aborted' });
    const waiting = failureOf(qmp.next(() => false));
    client?.destroy();
    expect(await waiting).toMatchObject({ code: 'no-answer' });
  });

  it('is not heard any more after the listening has ended', async () => {
    const qmp = await connected();
    const heard: string[] = [];
    const end = qmp.onEvent(({ event }) => heard.push(event));
    say(stop);
    await qmp.next(({ event }) => event === 'STOP');
    end();
    say(stop);
    await qmp.next(({ event }) => event === 'STOP');
    expect(heard).toEqual(['STOP']);
  });
});

describe('a monitor', () => {
  it.each([
    ['text', 'HTTP/1.1 400 Bad Request', 'which is no QMP message'],
    ['a list', '[1, 2]', 'which is no QMP message'],
    ['an object of another protocol', '{"jsonrpc": "2.0"}', 'which is no QMP message'],
  ])('that says %s is no monitor of QEMU', async (_what, line, words) => {
    const qmp = await connected();
    onCommand = () => {
      say(line);
    };
    const failure = await failureOf(qmp.execute('query-status'));
    expect(failure).toMatchObject({ code: 'unclear', subject: 'web-1' });
    expect(failure.message).toContain(words);
  });

  it('that does not exist is told with the socket', async () => {
    const failure = await failureOf(connectQmp(join(folder, 'none.sock'), 'web-1'));
    expect(failure).toMatchObject({ code: 'no-answer' });
    expect(failure.message).toContain(`no QEMU listens on ${join(folder, 'none.sock')} (ENOENT)`);
  });

  it('that another client holds does not greet', async () => {
    const silent = createServer(() => undefined);
    path = join(folder, 'silent.sock');
    await listen(silent);
    const failure = await failureOf(connectQmp(path, 'web-1', { timeoutMs: 30 }));
    silent.close();
    expect(failure).toMatchObject({ code: 'no-answer' });
    expect(failure.message).toContain('it hangs, or another client holds the monitor');
  });

  it('that hangs up before it greets is no answer', async () => {
    const closing = createServer((socket) => socket.destroy());
    path = join(folder, 'closing.sock');
    await listen(closing);
    expect(await failureOf(connectQmp(path, 'web-1'))).toMatchObject({ code: 'no-answer' });
    closing.close();
  });

  it('is not waited for any more when that is given up', async () => {
    const silent = createServer(() => undefined);
    path = join(folder, 'silent.sock');
    await listen(silent);
    const giveUp = new AbortController();
    const waiting = failureOf(connectQmp(path, 'web-1', { signal: giveUp.signal }));
    giveUp.abort(new Error('deadline'));
    expect(await waiting).toMatchObject({ code: 'aborted' });
    silent.close();
  });
});

function listen(on: Server): Promise<void> {
  return new Promise((resolve) => {
    on.listen(path, resolve);
  });
}

async function failureOf(work: Promise<unknown>): Promise<HardwareError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof HardwareError) return error;
  throw new Error('it did not fail as hardware does', { cause: error });
}
