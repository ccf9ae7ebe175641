import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/store/store.js';
import { openHandle } from '../../src/store/sqlite/handle.js';
import { MIGRATIONS } from '../../src/store/sqlite/migrations/index.js';
import { openSqliteStore } from '../../src/store/sqlite/index.js';
import { createVirtualClock } from '../../src/virtual-clock.js';
import { startChild, type Child } from './child/index.js';
import { alert, minute } from './world.js';

let folder = '';
let opened: Store[] = [];
let children: Child[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekindle-open-'));
});

afterEach(async () => {
  for (const store of opened) await store.close();
  for (const child of children) await child.kill();
  opened = [];
  children = [];
  await rm(folder, { recursive: true });
});

const file = (name = 'rekindle.db'): string => join(folder, name);

async function open(path = file()): Promise<Store> {
  const store = await openSqliteStore({ file: path, clock: createVirtualClock() });
  opened.push(store);
  return store;
}

const accept = (store: Store, id: string) => store.accept([alert(id)], minute(0));

async function sql(path: string, ...statements: readonly string[]): Promise<void> {
  const handle = await openHandle(path);
  for (const statement of statements) await handle.exec(statement);
  await handle.close();
}

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

describe('a store that is opened', () => {
  it('remembers what it was told before it was closed', async () => {
    const store = await open();
    await accept(store, 'a');
    await store.close();
    expect(await (await open()).pending()).toEqual([alert('a')]);
  });

  it('is for its owner alone: the file, its log and a folder that it made', async () => {
    const path = file('var/lib/rekindle.db');
    await accept(await open(path), 'a');
    expect(await modeOf(path)).toBe('600');
    expect(await modeOf(`${path}-wal`)).toBe('600');
    expect(await modeOf(`${path}.lock`)).toBe('600');
    expect(await modeOf(file('var'))).toBe('700');
    expect(await modeOf(file('var/lib'))).toBe('700');
  });

  it('leaves nothing but its file and its mark when it is closed', async () => {
    const store = await open();
    await accept(store, 'a');
    await store.close();
    expect([file(), `${file()}-wal`, `${file()}.lock`].map(existsSync)).toEqual([true, false, false]);
    expect(existsSync(`${file()}.mark`)).toBe(true);
  });

  it('leaves the next owner alone when it is closed a second time', async () => {
    const store = await open();
    await store.close();
    await open();
    await store.close();
    await expect(open()).rejects.toMatchObject({ code: 'STORE_LOCKED', pid: process.pid });
  });

  it('says which SQLite it runs on', async () => {
    expect((await open()).engineVersion).toMatch(/^3\.\d+\.\d+$/);
  });
});

/** Another process that has the store open. */
async function holder(): Promise<Child> {
  const child = startChild('hold.ts', [file()]);
  children.push(child);
  await child.said(1);
  return child;
}

/** A child compiles what it runs; on a busy machine that takes its time. */
const WITH_CHILD = { timeout: 60_000 };

describe('a store in use', () => {
  it('is refused to another process, with the pid of the one that has it', WITH_CHILD, async () => {
    const child = await holder();
    const refused = open();
    await expect(refused).rejects.toMatchObject({ code: 'STORE_LOCKED', pid: child.pid });
    await expect(refused).rejects.toThrow(`process ${child.pid}`);
  });

  it('is free again after its owner was killed', WITH_CHILD, async () => {
    const child = await holder();
    await child.kill();
    expect(existsSync(`${file()}.lock`)).toBe(true);
    await accept(await open(), 'a');
  });

  it('is refused a second time in the same process too', async () => {
    await open();
    await expect(open()).rejects.toMatchObject({ code: 'STORE_LOCKED', pid: process.pid });
  });

  it('is not freed by somebody who was refused', async () => {
    await open();
    await expect(open()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await expect(open()).rejects.toMatchObject({ code: 'STORE_LOCKED', pid: process.pid });
  });

  it('is not freed by a lock file that says nonsense', async () => {
    await open();
    await writeFile(`${file()}.lock`, 'nobody');
    await expect(open()).rejects.toMatchObject({ code: 'STORE_LOCKED', pid: null });
  });
});

describe('a file that cannot serve as the store', () => {
  const UNSUITABLE = { name: 'StoreUnsuitable', code: 'STORE_UNSUITABLE' };

  it('is one with a schema newer than this version knows, and stays as it is', async () => {
    await (await open()).close();
    await sql(file(), 'PRAGMA user_version = 99');
    const refused = open();
    await expect(refused).rejects.toMatchObject(UNSUITABLE);
    await expect(refused).rejects.toThrow(/schema 99/);
    await sql(file(), `PRAGMA user_version = ${MIGRATIONS.length}`);
    await accept(await open(), 'a');
  });

  it('is the database of another program', async () => {
    await sql(file(), 'CREATE TABLE customers (name TEXT)');
    await expect(open()).rejects.toMatchObject(UNSUITABLE);
    await sql(file('other.db'), 'PRAGMA application_id = 5', 'PRAGMA user_version = 1');
    await expect(open(file('other.db'))).rejects.toMatchObject(UNSUITABLE);
  });

  it('is one that is no database', async () => {
    await writeFile(file(), 'apiVersion: rekindle/v1\n'.repeat(100));
    await expect(open()).rejects.toMatchObject(UNSUITABLE);
  });

  it('is a folder', async () => {
    await expect(open(folder)).rejects.toThrow(/not a regular file/);
  });

  it('is one whose folder cannot be made', async () => {
    await writeFile(file('var'), '');
    await expect(open(file('var/rekindle.db'))).rejects.toMatchObject(UNSUITABLE);
  });

  it('is an empty path', async () => {
    await expect(open('')).rejects.toMatchObject(UNSUITABLE);
  });

  // Root may write everything, whatever the mode says, so for root there is nothing to test.
  if (process.getuid?.() !== 0) {
    it('is one that may not be written', async () => {
      await (await open()).close();
      await chmod(file(), 0o400);
      await expect(open()).rejects.toMatchObject(UNSUITABLE);
    });
  }

  it('is an empty file only until it is opened', async () => {
    await writeFile(file(), '');
    await accept(await open(), 'a');
  });

  it('is left unlocked after it was refused', async () => {
    await sql(file(), 'CREATE TABLE customers (name TEXT)');
    await expect(open()).rejects.toMatchObject(UNSUITABLE);
    await sql(file(), 'DROP TABLE customers');
    expect(existsSync(`${file()}.lock`)).toBe(false);
  });
});

describe('a store that is damaged', () => {
  const DAMAGED = { name: 'StoreDamaged', code: 'STORE_INTEGRITY' };

  it('is refused when its pages contradict each other', async () => {
    const store = await open();
    await store.accept(
      Array.from({ length: 200 }, (_, index) => alert(`event-${index}`)),
      minute(0),
    );
    await store.close();
    await sql(
      file(),
      'PRAGMA writable_schema = ON',
      "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'journal') WHERE name = 'events_undecided'",
    );
    await expect(open()).rejects.toMatchObject(DAMAGED);
  });

  it('stops acknowledging when its file is removed under it', async () => {
    const store = await open();
    await accept(store, 'a');
    await rm(file());
    await expect(accept(store, 'b')).rejects.toMatchObject(DAMAGED);
    await expect(accept(store, 'c')).rejects.toMatchObject(DAMAGED);
  });

  it('stops acknowledging when its log is removed under it', async () => {
    const store = await open();
    await rm(`${file()}-wal`);
    await expect(accept(store, 'a')).rejects.toMatchObject(DAMAGED);
  });

  it('stops acknowledging when another file takes its place', async () => {
    const store = await open();
    await writeFile(file('copy.db'), '');
    await rename(file('copy.db'), file());
    await expect(accept(store, 'a')).rejects.toMatchObject(DAMAGED);
  });

  it('takes no more writes after it read a row that it cannot have written, and still answers reads', async () => {
    const store = await open();
    await accept(store, 'a');
    await store.close();
    await sql(file(), "UPDATE events SET body = '{' WHERE id = 'a'");
    const damaged = await open();
    await expect(damaged.pending()).rejects.toMatchObject(DAMAGED);
    await expect(accept(damaged, 'b')).rejects.toMatchObject(DAMAGED);
    expect(await damaged.pendingCount()).toBe(1);
  });
});
