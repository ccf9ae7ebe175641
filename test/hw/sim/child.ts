import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const NEEDED = ['src/clock.ts', 'test/hw/contract-entries.ts', 'test/hw/sim/rack-child.ts'];

/** A process of its own that uses a rack in a file. */
export interface RackChild {
  readonly pid: number;
  /** Resolves with its exit code; null when it was killed. */
  readonly ended: Promise<number | null>;
  /** Resolves with all that it said once `enough` holds of it, or once it has ended. */
  said(enough: (lines: readonly string[]) => boolean): Promise<readonly string[]>;
  /** kill -9. Resolves, when it is gone, with all that it said. */
  kill(): Promise<readonly string[]>;
}

export interface RackChildren {
  /** What `rack-child.ts` does in the role, on the rack in the file. */
  start(file: string, role: string, count?: number): RackChild;
  /** Ends those that still run. */
  close(): void;
}

/** Translates what the children need, once: a loader in each of them would take longer than all they do. */
export function prepareChildren(): RackChildren {
  const directory = mkdtempSync(join(tmpdir(), 'rekindle-child-'));
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  const drivers = readdirSync(join(ROOT, 'src/hw'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join('src/hw', name));
  for (const source of [...NEEDED, ...drivers]) {
    const target = join(directory, source.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, translate(readFileSync(join(ROOT, source), 'utf8')));
  }
  const running: ChildProcess[] = [];
  return {
    start(file, role, count = 0) {
      const program = join(directory, 'test/hw/sim/rack-child.js');
      const child = spawn(process.execPath, [program, file, role, String(count)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      running.push(child);
      return watched(child, createInterface({ input: child.stdout }));
    },
    close() {
      for (const child of running) child.kill('SIGKILL');
      rmSync(directory, { recursive: true });
    },
  };
}

function watched(child: ChildProcess, output: NodeJS.EventEmitter): RackChild {
  const lines: string[] = [];
  output.on('line', (line: string) => lines.push(line));
  const closed = once(output, 'close');
  const ended = once(child, 'exit').then(async ([code]) => {
    await closed;
    return typeof code === 'number' ? code : null;
  });
  if (child.pid === undefined) throw new Error('the child did not start');
  return {
    pid: child.pid,
    ended,
    async said(enough) {
      while (!enough(lines) && child.exitCode === null && child.signalCode === null) {
        await Promise.race([once(output, 'line'), ended]);
      }
      return lines;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
      return lines;
    },
  };
}

function translate(source: string): string {
  return ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  }).outputText;
}
