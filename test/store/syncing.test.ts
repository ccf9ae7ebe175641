/** What is acknowledged is on the disk: a commit that cannot be synced is refused, so every commit is synced. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeSuite } from '../support/require.js';
import { startChild } from './child/index.js';

const SOURCE = join(import.meta.dirname, '../fixtures/e2e/preload/failing-fsync.c');

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekindle-sync-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

describeSuite('a commit on a disk that fails to sync', ['gcc'], () => {
  it('is not acknowledged', { timeout: 60_000 }, async () => {
    const library = join(folder, 'failing-fsync.so');
    await promisify(execFile)('gcc', ['-shared', '-fPIC', '-o', library, SOURCE, '-ldl']);
    const child = startChild('accept-on-failing-disk.ts', [join(folder, 'rekindle.db')], {
      LD_PRELOAD: library,
      FAILING_FSYNC: join(folder, 'fail'),
    });
    const [said] = await child.said(1);
    await child.kill();
    expect(said).toMatch(/SQLITE_IOERR/);
  });
});
