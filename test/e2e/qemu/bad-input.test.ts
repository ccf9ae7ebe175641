/** What is wrong with programs, images and versions: told with the machine, the words of QEMU, and what to do. */
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import type { DriveEntry, MachineEntry, OpenDriver } from '../../../src/hw/contract.js';
import { hardwareCode } from '../../hw/driver-contract.js';
import { describeSuite } from '../../support/require.js';
import { QEMU } from './support/needs.js';
import { QEMU_BINARY } from './support/qemu.js';
import { createDisk, createSite, prove, removeGolden, type Site } from './support/site.js';
import { createWorld, type World } from './support/world.js';

const NEVER = new AbortController().signal;

/** Opens the monitors that it is told to, as QEMU does, and speaks another protocol on them. */
const GARBAGE = `#!/usr/bin/env node
const { createServer } = require('node:net');
for (const argument of process.argv) {
  const path = /^socket,id=\\w+,path=([^,]+)/.exec(argument)?.[1];
  if (path) createServer((socket) => socket.write('220 smtp.example.com ESMTP\\r\\n')).listen(path);
}
`;

describeSuite('bad input to the QEMU driver', QEMU, () => {
  let site: Site | null = null;
  let world: World | null = null;
  let open: OpenDriver | null = null;
  afterEach(async () => {
    await open?.close();
    await world?.close();
    site?.close();
    [site, world, open] = [null, null, null];
  });
  afterAll(removeGolden);

  function program(of: Site, name: string, text: string): string {
    const path = join(of.folder, name);
    writeFileSync(path, text);
    chmodSync(path, 0o755);
    return path;
  }

  interface Entries {
    readonly machines: readonly MachineEntry[];
    readonly drives: readonly DriveEntry[];
  }

  async function entriesWith(settings: (of: Site) => Readonly<Record<string, unknown>>): Promise<Entries> {
    site = await createSite(['disk-1', 'd1']);
    createDisk(join(site.folder, 'disk-1'));
    return {
      machines: [site.machine('web-1', { disk: 'disk-1', settings: settings(site) })],
      drives: [site.drive('disk-1', 'array-1'), site.drive('d1', 'array-2')],
    };
  }

  async function boot(entries: Entries): Promise<void> {
    if (site === null) throw new Error('no site');
    open = site.driver.open(entries);
    const { power } = open.machine('web-1');
    if (power === undefined) throw new Error('no power');
    const proof = await prove(site, power, 'web-1', 'op');
    await power.boot({ operation: 'op', server: 'web-1', drive: 'disk-1', proof, signal: NEVER });
  }

  it.each([
    ['is not there', () => '/nonexistent/qemu', /there is no program \/nonexistent\/qemu/],
    [
      'is another program',
      () => '/bin/true',
      /web-1: QEMU did not start: it ended \(exit code 0\).*Its log is/,
    ],
    [
      'speaks another protocol',
      (of: Site) => program(of, 'garbage', GARBAGE),
      /web-1: QEMU did not start: .*220 smtp\.example\.com ESMTP.*no QMP message/s,
    ],
  ])('a QEMU program that %s', async (_what, binary, words) => {
    const entries = await entriesWith((of) => ({ binary: binary(of) }));
    await expect(boot(entries)).rejects.toThrow(words);
    expect(await open?.machine('web-1').power?.state(NEVER)).toBe('off');
    const found = await site?.driver.probe?.(entries);
    expect(found?.map(({ subject, setting }) => [subject, setting])).toContainEqual(['web-1', 'binary']);
  });

  it('a disk image that is not there', async () => {
    const entries = await entriesWith(() => ({}));
    rmSync(join(site?.folder ?? '', 'disk-1/disk.img'));
    await expect(boot(entries)).rejects.toThrow(/disk\.img/);
    const found = await site?.driver.probe?.(entries);
    expect(found).toEqual([
      expect.objectContaining({
        subject: 'disk-1',
        setting: 'image',
        hint: expect.stringContaining('qemu-img create') as string,
      }),
    ]);
  });

  it('an older QEMU on the only backup: no snapshot is taken that it could not wake', async () => {
    const older = `#!/bin/sh\ncase "$1" in --version) echo "QEMU emulator version 6.2.0";; *) exec ${QEMU_BINARY} "$@";; esac\n`;
    const settings: Record<string, unknown> = {};
    world = await createWorld({
      beforeOpen: (of) => (settings.binary = program(of, 'older', older)),
      backup: { settings },
    });
    const refused = world.snapshot('s-1', 'd1');
    await expect(refused).rejects.toThrow(/no backup could wake .* spare-1: its QEMU is 6\.2\.0, older than/);
    expect(await hardwareCode(world.snapshot('s-1', 'd1'))).toBe('unsupported');
    expect(await world.storage('d1').inspect('s-1', NEVER)).toBe('absent');
    await world.goesOn('web-1');
  });
});
