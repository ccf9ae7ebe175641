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
import { isSinkCommand, type SinkMessage, type SinkOrder } from './sink-protocol.js';

/** A drive that takes so long for one request is stalled. */
const STALL_MS = 10_000;
const PROGRESS_BYTES = 64 * 2 ** 20;
/** As many pieces as one call may write (`IOV_MAX`). */
const MAX_CHUNKS = 1_024;
const RESCUE_MS = 60_000;

/** Null until there is something to receive: it is started ahead. */
let work: SinkOrder | null = null;
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

async function write({ file: path }: SinkOrder): Promise<void> {
  const file = await watched(open(path, 'w', 0o600));
  try {
    await writeTo(file);
  } finally {
    await file.close();
  }
  if (over) return;
  over = true;
  say({ kind: 'stored', bytes: written, sha256: hash.digest('hex') });
}

async function writeTo(file: FileHandle): Promise<void> {
  let told = 0;
  for (let chunks = await next(); chunks !== null; chunks = await next()) {
    const writing = writeAll(file, chunks);
    // While they are written; after it, the checksum would be what QEMU waits for.
    for (const chunk of chunks) hash.update(chunk);
    await writing;
    if (written - told >= PROGRESS_BYTES) {
      told = written;
      say({ kind: 'progress', bytes: written });
    }
  }
  await watched(file.sync());
}

/** What has come meanwhile; null after the last of it. */
async function next(): Promise<readonly Buffer[] | null> {
  while (queue.length === 0) {
    if (received || over) return null;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  // Never joined to one piece: to touch that much new memory would take longer than to write it.
  return queue.splice(0, MAX_CHUNKS);
}

async function writeAll(file: FileHandle, chunks: readonly Buffer[]): Promise<void> {
  for (let rest = chunks; rest.length > 0 && !over;) {
    const { bytesWritten } = await watched(file.writev(rest));
    written += bytesWritten;
    rest = after(rest, bytesWritten);
  }
}

/** What is left of the chunks when so many bytes of them are written. */
function after(chunks: readonly Buffer[], bytes: number): readonly Buffer[] {
  let skip = bytes;
  return chunks.flatMap((chunk) => {
    const gone = Math.min(skip, chunk.length);
    skip -= gone;
    return gone === chunk.length ? [] : [chunk.subarray(gone)];
  });
}

async function watched<T>(work: Promise<T>): Promise<T> {
  busySince = performance.now();
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

function receive(order: SinkOrder): void {
  work = order;
  server.listen(order.socket, () => {
    say({ kind: 'listening' });
  });
  write(order).catch(fail);
}

setInterval(() => {
  if (busySince !== null && performance.now() - busySince > STALL_MS) {
    fail(new Error(`the drive has not answered for ${STALL_MS} ms`));
  }
}, 250);

process.on('message', (message: unknown) => {
  if (!isSinkCommand(message)) return;
  if (message.kind === 'receive') {
    receive(message.order);
    return;
  }
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

process.on('disconnect', leave);
// The service may have gone while this process was starting, before there was anybody to hear of it.
if (!process.connected) leave();

function leave(): void {
  void rescue().finally(() => {
    process.kill(process.pid, 'SIGKILL');
  });
}

async function rescue(): Promise<void> {
  fail(new Error('the service is gone'));
  letGo();
  if (work === null) return;
  const signal = AbortSignal.timeout(RESCUE_MS);
  const monitor = await connectQmp(work.guard, work.machine, { signal });
  await letRunOn(monitor, signal);
  monitor.close();
  await rm(work.socket, { force: true });
}
