/** What a backup can wake, by what its QEMU says of itself. The programs here only say something. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createCompatibilityCache,
  incompatibility,
  snapshotMode,
  type Requirements,
} from '../../../src/hw/qemu/compatibility.js';
import { openRack, type RackBase } from '../../../src/hw/qemu/rack.js';
import { wallClock } from '../../../src/clock.js';
import { DEFINITION } from './support/definition.js';

const NEEDED: Requirements = {
  qemu: '7.2.22',
  definition: { ...DEFINITION, cpu: 'Nehalem,+aes' },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rk-compatibility-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Says {
  readonly version?: string;
  readonly machines?: string;
  readonly cpus?: string;
}

function program(says: Says = {}): string {
  const {
    version = 'QEMU emulator version 7.2.22',
    machines = 'pc-q35-7.2  Standard PC',
    cpus = 'x86 Nehalem  Intel',
  } = says;
  const path = join(folder, 'qemu');
  writeFileSync(
    path,
    `#!/bin/sh\ncase "$1" in --version) echo "${version}";; -machine) echo "${machines}";; -cpu) echo "${cpus}";; esac\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

async function why(settings: object, memoryBytes = 2 ** 28): Promise<string | null> {
  const entry = {
    name: 'spare-1',
    role: 'backup' as const,
    memoryBytes,
    disk: null,
    reaches: [],
    settings: { ...settings },
  };
  const base = { root: '/run/rk', clock: wallClock, locksOf: () => ({}) } as unknown as RackBase;
  const machine = openRack(base, { machines: [entry], drives: [] }).machines.get('spare-1');
  if (machine === undefined) throw new Error('no machine');
  return incompatibility(machine, NEEDED, createCompatibilityCache());
}

describe('a backup', () => {
  it('with the same QEMU can wake it', async () => {
    expect(await why({ binary: program() })).toBeNull();
  });

  it('with a newer QEMU that knows the machine type can, too', async () => {
    expect(
      await why({ binary: program({ version: 'QEMU emulator version 10.0.2', cpus: '  Nehalem' }) }),
    ).toBeNull();
  });

  it.each([
    ['an older QEMU', { version: 'QEMU emulator version 7.1.0' }, 'its QEMU is 7.1.0, older than 7.2.22'],
    [
      'a QEMU without the machine type',
      { machines: 'pc-q35-8.0  Standard PC' },
      'has no machine type pc-q35-7.2',
    ],
    ['a QEMU without the CPU model', { cpus: 'x86 qemu64' }, 'has no CPU model Nehalem'],
    ['a program that is no QEMU', { version: 'bash 5.2' }, 'is no QEMU: to --version it says "bash 5.2'],
  ])('with %s cannot', async (_what, says, words) => {
    expect(await why({ binary: program(says) })).toContain(words);
  });

  it('without the program cannot', async () => {
    expect(await why({ binary: join(folder, 'none') })).toContain('there is no program');
  });

  it('with less memory cannot', async () => {
    expect(await why({ binary: program() }, 2 ** 27)).toBe(
      'it has 128 MiB of memory, the server has 256 MiB',
    );
  });

  it('that runs its CPU in another way cannot', async () => {
    expect(await why({ binary: program(), accel: 'tcg' })).toBe("its accel is tcg, the server's is kvm");
  });
});

it('a program that was replaced is asked again', async () => {
  const cache = createCompatibilityCache();
  const path = program({ version: 'QEMU emulator version 7.2.22' });
  expect((await cache.abilities(path, 'spare-1')).version).toBe('7.2.22');
  program({ version: 'QEMU emulator version 8.2.10' });
  expect((await cache.abilities(path, 'spare-1')).version).toBe('8.2.10');
});

it.each([
  ['7.2.22', 'stop'],
  ['8.0.5', 'stop'],
  ['8.1.0', 'background'],
  ['10.0.2', 'background'],
] as const)('memory is saved by QEMU %s in mode %s', (version, mode) => {
  expect(snapshotMode(version)).toBe(mode);
});
