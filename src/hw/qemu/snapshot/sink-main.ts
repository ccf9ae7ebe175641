/**
 * The sink: takes the memory that QEMU sends and writes it to the drive. QEMU must never wait for a drive: while
 * memory is being saved, a receiver that blocks freezes the server for as long as it blocks. So the sink reads as
 * fast as it can, holds in memory what the drive has not taken yet, and when the drive fails or stalls it goes on
 * reading and throws away.
 *
 * It is also the guard of the server: when the service dies in the middle of a snapshot, the sink gives the
 * snapshot up and lets the server run on.
 */
import { createHash } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { troubleOf } from '../drive/trouble.js';
import { connectQmp } from '../qmp/connection.js';
import { letRunOn } from './let-run.js';
import { DISMISSED, type SinkMessage, type SinkOrder } from './sink-protocol.js';

/** A drive that takes so long for one request is stalled. */
const STALL_MS = 10_000;
const PROGRESS_BYTES = 64 * 2 ** 20;
const RESCUE_MS = 60_000;

// The service that starts it has checked every part of the order.
const order = JSON.parse(process.argv[2] ?? '{}') as SinkOrder;

const queue: Buffer[] = [];
const hash = createHash('sha256');
let written = 0;
let received = false;
let over = false;
/** When the drive last finished something that it was given; null while it has nothing to do. */
let busySince: number | null = null;
let wake: () => void = () => undefined;

function say(message: SinkMessage): void {
  if (process.connected) process.send?.(message);
}

function fail(error: unknown): void {
  if (over) return;
  over = true;
  queue.length = 0;
  say({ kind: 'failed', ...troubleOf(error) });
}

function take(chunk: Buffer): void {
  if (over) return;
  queue.push(chunk);
  wake();
}

async function write(): Promise<void> {
  const file = await watched(open(order.file, 'w', 0o600));
  let told = 0;
  for (let chunk = await next(); chunk !== null; chunk = await next()) {
    await writeAll(file, chunk);
    hash.update(chunk);
    if (written - told >= PROGRESS_BYTES) {
      told = written;
      say({ kind: 'progress', bytes: written });
    }
  }
  await watched(file.sync());
  await file.close();
  if (over) return;
  over = true;
  say({ kind: 'stored', bytes: written, sha256: hash.digest('hex') });
}

/** What has come meanwhile, in one piece; null after the last one. */
async function next(): Promise<Buffer | null> {
  while (queue.length === 0) {
    if (received || over) return null;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  return Buffer.concat(queue.splice(0));
}

async function writeAll(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let from = 0; from < chunk.length && !over;) {
    const { bytesWritten } = await watched(file.write(chunk, from, chunk.length - from));
    from += bytesWritten;
    written += bytesWritten;
  }
}

async function watched<T>(work: Promise<T>): Promise<T> {
  busySince = Date.now();
  try {
    return await work;
  } finally {
    busySince = null;
  }
}

const sockets = new Set<Socket>();
const server = createServer((socket) => {
  sockets.add(socket);
  server.close();
  socket.on('data', take);
  socket.on('end', () => {
    received = true;
    wake();
  });
  socket.on('error', fail);
});
server.on('error', fail);
server.listen(order.socket, () => {
  say({ kind: 'listening' });
});

setInterval(() => {
  if (busySince !== null && Date.now() - busySince > STALL_MS) {
    fail(new Error(`the drive has not answered for ${STALL_MS} ms`));
  }
}, 250);

write().catch(fail);

process.on('message', (message) => {
  if (message !== DISMISSED) return;
  letGo();
  // SIGKILL of itself: a thread that hangs on a drive would keep it from ending in order.
  process.kill(process.pid, 'SIGKILL');
});

/**
 * A process with a thread that hangs on a drive cannot be killed before the drive answers, and until then its
 * connection would stay open with nobody to read from it. So the connection is ended first.
 */
function letGo(): void {
  server.close();
  for (const socket of sockets) socket.destroy();
}

process.on('disconnect', () => {
  void rescue().finally(() => {
    process.kill(process.pid, 'SIGKILL');
  });
});

async function rescue(): Promise<void> {
  fail(new Error('the service is gone'));
  letGo();
  const signal = AbortSignal.timeout(RESCUE_MS);
  const monitor = await connectQmp(order.guard, order.machine, { signal });
  await letRunOn(monitor, signal);
  monitor.close();
  await rm(order.socket, { force: true });
}
