import picocolors from 'picocolors';
import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';
import { wallClock, type Clock } from '../clock.js';

/** Functions that colour text, or leave it as it is. */
export type Paint = ReturnType<typeof picocolors.createColors>;

/** Where text goes. */
export interface Sink {
  write(text: string): void;
  readonly isTty: boolean;
  readonly paint: Paint;
  /** True once nobody reads any more, as after `| head`. What is written then is dropped. */
  readonly closed: boolean;
}

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Everything of the process that a command may use. Passed in, so that tests run commands without a process. */
export interface Terminal {
  /** Results. */
  readonly out: Sink;
  /** Talk: errors, progress, questions. */
  readonly err: Sink;
  readonly stdin: { readonly stream: Readable; readonly isTty: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths are relative to this. */
  readonly cwd: string;
  readonly clock: Clock;
  /** Calls `listener` for each such signal, in the place of its usual effect. Returns how to stop that. */
  onSignal(signal: Signal, listener: () => void): () => void;
  /** Ends the process at once. Only for a person who will not wait for an orderly end. */
  exitNow(code: number): void;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return {
    out: sinkOf(process.stdout),
    err: sinkOf(process.stderr),
    stdin: {
      get stream() {
        return process.stdin;
      },
      get isTty() {
        return isatty(process.stdin.fd);
      },
    },
    env: process.env,
    cwd: process.cwd(),
    clock: wallClock,
    onSignal(signal, listener) {
      process.on(signal, listener);
      return () => process.off(signal, listener);
    },
    exitNow(code) {
      process.exit(code);
    },
  };
}

/** A reader that goes away must neither crash the command nor change its exit code. */
function sinkOf(stream: NodeJS.WriteStream & { readonly fd: number }): Sink {
  let closed = false;
  stream.on('error', () => {
    closed = true;
  });
  const isTty = isatty(stream.fd);
  return {
    write(text) {
      if (!closed) stream.write(text);
    },
    isTty,
    paint: picocolors.createColors(isTty && !isSet(process.env.NO_COLOR)),
    get closed() {
      return closed;
    },
  };
}

/** Per no-color.org: present and not empty. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
