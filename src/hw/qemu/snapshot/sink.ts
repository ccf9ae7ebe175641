import { fork, type ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { HardwareError } from '../../contract.js';
import { unlessAborted, within } from '../abort.js';
import { deferred } from '../deferred.js';
import type { StoredFile } from '../manifest.js';
import { isSinkMessage, type SinkCommand, type SinkMessage, type SinkOrder } from './sink-protocol.js';

/** The process that receives a server's memory. */
export interface Sink {
  /** Where QEMU sends to: `unix:/...`. */
  readonly uri: string;
  /**
   * Resolves when all of the memory is on the drive, durably.
   * @throws {HardwareError} why it is not: `no-space`, `drive-failed`; `no-answer` when the process died.
   */
  readonly stored: Promise<StoredFile>;
  readonly bytes: number;
  /** Ends it, whatever it does; QEMU sees its connection break. */
  end(): void;
}

const START_MS = 10_000;
const UNHEARD_MS = 300;

/** The sinks of one opening of the driver. */
export interface Sinks {
  /**
   * Has a sink receive what QEMU will send, and resolves when it listens.
   * @throws {HardwareError} `no-answer` when it does not start.
   */
  start(order: SinkOrder & { readonly drive: string }, signal: AbortSignal): Promise<Sink>;
  close(): void;
}

/**
 * To start a process takes a tenth of a second, a good part of a whole snapshot; so after each snapshot the sink of
 * the next one is started.
 * @param program the compiled sink, a file that Node can run.
 */
export function createSinks(program: string): Sinks {
  let spare: ChildProcess | null = null;
  let open = true;

  function take(): ChildProcess {
    const ready = spare;
    spare = null;
    return ready?.connected === true ? ready : launch(program);
  }

  function replace(): void {
    if (open) spare ??= launch(program);
  }

  return {
    async start(order, signal) {
      const sink = await startSink(take(), order, signal);
      return {
        ...sink,
        get bytes() {
          return sink.bytes;
        },
        end() {
          sink.end();
          replace();
        },
      };
    },
    close() {
      open = false;
      spare?.disconnect();
    },
  };
}

function launch(program: string): ChildProcess {
  const child = fork(program, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  // Nobody listens to one that waits; that it died is seen when it is taken.
  child.on('error', () => undefined);
  // It does not keep the service alive, and ends by itself when the service has ended.
  child.unref();
  child.channel?.unref();
  return child;
}

async function startSink(
  child: ChildProcess,
  order: SinkOrder & { readonly drive: string },
  signal: AbortSignal,
): Promise<Sink> {
  const { drive, ...forSink } = order;
  await rm(order.socket, { force: true });
  child.channel?.ref();
  const listening = deferred();
  const stored = deferred<StoredFile>();
  // Whoever starts a sink and gives up before looking is not to be told by a crash.
  stored.promise.catch(() => undefined);
  let bytes = 0;
  const hear = (message: SinkMessage): void => {
    switch (message.kind) {
      case 'listening':
        listening.resolve();
        return;
      case 'progress':
        bytes = message.bytes;
        return;
      case 'stored':
        bytes = message.bytes;
        stored.resolve({ bytes, sha256: message.sha256 });
        return;
      case 'failed':
        stored.reject(
          new HardwareError(
            message.code,
            drive,
            `${drive}: the memory could not be stored: ${message.message}`,
          ),
        );
    }
  };
  child.on('message', (message: unknown) => {
    if (isSinkMessage(message)) hear(message);
  });
  const lost = (why: string): void => {
    const error = new HardwareError(
      'no-answer',
      drive,
      `${drive}: the process that stores the memory ended: ${why}`,
    );
    listening.reject(error);
    stored.reject(error);
  };
  child.once('error', (error) => {
    lost(error.message);
  });
  child.once('exit', (code, how) => {
    lost(String(how ?? code));
  });
  tell(child, { kind: 'receive', order: forSink });
  await started(child, listening.promise, signal, drive);
  return {
    uri: `unix:${order.socket}`,
    stored: stored.promise,
    get bytes() {
      return bytes;
    },
    end() {
      tell(child, { kind: 'dismiss' });
      // One that is stopped or stuck does not hear.
      setTimeout(() => child.kill('SIGKILL'), UNHEARD_MS).unref();
    },
  };
}

/** That it has died meanwhile is heard from itself. */
function tell(child: ChildProcess, command: SinkCommand): void {
  if (child.connected) child.send(command, () => undefined);
}

async function started(
  child: ChildProcess,
  listening: Promise<void>,
  signal: AbortSignal,
  drive: string,
): Promise<void> {
  const late = (): HardwareError => {
    const text = `${drive}: the process that stores the memory did not start in time`;
    return new HardwareError(signal.aborted ? 'aborted' : 'no-answer', drive, text);
  };
  try {
    await within(START_MS, signal, (limit) => unlessAborted(listening, limit, late));
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}
