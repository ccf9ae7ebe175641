import { fork, type ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { HardwareError } from '../../contract.js';
import { deferred } from '../deferred.js';
import type { StoredFile } from '../manifest.js';
import { DISMISSED, isSinkMessage, type SinkMessage, type SinkOrder } from './sink-protocol.js';

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

/**
 * Starts a sink and resolves when it listens. `program` is the compiled sink, a file that Node can run.
 * @throws {HardwareError} `no-answer` when it does not start.
 */
export async function startSink(
  program: string,
  order: SinkOrder & { readonly drive: string },
  signal: AbortSignal,
): Promise<Sink> {
  const { drive, ...forSink } = order;
  await rm(order.socket, { force: true });
  const child = fork(program, [JSON.stringify(forSink)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  });
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
  await started(child, listening.promise, signal, drive);
  return {
    uri: `unix:${order.socket}`,
    stored: stored.promise,
    get bytes() {
      return bytes;
    },
    end() {
      if (child.connected) child.send(DISMISSED, () => undefined);
      // One that is stopped or stuck does not hear.
      setTimeout(() => child.kill('SIGKILL'), UNHEARD_MS).unref();
    },
  };
}

async function started(
  child: ChildProcess,
  listening: Promise<void>,
  signal: AbortSignal,
  drive: string,
): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(START_MS)]);
  const late = deferred<never>();
  const giveUp = (): void => {
    const code = signal.aborted ? 'aborted' : 'no-answer';
    late.reject(
      new HardwareError(code, drive, `${drive}: the process that stores the memory did not start in time`),
    );
  };
  limit.addEventListener('abort', giveUp, { once: true });
  try {
    await Promise.race([listening, late.promise]);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    limit.removeEventListener('abort', giveUp);
  }
}
