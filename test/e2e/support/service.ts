import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');
export const PROGRAM = join(ROOT, 'dist/bin/rekindle.js');
export const STARTER = join(ROOT, 'starter');
const POLICIES = join(ROOT, 'test/fixtures/e2e/policies');

/** A line of the service's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** A place of its own for one test: a copy of the policies, and a state folder. */
export interface Site {
  readonly policies: string;
  readonly stateDir: string;
  readonly folder: string;
  remove(): Promise<void>;
}

export async function prepareSite(policies: string = POLICIES): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'rekindle-e2e-'));
  await cp(policies, join(folder, 'policies'), { recursive: true });
  return {
    folder,
    policies: join(folder, 'policies'),
    stateDir: join(folder, 'state'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The built program, running in a process of its own. */
export interface RunningService {
  readonly url: string;
  readonly process: ChildProcess;
  readonly log: readonly LogLine[];
  /** Resolves with the exit code, or the signal that ended it. */
  readonly exited: Promise<number | string>;
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<{ readonly status: number; readonly body: unknown }>;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | string>;
  /** Resolves with the first log line, past or future, that fits. */
  logged(fits: (line: LogLine) => boolean): Promise<LogLine>;
}

/** Of `rekindle run` at this site, on any free port. */
export function runArguments(site: Site): readonly string[] {
  return ['run', '--policies', site.policies, '--state-dir', site.stateDir, '--port', '0'];
}

export async function startProgram(
  site: Site,
  environment: Readonly<Record<string, string>> = {},
  more: readonly string[] = [],
): Promise<RunningService> {
  const child = spawn(process.execPath, [PROGRAM, ...runArguments(site), '--log-level', 'info', ...more], {
    cwd: site.folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  const noise: string[] = [];
  const watchers = new Set<(line: LogLine) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (text) => {
      const line = parseLine(text);
      if (line === null) {
        noise.push(text);
        return;
      }
      log.push(line);
      for (const watcher of watchers) watcher(line);
    });
  }
  const exited = once(child, 'exit').then(([code, signal]: unknown[]) =>
    typeof code === 'number' ? code : String(signal),
  );

  function logged(fits: (line: LogLine) => boolean): Promise<LogLine> {
    const past = log.find(fits);
    if (past) return Promise.resolve(past);
    return new Promise((done, fail) => {
      const watcher = (line: LogLine): void => {
        if (!fits(line)) return;
        watchers.delete(watcher);
        done(line);
      };
      watchers.add(watcher);
      void exited.then((how) => {
        fail(new Error(`the service ended (${how}) before the awaited line; ${tail(log, noise)}`));
      });
    });
  }

  const { address } = await logged((line) => typeof line.address === 'string');
  const url = String(address);
  return {
    url,
    process: child,
    log,
    exited,
    logged,
    async get(path) {
      return (await fetch(`${url}${path}`)).json();
    },
    async post(path, body) {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: await response.json() };
    },
    async stop() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

/** Gives each test of a file its own sites and programs, and takes them away after it. */
export interface Keeper {
  site(): Promise<Site>;
  start(
    site: Site,
    options?: {
      readonly environment?: Readonly<Record<string, string>>;
      readonly more?: readonly string[];
    },
  ): Promise<RunningService>;
  /** A program that the test itself has started. */
  keep(child: ChildProcess): void;
}

export function keeper(): Keeper {
  const sites: Site[] = [];
  const running: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of running.splice(0)) await kill(child);
    for (const site of sites.splice(0)) await site.remove();
  });
  return {
    async site() {
      const site = await prepareSite();
      sites.push(site);
      return site;
    },
    async start(site, { environment, more } = {}) {
      const service = await startProgram(site, environment, more);
      running.push(service.process);
      return service;
    },
    keep(child) {
      running.push(child);
    },
  };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

function parseLine(text: string): LogLine | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && 'msg' in parsed
      ? { ...parsed, msg: String(parsed.msg) }
      : null;
  } catch {
    return null;
  }
}

function tail(log: readonly LogLine[], noise: readonly string[]): string {
  return [...noise.slice(-20), ...log.slice(-10).map((line) => JSON.stringify(line))].join('\n');
}

/** Runs the built program to its end. */
export async function runProgram(
  args: readonly string[],
  options: { readonly cwd?: string; readonly input?: string } = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: options.cwd ?? ROOT,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.end(options.input ?? '');
  const closed: unknown[] = await once(child, 'close');
  return {
    code: Number(closed[0]),
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
  };
}

/**
 * Asks until the answer fits. The bound is there so that a broken product fails a test instead of hanging it;
 * no test depends on how long it takes.
 */
export async function eventually<T>(
  ask: () => Promise<T>,
  fits: (answer: T) => boolean,
  what: string,
): Promise<T> {
  const end = Date.now() + 60_000;
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    if (Date.now() > end) throw new Error(`never came: ${what}; last answer ${JSON.stringify(answer)}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}
