/** What goes wrong with drives, processes and images, on real QEMU. The server runs on in every case. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { DISK_NODE } from '../../../src/hw/qemu/command-line.js';
import { NODES } from '../../../src/hw/qemu/snapshot/names.js';
import { connectQmp, type QmpConnection } from '../../../src/hw/qemu/qmp/connection.js';
import { describeSuite } from '../../support/require.js';
import { hardwareCode } from '../../hw/driver-contract.js';
import { QEMU } from './support/needs.js';
import { removeGolden, type Site } from './support/site.js';
import { createWorld, type World } from './support/world.js';

const NEVER = new AbortController().signal;

describeSuite('faults around a QEMU machine', [...QEMU, 'root'], () => {
  let world: World | null = null;
  const undo: (() => void)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) step();
    await world?.close();
    world = null;
  });
  afterAll(removeGolden);

  const mount = (...args: readonly string[]): void => {
    execFileSync('mount', args);
    undo.push(() => execFileSync('umount', ['-l', args.at(-1) ?? '']));
  };

  /** The server has stood still for no longer than a second, and memory and disk agree. */
  const runsOn = async (of: World): Promise<void> => {
    const reading = await of.goesOn('web-1');
    expect([reading.disagreements, reading.badChecks, reading.diskErrors]).toEqual([[], 0, []]);
    expect((await of.power('web-1').guest(NEVER))?.server).toBe('web-1');
  };

  const guardOf = (of: World): Promise<QmpConnection> =>
    connectQmp(join(dirname(of.site.consoleOf('web-1')), 'guard.sock'), 'web-1');

  /** What a snapshot has put into the running machine and not taken out again. */
  const leftIn = async (of: World): Promise<readonly string[]> => {
    const monitor = await guardOf(of);
    const nodes = await monitor.execute('query-named-block-nodes', { flat: true }, {});
    monitor.close();
    const names = nodes.flatMap((node) => [
      node['node-name'],
      ...(node['dirty-bitmaps'] ?? []).map(({ name }) => name ?? ''),
    ]);
    return names.filter((name) => name.startsWith('rekindle'));
  };

  it('a drive that is full: said as such, nothing left, and the other drive takes the next', async () => {
    world = await createWorld({
      beforeOpen: (site) => {
        mount('-t', 'tmpfs', '-o', 'size=24m', 'none', join(site.folder, 'd1'));
      },
    });
    expect(await hardwareCode(world.snapshot('s-1', 'd1'))).toBe('no-space');
    expect(await world.storage('d1').inspect('s-1', NEVER)).toBe('absent');
    expect(await leftIn(world)).toEqual([]);
    await runsOn(world);
    await world.snapshot('s-2', 'd2');
    expect(await world.storage('d2').verify('s-2', NEVER)).toBe('ok');
  });

  it('a drive that stalls: given up, the server never waits for it, and the next snapshot works', async () => {
    const frozen = { at: '' };
    world = await createWorld({
      beforeOpen: (site) => {
        frozen.at = join(site.folder, 'd1');
        mountOwnDisk(site, mount);
      },
    });
    const thaw = (): void => {
      execFileSync('fsfreeze', ['-u', frozen.at]);
    };
    const giveUp = new AbortController();
    const stalled = world.snapshot('s-1', 'd1', {
      signal: giveUp.signal,
      onProgress: () => {
        if (undo.includes(thaw)) return;
        execFileSync('fsfreeze', ['-f', frozen.at]);
        undo.push(thaw);
        setTimeout(() => {
          giveUp.abort(new Error('deadline'));
        }, 1_500);
      },
    });
    expect(await hardwareCode(stalled)).toBe('aborted');
    await runsOn(world);
    await world.snapshot('s-2', 'd2');
    undo.pop();
    thaw();
    await world.snapshot('s-3', 'd1');
    expect(await world.storage('d1').verify('s-3', NEVER)).toBe('ok');
    await runsOn(world);
  });

  it('a drive that is unplugged in the middle', async () => {
    world = await createWorld();
    const place = join(world.site.folder, 'd1');
    const unplugged = world.snapshot('s-1', 'd1', {
      onProgress: () => {
        renameSync(place, `${place}.gone`);
      },
    });
    expect(await hardwareCode(unplugged)).toBe('drive-failed');
    expect(await hardwareCode(world.storage('d1').status(NEVER))).toBe('drive-failed');
    await runsOn(world);
    await world.snapshot('s-2', 'd2');
  });

  it('another disk in the place of a drive is not taken for it', async () => {
    world = await createWorld();
    await world.snapshot('s-1', 'd1');
    mount('-t', 'tmpfs', 'none', join(world.site.folder, 'd1'));
    await expect(world.snapshot('s-2', 'd1')).rejects.toThrow(/not the disk that it was/);
    await runsOn(world);
  });

  it('one disk in the places of two drives is one of them only, however it is mounted', async () => {
    world = await createWorld({
      beforeOpen: ({ folder }) => {
        rmdirSync(join(folder, 'd2'));
        symlinkSync(join(folder, 'd1'), join(folder, 'd2'));
      },
    });
    const both = await Promise.allSettled([
      world.storage('d1').status(NEVER),
      world.storage('d2').status(NEVER),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const refused = both.findIndex(({ status }) => status === 'rejected');
    await expect(world.snapshot('s-1', `d${refused + 1}`)).rejects.toThrow(/is the disk of the drive d[12],/);
    await world.snapshot('s-1', `d${2 - refused}`);
  });

  it('the sink is killed while it receives', async () => {
    world = await createWorld();
    const killed = world.snapshot('s-1', 'd1', {
      onProgress: () => {
        for (const pid of childrenNamed('sink-main')) process.kill(pid, 'SIGKILL');
      },
    });
    // Killed after it had stored all of it, there is nothing to miss.
    const code = await hardwareCode(killed).catch(() => 'complete');
    expect(['no-answer', 'complete']).toContain(code);
    expect(await leftIn(world)).toEqual(code === 'complete' ? ['rekindle/d1/s-1'] : []);
    await runsOn(world);
    await world.snapshot('s-2', 'd1');
    expect(await world.storage('d1').verify('s-2', NEVER)).toBe('ok');
  });

  it('a service that was killed left a filter behind that the disk does not show: it is taken out', async () => {
    world = await createWorld();
    const scratch = join(world.site.folder, 'left.scratch');
    writeFileSync(scratch, '');
    truncateSync(scratch, 64 * 2 ** 20);
    const monitor = await guardOf(world);
    const file = { driver: 'file', filename: scratch } as const;
    await monitor.execute('blockdev-add', { driver: 'raw', 'node-name': NODES.scratch, file }, {});
    await monitor.execute(
      'blockdev-add',
      {
        driver: 'copy-before-write',
        'node-name': NODES.filter,
        file: DISK_NODE,
        target: NODES.scratch,
        'on-cbw-error': 'break-snapshot',
        'cbw-timeout': 5,
      },
      {},
    );
    monitor.close();
    await world.snapshot('s-1', 'd1');
    expect(await leftIn(world)).toEqual(['rekindle/d1/s-1']);
    await runsOn(world);
  });

  it('the sink stands still while the server is paused: the server runs on', async () => {
    world = await createWorld();
    const sink = holdTheSink();
    const held = hardwareCode(world.snapshot('s-1', 'd1', {}));
    sink.release();
    await held.catch(() => undefined);
    await runsOn(world);
  });

  it('QEMU refuses, as it sends its memory elsewhere: said in its words, nothing left, and that goes on', async () => {
    world = await createWorld();
    const elsewhere = createServer((socket) => socket.pause());
    undo.push(() => elsewhere.close());
    const socket = join(world.site.folder, 'elsewhere.sock');
    await once(elsewhere.listen(socket), 'listening');
    const monitor = await guardOf(world);
    await monitor.execute('migrate-set-parameters', { 'max-bandwidth': 4_096 }, {});
    await monitor.execute('migrate', { uri: `unix:${socket}` }, {});
    monitor.close();
    await expect(world.snapshot('s-1', 'd1')).rejects.toThrow(/migration/i);
    expect(await leftIn(world)).toEqual([]);
    expect(await world.storage('d1').inspect('s-1', NEVER)).toBe('absent');
    expect(childrenNamed('qemu-nbd')).toEqual([]);
    const later = await guardOf(world);
    expect((await later.execute('query-migrate', {}, {})).status).toBe('active');
    later.close();
    await runsOn(world);
  });

  it('QEMU is killed in the middle', async () => {
    world = await createWorld();
    await world.snapshot('s-1', 'd1');
    const of = world;
    const killed = world.snapshot('s-2', 'd2', {
      onProgress: () => {
        process.kill(of.site.pidOf('web-1') ?? 0, 'SIGKILL');
      },
    });
    const code = await hardwareCode(killed).catch(() => 'complete');
    expect(['no-answer', 'complete']).toContain(code);
    expect(await world.power('web-1').state(NEVER)).toBe('off');
    await world.wake('s-1', 'd1');
    expect((await world.goesOn('spare-1')).disagreements).toEqual([]);
  });

  it('QMP hangs: no state is made up, and switching off works all the same', async () => {
    world = await createWorld();
    process.kill(world.site.pidOf('web-1') ?? 0, 'SIGSTOP');
    expect(await world.power('web-1').state(NEVER)).toBe('on');
    expect(await hardwareCode(world.power('web-1').guest(NEVER))).toBe('no-answer');
    expect(await hardwareCode(world.snapshot('s-1', 'd1'))).toBe('no-answer');
    await world.power('web-1').off({ operation: 'op', signal: NEVER });
    expect(await world.power('web-1').state(NEVER)).toBe('off');
  });

  it('a memory that is truncated, or has one bit flipped, reads back as damaged and is not woken', async () => {
    world = await createWorld();
    await world.snapshot('s-1', 'd1');
    await world.snapshot('s-2', 'd1');
    const memory = (id: string): string =>
      join(world?.site.folder ?? '', 'd1/rekindle/snapshots', id, 'memory');
    truncateSync(memory('s-1'), 20_000_000);
    flipBit(memory('s-2'), 12_345_678);
    expect(await world.storage('d1').verify('s-1', NEVER)).toBe('damaged');
    expect(await world.storage('d1').verify('s-2', NEVER)).toBe('damaged');
    expect(await hardwareCode(world.wake('s-1', 'd1'))).toBe('damaged');
    expect(await world.power('spare-1').state(NEVER)).toBe('off');
  });

  it('a layer of the disk that has one bit flipped reads back as damaged, also for the snapshots above it', async () => {
    world = await createWorld();
    await world.snapshot('s-1', 'd1');
    await world.snapshot('s-2', 'd1');
    flipBit(join(world.site.folder, 'd1/rekindle/layers/s-1.qcow2'), 400_000);
    expect(await world.storage('d1').verify('s-1', NEVER)).toBe('damaged');
    expect(await world.storage('d1').verify('s-2', NEVER)).toBe('damaged');
  });

  it('a manifest that is damaged makes its snapshot remains', async () => {
    world = await createWorld();
    await world.snapshot('s-1', 'd1');
    const file = join(world.site.folder, 'd1/rekindle/snapshots/s-1/manifest.json');
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 200));
    expect(await world.storage('d1').inspect('s-1', NEVER)).toBe('partial');
    expect(await world.storage('d1').verify('s-1', NEVER)).toBe('damaged');
    expect(await hardwareCode(world.wake('s-1', 'd1'))).toBe('absent');
  });

  it('a backup whose QEMU does not start says why, in the words of QEMU', async () => {
    world = await createWorld({ backup: { settings: { kernel: '/nonexistent/kernel' } } });
    await world.snapshot('s-1', 'd1');
    const manifest = join(world.site.folder, 'd1/rekindle/snapshots/s-1/manifest.json');
    const text = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, text.replaceAll(/"kernel": "[^"]+"/g, '"kernel": "/nonexistent/kernel"'));
    await expect(world.wake('s-1', 'd1')).rejects.toThrow(/QEMU did not start.*QEMU said: .*nonexistent/s);
    expect(await world.power('spare-1').state(NEVER)).toBe('off');
  });
});

/** A file system of its own, which can be frozen. */
function mountOwnDisk(site: Site, mount: (...args: readonly string[]) => void): void {
  const image = join(site.folder, 'd1.ext4');
  execFileSync('truncate', ['-s', '600M', image]);
  execFileSync('mkfs.ext4', ['-q', image]);
  mount('-o', 'loop', image, join(site.folder, 'd1'));
}

function flipBit(file: string, at: number): void {
  const descriptor = openSync(file, 'r+');
  const bytes = readFileSync(file).subarray(at, at + 1);
  writeSync(descriptor, Buffer.from([(bytes[0] ?? 0) ^ 1]), 0, 1, at);
  closeSync(descriptor);
}

/** Processes of this test that run the given program. */
function childrenNamed(program: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
        return (
          Number(parent) === process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(program)
        );
      } catch {
        return false;
      }
    });
}

/** Stops the sink as soon as there is one, so that QEMU has nobody to send to. */
function holdTheSink(): { release(): void } {
  const timer = setInterval(() => {
    for (const pid of childrenNamed('sink-main')) process.kill(pid, 'SIGSTOP');
  }, 5);
  return {
    release() {
      setTimeout(() => {
        clearInterval(timer);
      }, 3_000);
    },
  };
}
