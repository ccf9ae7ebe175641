import { spawn, type ChildProcess } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { HardwareError } from '../../contract.js';
import { unlessAborted, within } from '../abort.js';
import { errorCode } from '../files.js';

/**
 * The process that writes the disk of a snapshot to the drive. QEMU reaches it through a socket and never opens a
 * file on the drive itself: opening one on a drive that hangs would hold up the server with all it does. When the
 * drive hangs, this process is killed, and the copy in QEMU ends at once.
 */
export interface Target {
  /** The UNIX socket on which it serves the image, by the NBD protocol. */
  readonly socket: string;
  /** Ends it at once, whatever it does. */
  kill(): void;
  /**
   * Resolves when it has ended by itself, which it does when QEMU has let go, with all that it was given written.
   * @throws {HardwareError} `drive-failed` with its own words.
   */
  ended(signal: AbortSignal): Promise<void>;
}

export interface TargetOrder {
  /** The qemu-nbd program. */
  readonly program: string;
  readonly socket: string;
  /** The qcow2 image. */
  readonly image: string;
  readonly drive: string;
}

const START_MS = 10_000;
const LOOK_MS = 3;
/** `__SO_ACCEPTCON` in the flags of `/proc/net/unix`. Source: Linux, include/linux/net.h. */
const ACCEPTS_CONNECTIONS = '00010000';

/** @throws {HardwareError} `refused` or `drive-failed` with the program's own words when it does not serve. */
export async function startTarget(order: TargetOrder, signal: AbortSignal): Promise<Target> {
  const { program, socket, image, drive } = order;
  await rm(socket, { force: true });
  const child = spawn(
    'setpriv',
    // It ends with the service: one that nobody connects to would wait on the drive for ever.
    [
      '--pdeathsig=KILL',
      '--',
      program,
      `--socket=${socket}`,
      '--format=qcow2',
      '--discard=unmap',
      '--detect-zeroes=unmap',
      '--shared=1',
      image,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const end = endOf(child, order);
  const target: Target = {
    socket,
    kill() {
      child.kill('SIGKILL');
    },
    async ended(until) {
      const failure = await unlessAborted(end, until, () => {
        const text = `${drive}: gave up waiting for its disk`;
        return new HardwareError('aborted', drive, text, { cause: until.reason });
      });
      if (failure !== null) throw failure;
    },
  };
  try {
    await Promise.race([
      within(START_MS, signal, (limit) => listening(socket, limit, drive)),
      end.then((failure) => {
        throw failure ?? new HardwareError('drive-failed', drive, `${drive}: ${program} ended at once`);
      }),
    ]);
    return target;
  } catch (error) {
    target.kill();
    throw error;
  }
}

/** Null for an end in order. */
function endOf(child: ChildProcess, { program, drive }: TargetOrder): Promise<HardwareError | null> {
  let said = '';
  child.stderr?.on('data', (text: Buffer) => {
    said = `${said}${text.toString()}`.slice(-2_000);
  });
  return new Promise((resolve) => {
    child.once('error', (error) => {
      const words =
        errorCode(error) === 'ENOENT' ? 'there is no program setpriv (util-linux)' : error.message;
      resolve(new HardwareError('refused', drive, `${drive}: the disk could not be written: ${words}`));
    });
    child.once('exit', (code, how) => {
      const words = said.trim() === '' ? `${program} ended (${how ?? code ?? ''})` : said.trim();
      const text = `${drive}: the disk could not be written: ${words}`;
      resolve(code === 0 ? null : new HardwareError('drive-failed', drive, text));
    });
  });
}

async function listening(socket: string, signal: AbortSignal, drive: string): Promise<void> {
  while (!(await isListening(socket))) {
    try {
      await sleep(LOOK_MS, undefined, { signal });
    } catch {
      throw new HardwareError('no-answer', drive, `${drive}: the image on it could not be opened in time`);
    }
  }
}

/** The socket's file is there a moment before anybody may connect; to try would use up the one connection. */
async function isListening(path: string): Promise<boolean> {
  const sockets = await readFile('/proc/net/unix', 'utf8');
  return sockets.split('\n').some((line) => {
    const [, , , flags, , , , file] = line.trim().split(/\s+/);
    return file === path && flags === ACCEPTS_CONNECTIONS;
  });
}
