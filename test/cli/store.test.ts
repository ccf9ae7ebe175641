import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHandle } from '../../src/store/sqlite/handle.js';
import { openSqliteStore } from '../../src/store/sqlite/index.js';
import { createVirtualClock } from '../../src/virtual-clock.js';
import { alert, minute } from '../store/world.js';
import { startFake } from './fake-service.js';
import { rekindle } from './harness.js';

let cwd = '';

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'rekindle-cli-store-'));
});

afterEach(async () => {
  await rm(cwd, { recursive: true });
});

/** The store of a service that has stopped. */
async function stopped(): Promise<void> {
  const store = await openSqliteStore({
    file: join(cwd, 'rekindle-data/rekindle.db'),
    clock: createVirtualClock(),
  });
  await store.accept([alert('a')], minute(0));
  await store.backUp(join(cwd, 'copy.db'));
  await store.close();
}

async function tampered(): Promise<void> {
  const handle = await openHandle(join(cwd, 'rekindle-data/rekindle.db'));
  await handle.run("UPDATE events SET server = 'web-9'");
  await handle.close();
}

describe('rekindle store', () => {
  it('checks the store of a stopped service', async () => {
    await stopped();
    const { code, out } = await rekindle(['store', 'check', 'rekindle-data/rekindle.db'], { cwd });
    expect({ code, out }).toEqual({ code: 0, out: 'whole, 0 journal entries\n' });
  });

  it('says what is damaged', async () => {
    await stopped();
    await tampered();
    const { code, out } = await rekindle(['store', 'check', 'rekindle-data/rekindle.db'], { cwd });
    expect({ code, out }).toEqual({ code: 1, out: 'damaged: events 1 is not as it was written\n' });
  });

  it('says what is wrong with a path, and makes no file there', async () => {
    const { code, err } = await rekindle(['store', 'check', 'nothing.db'], { cwd });
    expect(code).toBe(1);
    expect(err).toMatch(/nothing\.db: does not exist/);
    expect((await rekindle(['store', 'check', 'nothing.db'], { cwd })).err).toBe(err);
  });

  it('puts a backup back', async () => {
    await stopped();
    await tampered();
    const { code, out } = await rekindle(['store', 'restore', 'copy.db'], { cwd });
    expect(code).toBe(0);
    expect(out).toMatch(/what stood there is now .*rekindle\.db\.replaced-/);
    expect((await rekindle(['store', 'check', 'rekindle-data/rekindle.db'], { cwd })).code).toBe(0);
  });

  it('asks the running service', async () => {
    const { url } = await startFake();
    expect((await rekindle(['store', 'check', '--url', url])).out).toBe('whole, 2 journal entries\n');
    expect((await rekindle(['store', 'backup', '--url', url])).out).toMatch(/backups/);
    expect((await rekindle(['store', 'check', '--url', url, '--format', 'json'])).out).toBe(
      '{"damage":[],"journal":{"entries":2,"hash":"ab12"}}\n',
    );
  });
});

describe('rekindle audit verify', () => {
  it('prints the head of the chain', async () => {
    const { url } = await startFake();
    expect((await rekindle(['audit', 'verify', '--url', url])).out).toBe('2:ab12\n');
  });

  it('fails when the journal does not lead through a head that was noted', async () => {
    await stopped();
    const head = `7:${'a'.repeat(64)}`;
    const { code, out } = await rekindle(['audit', 'verify', 'copy.db', '--head', head], { cwd });
    expect({ code, out }).toEqual({
      code: 1,
      out: 'rewritten: the journal ends at entry 0, and 7 were noted\n',
    });
  });

  it('takes nothing for a head that is none', async () => {
    expect((await rekindle(['audit', 'verify', '--head', 'ab'])).code).toBe(2);
  });
});
