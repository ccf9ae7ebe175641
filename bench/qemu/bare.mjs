/**
 * The bare QMP sequence, driven by a minimal script: what ours is compared with. It does what has to be done to have
 * memory and disk of one instant on a drive and to wake from them, and nothing else: no checksum, no journal, no
 * fence, no second attempt, no thought of a drive that hangs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createImage, tool } from './tools.mjs';

const DISK_DEVICE = '/machine/peripheral/system-disk';

/** A QMP client in thirty lines. */
export async function openQmp(path) {
  const socket = await connectWhenThere(path);
  const pending = new Map();
  const events = [];
  const waiting = new Set();
  let rest = '';
  let lastId = 0;
  socket.setEncoding('utf8');
  socket.on('error', () => undefined);
  socket.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines.filter((one) => one.trim() !== '')) take(JSON.parse(line));
  });
  function take(message) {
    if (message.event !== undefined) {
      events.push(message);
      for (const look of waiting) look();
      return;
    }
    const { resolve, reject } = pending.get(message.id) ?? {};
    if (message.error === undefined) resolve?.(message.return);
    else reject?.(new Error(message.error.desc));
  }
  const closed = once(socket, 'close');
  return {
    closed,
    close: () => socket.destroy(),
    execute(execute, args = {}) {
      lastId += 1;
      socket.write(`${JSON.stringify({ execute, arguments: args, id: lastId })}\n`);
      return new Promise((resolve, reject) => pending.set(lastId, { resolve, reject }));
    },
    /** The first event from `since` on that fits. */
    until(fits, since = 0) {
      return new Promise((resolve) => {
        const look = () => {
          const found = events.slice(since).find(fits);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      });
    },
    get heard() {
      return events.length;
    },
  };
}

async function connectWhenThere(path) {
  for (;;) {
    const socket = connect(path);
    try {
      await once(socket, 'connect');
      socket.write('{"execute":"qmp_capabilities","id":0}\n');
      return socket;
    } catch {
      await sleep(2);
    }
  }
}

/** Takes memory and disk of one instant into `folder`; only the changes when `name` is not the first. */
export async function bareSnapshot(qmp, { folder, name, background, diskBytes, first }) {
  const began = performance.now();
  const files = {
    memory: join(folder, `${name}.memory`),
    disk: join(folder, `${name}.qcow2`),
    scratch: join(folder, `${name}.scratch`),
  };
  createImage(files.scratch, diskBytes);
  createImage(files.disk, diskBytes);
  const node = (name, filename) => ({
    driver: 'qcow2',
    'node-name': name,
    file: { driver: 'file', filename },
  });
  await qmp.execute('blockdev-add', node('bare-target', files.disk));
  await qmp.execute('migrate-set-capabilities', {
    capabilities: [
      { capability: 'events', state: true },
      { capability: 'background-snapshot', state: background },
    ],
  });
  await qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 40 });
  const { uri, stored } = await receive(`${files.memory}.sock`, files.memory);
  const since = qmp.heard;
  const sent = () =>
    qmp.until(({ event, data }) => event === 'MIGRATION' && data.status === 'completed', since);

  const freeze = async () => {
    await qmp.execute('blockdev-add', node('bare-scratch', files.scratch));
    await qmp.execute('blockdev-add', {
      ...{ driver: 'copy-before-write', 'node-name': 'bare-filter', file: 'disk', target: 'bare-scratch' },
      ...{ 'on-cbw-error': 'break-snapshot', 'cbw-timeout': 5 },
    });
    await qmp.execute('qom-set', { path: DISK_DEVICE, property: 'drive', value: 'bare-filter' });
    await qmp.execute('blockdev-add', {
      driver: 'snapshot-access',
      'node-name': 'bare-view',
      file: 'bare-filter',
    });
    await qmp.execute('transaction', { actions: first ? MARK_FIRST : MARK_NEXT });
  };
  const stopped = performance.now();
  await qmp.execute('stop');
  if (background) {
    await freeze();
    await qmp.execute('migrate', { uri });
    while (!(await isProtected(qmp)));
  } else {
    await qmp.execute('migrate', { uri });
    await sent();
    await freeze();
  }
  await qmp.execute('cont');
  const pausedMs = performance.now() - stopped;
  const copied = qmp.until(({ event }) => event === 'BLOCK_JOB_COMPLETED', since);
  await qmp.execute('blockdev-backup', {
    ...{ 'job-id': 'bare-copy', device: 'bare-view', target: 'bare-target' },
    ...(first ? { sync: 'full' } : { sync: 'bitmap', bitmap: 'bare-todo', 'bitmap-mode': 'never' }),
  });
  await Promise.all([sent(), stored, copied.then(() => makeDurable(files.disk))]);
  await qmp.execute('blockdev-del', { 'node-name': 'bare-view' });
  await qmp.execute('qom-set', { path: DISK_DEVICE, property: 'drive', value: 'disk' });
  for (const node of ['bare-filter', 'bare-scratch', 'bare-target'])
    await qmp.execute('blockdev-del', { 'node-name': node });
  rmSync(files.scratch);
  const tookMs = performance.now() - began;
  return { ...files, tookMs, pausedMs, diskBytes: statSync(files.disk).blocks * 512 };
}

const ADD = { type: 'block-dirty-bitmap-add', data: { node: 'disk', name: 'bare' } };
const MARK_FIRST = [ADD];
const MARK_NEXT = [
  { type: 'block-dirty-bitmap-add', data: { node: 'bare-view', name: 'bare-todo', disabled: true } },
  {
    type: 'block-dirty-bitmap-merge',
    data: { node: 'bare-view', target: 'bare-todo', bitmaps: [{ node: 'disk', name: 'bare' }] },
  },
  { type: 'block-dirty-bitmap-clear', data: { node: 'disk', name: 'bare' } },
];

async function isProtected(qmp) {
  const { ram, status } = await qmp.execute('query-migrate');
  return status === 'completed' || (ram !== undefined && ram.normal + ram.duplicate > 0);
}

/** The memory is made durable as well. */
async function makeDurable(file) {
  const handle = await open(file, 'r+');
  await handle.sync();
  await handle.close();
}

async function receive(path, file) {
  rmSync(path, { force: true });
  const server = createServer().listen(path);
  await once(server, 'listening');
  const stored = once(server, 'connection').then(async ([socket]) => {
    await pipeline(socket, createWriteStream(file, { flush: true }));
    server.close();
  });
  return { uri: `unix:${path}`, stored };
}

/** A QEMU that waits for saved memory, or boots when there is none. */
export function bareStart({ folder, name, args, disk, format = 'qcow2', incoming }) {
  const qmpPath = join(folder, `${name}.qmp`);
  const console_ = join(folder, `${name}.console`);
  const child = spawn(
    tool.qemu,
    [
      ...args,
      ...['-serial', `file:${console_}`],
      ...['-qmp', `unix:${qmpPath},server=on,wait=off`],
      ...[
        '-blockdev',
        JSON.stringify({ driver: format, 'node-name': 'disk', file: { driver: 'file', filename: disk } }),
      ],
      ...['-device', 'virtio-blk-pci,drive=disk,id=system-disk'],
      ...(incoming ? ['-S', '-incoming', 'defer'] : []),
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  return { child, qmpPath, console: console_ };
}

/** Loads saved memory, and leaves the machine paused. */
export async function bareLoad(qmp, memory) {
  await qmp.execute('migrate-set-capabilities', {
    capabilities: [
      { capability: 'events', state: true },
      { capability: 'late-block-activate', state: true },
    ],
  });
  const loaded = qmp.until(({ event, data }) => event === 'MIGRATION' && data.status === 'completed');
  await qmp.execute('migrate-incoming', { uri: `exec:cat ${memory}` });
  await loaded;
}
