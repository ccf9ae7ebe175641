import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { HardwareError } from '../../contract.js';
import { unlessAborted, within } from '../abort.js';
import { deferred } from '../deferred.js';
import type { QmpCommand, QmpCommands, QmpEvent } from './commands.js';
import { createLineReader } from './lines.js';
import { answerError, readMessage, type QmpMessage } from './messages.js';

/** An open monitor of one machine. QEMU serves one client of a monitor socket at a time. */
export interface QmpConnection {
  /**
   * Sends one command and resolves with its answer.
   * @throws {HardwareError} `refused` with QEMU's own words, `no-answer` when the time is over or the connection
   * broke, `aborted` when the signal fired. After the last two the effect may have happened.
   */
  execute<C extends QmpCommand>(command: C, ...rest: ArgumentsOf<C>): Promise<QmpCommands[C]['answer']>;
  /** Calls back for every event from now on. Returns what ends it. */
  onEvent(listener: (event: QmpEvent) => void): () => void;
  /**
   * Resolves with the first event, from now on, that fits.
   * @throws {HardwareError} `no-answer` when the connection breaks before.
   */
  next(fits: (event: QmpEvent) => boolean, signal?: AbortSignal): Promise<QmpEvent>;
  /** Resolves when the connection is over, whoever ended it. */
  readonly closed: Promise<void>;
  readonly isOpen: boolean;
  close(): void;
}

type ArgumentsOf<C extends QmpCommand> =
  Record<string, never> extends QmpCommands[C]['arguments']
    ? [args?: QmpCommands[C]['arguments'], options?: ExecuteOptions]
    : [args: QmpCommands[C]['arguments'], options?: ExecuteOptions];

export interface ExecuteOptions {
  readonly signal?: AbortSignal;
  /** Ms; left out, {@link COMMAND_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
}

/** QEMU answers within milliseconds unless its main loop hangs. */
const COMMAND_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 3_000;

/**
 * Connects to a monitor socket and negotiates. `subject` is the machine that errors speak of.
 * @throws {HardwareError} `no-answer` when nobody listens or greets in time, `unclear` when it is not QMP,
 * `refused` when the socket may not be opened.
 */
export async function connectQmp(
  path: string,
  subject: string,
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<QmpConnection> {
  const { timeoutMs = CONNECT_TIMEOUT_MS, signal } = options;
  const socket = connect(path);
  try {
    return await within(timeoutMs, signal ?? null, async (limit) => {
      await once(socket, 'connect', { signal: limit });
      return negotiate(socket, subject, limit);
    });
  } catch (error) {
    socket.destroy();
    throw connectionError(error, path, subject, { timeoutMs, signal });
  }
}

async function negotiate(socket: Socket, subject: string, limit: AbortSignal): Promise<QmpConnection> {
  const greeted = deferred();
  const connection = serve(socket, subject, () => {
    greeted.resolve();
  });
  const lost = connection.closed.then(() => {
    throw (
      connection.failure() ?? new HardwareError('no-answer', subject, `${subject}: QEMU closed its monitor`)
    );
  });
  // It has more to say only until the greeting; that it ends later is nobody's error.
  lost.catch(() => undefined);
  const late = (): Error => new Error('no greeting in time', { cause: limit.reason });
  await unlessAborted(Promise.race([greeted.promise, lost]), limit, late);
  await connection.execute('qmp_capabilities', {}, { signal: limit });
  return connection;
}

interface Pending {
  readonly command: QmpCommand;
  readonly settle: (message: QmpMessage & { readonly kind: 'answer' | 'error' }) => void;
  readonly fail: (error: HardwareError) => void;
}

interface Serving extends QmpConnection {
  failure(): HardwareError | null;
}

function serve(socket: Socket, subject: string, onGreeting: () => void): Serving {
  const pending = new Map<number, Pending>();
  const listeners = new Set<(event: QmpEvent) => void>();
  const closed = deferred();
  let lastId = 0;
  let open = true;
  let failure: HardwareError | null = null;

  function end(error: HardwareError): void {
    if (!open) return;
    open = false;
    failure = error;
    socket.destroy();
    for (const { fail } of pending.values()) fail(error);
    pending.clear();
    closed.resolve();
  }

  function take(line: string): void {
    const message = readMessage(line, subject);
    switch (message.kind) {
      case 'greeting':
        onGreeting();
        return;
      case 'event':
        for (const listener of [...listeners]) listener(message.event);
        return;
      case 'answer':
      case 'error':
        // An answer that nobody waits for any more is late: its command was given up.
        pending.get(message.id)?.settle(message);
        pending.delete(message.id);
    }
  }

  const reader = createLineReader((line) => {
    if (open) take(line);
  });
  socket.on('data', (chunk: Buffer) => {
    try {
      reader.push(chunk);
    } catch (error) {
      end(error instanceof HardwareError ? error : garbage(subject, error));
    }
  });
  socket.on('error', (error) => {
    end(new HardwareError('no-answer', subject, `${subject}: its monitor broke: ${error.message}`));
  });
  socket.on('close', () => {
    end(new HardwareError('no-answer', subject, `${subject}: QEMU closed its monitor`));
  });

  function execute<C extends QmpCommand>(
    command: C,
    ...[args, options = {}]: ArgumentsOf<C>
  ): Promise<QmpCommands[C]['answer']> {
    const { signal, timeoutMs = COMMAND_TIMEOUT_MS } = options;
    if (failure) return Promise.reject(failure);
    if (signal?.aborted === true) return Promise.reject(gaveUp(subject, command, signal));
    lastId += 1;
    const id = lastId;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        pending.delete(id);
      };
      const fail = (error: HardwareError): void => {
        done();
        reject(error);
      };
      const abort = (): void => {
        fail(gaveUp(subject, command, signal));
      };
      const timer = setTimeout(() => {
        const text = `${subject}: QEMU did not answer ${command} within ${timeoutMs} ms; its main loop may hang`;
        fail(new HardwareError('no-answer', subject, text));
      }, timeoutMs);
      signal?.addEventListener('abort', abort, { once: true });
      pending.set(id, {
        command,
        fail,
        settle(message) {
          done();
          if (message.kind === 'error') reject(answerError(subject, command, message));
          else resolve(message.value);
        },
      });
      socket.write(`${JSON.stringify({ execute: command, arguments: args ?? {}, id })}\n`);
    });
  }

  function onEvent(listener: (event: QmpEvent) => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  return {
    execute,
    onEvent,
    next(fits, signal) {
      return new Promise((resolve, reject) => {
        const done = (): void => {
          stop();
          signal?.removeEventListener('abort', abort);
        };
        const abort = (): void => {
          done();
          reject(gaveUp(subject, 'an event', signal));
        };
        const stop = onEvent((event) => {
          if (!fits(event)) return;
          done();
          resolve(event);
        });
        signal?.addEventListener('abort', abort, { once: true });
        void closed.promise.then(() => {
          done();
          reject(failure ?? garbage(subject, 'closed'));
        });
      });
    },
    closed: closed.promise,
    get isOpen() {
      return open;
    },
    failure: () => failure,
    close() {
      end(new HardwareError('no-answer', subject, `${subject}: the monitor connection was closed here`));
    },
  };
}

function gaveUp(subject: string, what: string, signal: AbortSignal | undefined): HardwareError {
  const text = `${subject}: gave up waiting for ${what}`;
  return new HardwareError('aborted', subject, text, { cause: signal?.reason });
}

function garbage(subject: string, cause: unknown): HardwareError {
  return new HardwareError('unclear', subject, `${subject}: its monitor speaks no QMP`, { cause });
}

function connectionError(
  error: unknown,
  path: string,
  subject: string,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): HardwareError {
  if (signal?.aborted === true) return gaveUp(subject, 'the monitor', signal);
  if (error instanceof HardwareError && error.code !== 'aborted') return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EACCES' || code === 'EPERM') {
    const text = `${subject}: the monitor socket ${path} may not be opened (${code}); run as the user that started QEMU`;
    return new HardwareError('refused', subject, text, { cause: error });
  }
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return new HardwareError('no-answer', subject, `${subject}: no QEMU listens on ${path} (${code})`, {
      cause: error,
    });
  }
  const text = `${subject}: no greeting from QEMU on ${path} within ${timeoutMs} ms; it hangs, or another client holds the monitor`;
  return new HardwareError('no-answer', subject, text, { cause: error });
}
