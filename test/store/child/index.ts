import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Child {
  readonly pid: number;
  /** Resolves with the first `count` lines that it says. @throws when it ends before, with what it complained. */
  said(count: number): Promise<readonly string[]>;
  /** kill -9. Resolves with everything that it said in its life. */
  kill(): Promise<readonly string[]>;
}

/** Runs a program of this folder in its own process. */
export function startChild(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Child {
  const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, ['--import', path('typescript.mjs'), path(program), ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let complaint = '';
  const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const ended = Promise.all([once(child, 'exit'), once(output, 'close')]);
  if (child.pid === undefined) throw new Error(`${program} did not start`);
  return {
    pid: child.pid,
    async said(count) {
      const over = ended.then(() => true);
      while (lines.length < count) {
        const end = await Promise.race([once(output, 'line').then(() => false), over]);
        if (end && lines.length < count) throw new Error(`${program} ended early: ${complaint}`);
      }
      return lines.slice(0, count);
    },
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
      return lines;
    },
  };
}
