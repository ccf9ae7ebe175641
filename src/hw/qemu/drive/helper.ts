import { fork, type ChildProcess } from 'node:child_process';
import { HardwareError } from '../../contract.js';
import type { DriveOperations } from './operations.js';
import { isReply, type HelperReply, type HelperRequest, type OperationName } from './protocol.js';

/** The drive helper as the service sees it. Started when it is first needed, and again when it has died. */
export interface DriveHelper {
  /**
   * Has one operation done on the drive.
   * @throws {HardwareError} with what the drive answered; `no-answer` when it hangs or the helper died;
   * `aborted` when the signal fired, whatever becomes of the operation then.
   */
  call<N extends OperationName>(
    operation: N,
    drive: string,
    args: Parameters<DriveOperations[N]>[0],
    signal: AbortSignal,
  ): Promise<Awaited<ReturnType<DriveOperations[N]>>>;
  close(): void;
}

/** A drive that hangs answers none of them; more would only take the threads of the other drives. */
const MAX_WAITING_PER_DRIVE = 6;
const THREADS = 64;

interface Waiting {
  readonly drive: string;
  readonly settle: (reply: HelperReply) => void;
  readonly lost: (why: string) => void;
}

/** @param program the compiled helper, a file that Node can run. */
export function createDriveHelper(program: string): DriveHelper {
  const waiting = new Map<number, Waiting>();
  let child: ChildProcess | null = null;
  let lastId = 0;

  function running(): ChildProcess {
    if (child?.connected === true) return child;
    const started = fork(program, [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, UV_THREADPOOL_SIZE: String(THREADS) },
      execArgv: [],
    });
    started.on('message', (message: unknown) => {
      if (isReply(message)) waiting.get(message.id)?.settle(message);
    });
    started.on('error', (error) => {
      lose(started, error.message);
    });
    started.on('exit', (code, signal) => {
      lose(started, `it ended (${signal ?? code ?? ''})`);
    });
    // It does not keep the service alive, and ends by itself when the service has ended.
    started.unref();
    child = started;
    return started;
  }

  function lose(ended: ChildProcess, why: string): void {
    if (child !== ended) return;
    child = null;
    for (const { lost } of waiting.values()) lost(why);
    waiting.clear();
  }

  /** A program that waits for an answer must not end before it comes; one that waits for none may. */
  function hold(): void {
    if (waiting.size > 0) child?.channel?.ref();
    else child?.channel?.unref();
  }

  return {
    call(operation, drive, args, signal) {
      if (signal.aborted) return Promise.reject(gaveUp(drive, operation, signal));
      const hanging = [...waiting.values()].filter((one) => one.drive === drive).length;
      if (hanging >= MAX_WAITING_PER_DRIVE) {
        const text = `${drive} has not answered ${hanging} earlier requests; it hangs. Look at the disk and its mount`;
        return Promise.reject(new HardwareError('no-answer', drive, text));
      }
      lastId += 1;
      const id = lastId;
      return new Promise((resolve, reject) => {
        const done = (): void => {
          signal.removeEventListener('abort', abort);
        };
        const abort = (): void => {
          done();
          // It stays among the waiting until the drive answers: that is how a drive that hangs is known.
          reject(gaveUp(drive, operation, signal));
        };
        signal.addEventListener('abort', abort, { once: true });
        waiting.set(id, {
          drive,
          settle(reply) {
            waiting.delete(id);
            hold();
            done();
            // The helper runs the very operation of this name.
            if (reply.ok) resolve(reply.value as Awaited<ReturnType<DriveOperations[typeof operation]>>);
            else reject(new HardwareError(reply.code, drive, `${drive}: ${reply.message}`));
          },
          lost(why) {
            done();
            reject(
              new HardwareError('no-answer', drive, `${drive}: the drive helper did not answer: ${why}`),
            );
          },
        });
        const request: HelperRequest = { id, operation, args };
        running().send(request);
        hold();
      });
    },
    close() {
      const ending = child;
      if (ending === null) return;
      lose(ending, 'the driver was closed');
      ending.disconnect();
    },
  };
}

function gaveUp(drive: string, operation: string, signal: AbortSignal): HardwareError {
  const text = `${drive}: gave up waiting for ${operation}`;
  return new HardwareError('aborted', drive, text, { cause: signal.reason });
}
