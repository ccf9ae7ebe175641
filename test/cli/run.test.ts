import { describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.js';
import { serve, type Start } from '../../src/cli/run.js';
import { CliError } from '../../src/cli/exit.js';
import type { ServiceOptions } from '../../src/service.js';
import { StoreLocked } from '../../src/store/errors.js';
import { PoliciesRefused } from '../../src/watch.js';
import { fakeTerminal, type FakeTerminal, type TerminalOptions } from './harness.js';
import { accessByToken } from '../../src/server/access/access.js';

const OPTIONS = {
  stateDir: 'state',
  host: '127.0.0.1',
  port: 7411,
  logLevel: 'info',
  drainTimeout: 30_000,
};

interface FakeRun {
  readonly terminal: FakeTerminal;
  readonly started: ServiceOptions[];
  readonly calls: string[];
  readonly code: Promise<number>;
  /** Resolves when the service runs. */
  readonly running: Promise<void>;
  /** Lets the service finish stopping. */
  readonly letStop: () => void;
}

interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

function gate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    opened,
    open: () => {
      open();
    },
  };
}

/** Runs a service that does nothing but note what is asked of it. */
function fakeRun(
  options: Partial<Parameters<typeof serve>[1]> = {},
  terminalOptions: TerminalOptions = {},
): FakeRun {
  const terminal = fakeTerminal(terminalOptions);
  const started: ServiceOptions[] = [];
  const calls: string[] = [];
  const running = gate();
  const stopped = gate();
  const start: Start = async (given) => {
    started.push(given);
    setImmediate(() => {
      running.open();
    });
    return {
      address: 'http://127.0.0.1:7411',
      async reload() {
        calls.push('reload');
      },
      async stop() {
        calls.push('stop');
        await stopped.opened;
      },
    };
  };
  const code = serve(terminal, { ...OPTIONS, ...options }, start);
  const letStop = (): void => {
    stopped.open();
  };
  return { terminal, started, calls, code, running: running.opened, letStop };
}

function startFailing(error: Error): Promise<unknown> {
  return serve(fakeTerminal(), OPTIONS, () => Promise.reject(error)).then(
    () => 'it started',
    (thrown: unknown) => thrown,
  );
}

function withCode(code: string, message = 'failed'): Error {
  return Object.assign(new Error(message), { code });
}

describe('rekindle run', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('stops in order at %s and ends well', async (signal) => {
    const { terminal, calls, code, running, letStop } = fakeRun();
    await running;
    terminal.signal(signal);
    letStop();
    expect(await code).toBe(0);
    expect(calls).toEqual(['stop']);
    expect(terminal.exits).toEqual([]);
  });

  it('does not wait for the drain at a second signal', async () => {
    const { terminal, code, running, letStop } = fakeRun();
    await running;
    terminal.signal('SIGTERM');
    terminal.signal('SIGINT');
    expect(terminal.exits).toEqual([1]);
    letStop();
    await code;
  });

  it('does not lose a signal that comes before it has started', async () => {
    const { terminal, calls, code, letStop } = fakeRun();
    terminal.signal('SIGHUP');
    terminal.signal('SIGTERM');
    letStop();
    expect(await code).toBe(0);
    expect(calls).toEqual(['stop']);
  });

  it('reads the policies at SIGHUP', async () => {
    const { terminal, calls, code, running, letStop } = fakeRun();
    await running;
    terminal.signal('SIGHUP');
    expect(calls).toEqual(['reload']);
    terminal.signal('SIGTERM');
    letStop();
    await code;
  });

  it('says where it listens', async () => {
    const { terminal, code, running, letStop } = fakeRun();
    await running;
    expect(terminal.written()).toEqual({
      out: '',
      err: expect.stringContaining('http://127.0.0.1:7411') as unknown,
    });
    terminal.signal('SIGTERM');
    letStop();
    await code;
  });

  async function optionsOf(...given: Parameters<typeof fakeRun>): Promise<ServiceOptions | undefined> {
    const { terminal, started, code, running, letStop } = fakeRun(...given);
    await running;
    terminal.signal('SIGTERM');
    letStop();
    await code;
    return started[0];
  }

  it('takes the folder policies, and whoever is on this machine, when nothing is said', async () => {
    const options = await optionsOf();
    expect(await options?.access()).toEqual({ is: 'loopback' });
    expect(options).toEqual({
      policies: ['policies'],
      stateDir: 'state',
      host: '127.0.0.1',
      port: 7411,
      access: expect.any(Function) as unknown,
      tls: null,
      logLevel: 'info',
      strict: false,
      drainMs: 30_000,
    });
  });

  it('reads an inventory from elsewhere together with the policies', async () => {
    const options = await optionsOf({ policies: ['a', 'b'], inventory: 'rack.yaml' });
    expect(options?.policies).toEqual(['a', 'b', 'rack.yaml']);
  });

  it('takes the token from a file', async () => {
    const options = await optionsOf({ host: '0.0.0.0', tokenFile: 'token.txt', insecureHttp: true });
    expect(await options?.access()).toEqual(accessByToken('s3cret'));
  });

  it('does not listen to other machines without a token', async () => {
    const { code, started } = fakeRun({ host: '0.0.0.0' });
    await expect(code).rejects.toMatchObject({
      exitCode: 2,
      hint: 'give --access-file or --token-file, or listen on 127.0.0.1',
    });
    expect(started).toEqual([]);
  });

  it('does not listen to other machines without TLS, unless it is told that something else does it', async () => {
    const { code, started } = fakeRun({ host: '0.0.0.0', tokenFile: 'token.txt' });
    await expect(code).rejects.toMatchObject({
      exitCode: 2,
      hint: expect.stringContaining('--tls-cert') as string,
    });
    expect(started).toEqual([]);
  });

  it.each([
    ['a token and an access file', { tokenFile: 'token.txt', accessFile: 'access.yaml' }, /not both/],
    ['an access file that is not there', { accessFile: 'nowhere.yaml' }, /ENOENT/],
    ['a certificate without its key', { tlsCert: 'cert.pem' }, /go together/],
  ])('does not start with %s', async (_what, options, says) => {
    await expect(fakeRun(options).code).rejects.toThrow(says);
  });
});

describe('a service that cannot start', () => {
  it('shows every problem of the policies', async () => {
    const terminal = fakeTerminal();
    const problem = {
      ...({ code: 'YAML_TAB', file: 'policies/a.yaml', line: 2, column: 1, path: '' } as const),
      ...{ message: 'a tab indents this line', hint: 'use spaces', excerpt: '' },
    };
    const running = serve(terminal, OPTIONS, () => Promise.reject(new PoliciesRefused([problem])));
    await expect(running).rejects.toMatchObject({ exitCode: 1 });
    expect(terminal.written().err).toContain('policies/a.yaml:2:1  YAML_TAB');
  });

  it.each([
    [withCode('EADDRINUSE'), '127.0.0.1:7411 is already in use'],
    [withCode('EADDRNOTAVAIL'), 'this machine has no address 127.0.0.1'],
    [withCode('EACCES', 'permission denied, mkdir'), 'permission denied, mkdir'],
    [new StoreLocked('state/rekindle.db', 77), 'in use by process 77'],
  ])('says what a person can do about %s', async (error, says) => {
    const thrown = await startFailing(error);
    expect(thrown).toBeInstanceOf(CliError);
    expect(thrown).toMatchObject({ exitCode: 1, message: expect.stringContaining(says) as unknown });
  });

  it('does not pretend to understand what it does not', async () => {
    const error = new TypeError('x is not a function');
    expect(await startFailing(error)).toBe(error);
  });

  it('gives the signals back', async () => {
    const terminal = fakeTerminal();
    await serve(terminal, OPTIONS, () => Promise.reject(withCode('EADDRINUSE'))).catch(() => undefined);
    terminal.signal('SIGTERM');
    terminal.signal('SIGTERM');
    expect(terminal.exits).toEqual([]);
  });
});

describe('a defect of the program', () => {
  function broken(
    env: Readonly<Record<string, string>>,
    error: Error = new TypeError('out is broken'),
  ): FakeTerminal {
    const terminal = fakeTerminal({ env });
    Object.defineProperty(terminal.out, 'write', {
      value: () => {
        throw error;
      },
    });
    return terminal;
  }

  it('is told as one, without a stack trace', async () => {
    const terminal = broken({});
    expect(await run(['validate', 'policies'], terminal)).toBe(1);
    expect(terminal.written().err).toContain('internal error: TypeError: out is broken\n');
    expect(terminal.written().err).not.toContain('    at ');
  });

  it('is none when the process may open no more files', async () => {
    const terminal = broken({}, Object.assign(new Error('too many open files'), { code: 'EMFILE' }));
    expect(await run(['validate', 'policies'], terminal)).toBe(1);
    expect(terminal.written().err).toMatch(/error: this process may open no more files\nhint: .* ulimit -n/);
  });

  it('shows where it arose when asked to', async () => {
    const terminal = broken({ REKINDLE_DEBUG: '1' });
    await run(['validate', 'policies'], terminal);
    expect(terminal.written().err).toContain('    at ');
  });
});
