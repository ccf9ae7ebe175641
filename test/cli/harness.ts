import picocolors from 'picocolors';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { wallClock, type Clock } from '../../src/clock.js';
import { run } from '../../src/cli/program.js';
import type { Signal, Sink, Terminal } from '../../src/cli/terminal.js';

/** Where the documents and events of these tests lie; what relative paths of a command line are relative to. */
export const FIXTURES = fileURLToPath(new URL('../fixtures/cli/', import.meta.url));

export interface TerminalOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What is typed or piped in. */
  readonly stdin?: string;
  /** Somebody sits at it. */
  readonly isTty?: boolean;
  readonly colours?: boolean;
  /** Epoch ms. Waiting moves it on without taking time. */
  readonly nowMs?: number;
}

/** A terminal that remembers what was written to it. */
export interface FakeTerminal extends Terminal {
  readonly written: () => { readonly out: string; readonly err: string };
  /** Delivers a signal as the system would. */
  readonly signal: (signal: Signal) => void;
  /** The codes with which the process was to be ended at once. */
  readonly exits: readonly number[];
}

export const NOW_MS = Date.UTC(2026, 0, 31, 12, 30);

export function fakeTerminal(options: TerminalOptions = {}): FakeTerminal {
  const { cwd = FIXTURES, env = { USER: 'ada' }, stdin = '', isTty = false, colours = false } = options;
  const out = fakeSink({ isTty, colours });
  const err = fakeSink({ isTty, colours });
  const listeners = new Map<Signal, Set<() => void>>();
  const exits: number[] = [];
  return {
    out,
    err,
    env,
    cwd,
    exits,
    stdin: { stream: Readable.from([Buffer.from(stdin)]), isTty },
    clock: leapingClock(options.nowMs ?? NOW_MS),
    onSignal(signal, listener) {
      const known = listeners.get(signal) ?? new Set();
      listeners.set(signal, known.add(listener));
      return () => known.delete(listener);
    },
    exitNow(code) {
      exits.push(code);
    },
    signal(signal) {
      for (const listener of listeners.get(signal) ?? []) listener();
    },
    written: () => ({ out: out.text(), err: err.text() }),
  };
}

function fakeSink({ isTty, colours }: { isTty: boolean; colours: boolean }): Sink & { text: () => string } {
  let text = '';
  return {
    write(more) {
      text += more;
    },
    isTty,
    paint: picocolors.createColors(colours),
    closed: false,
    text: () => text,
  };
}

function leapingClock(startMs: number): Clock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    monotonic: () => nowMs,
    after: (ms, fire) => wallClock.after(ms, fire),
    async sleep(ms) {
      nowMs += ms;
      // Lets everything else have its turn, as real waiting would.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** Runs one command line to its end. */
export async function rekindle(
  args: readonly string[],
  options: TerminalOptions = {},
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const terminal = fakeTerminal(options);
  const code = await run(args, terminal);
  return { code, ...terminal.written() };
}

/** Where the expected output of a command is kept. */
export function golden(name: string): string {
  return `../fixtures/cli/golden/${name}`;
}
