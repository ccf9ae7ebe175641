/**
 * What damages a store that nobody has open, or changes it behind the back of the service: every way must be seen
 * before anything is done by it.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { randomOf } from '../../src/simulation/random.js';
import { checkStoreFile, restoreStoreFile } from '../../src/store/sqlite/care.js';
import { createCaretaker } from '../../src/store/sqlite/caretaker.js';
import { openHandle } from '../../src/store/sqlite/handle.js';
import { openSqliteStore, type SqliteStore } from '../../src/store/sqlite/index.js';
import { createVirtualClock } from '../../src/virtual-clock.js';
import { alert, minute } from './world.js';
import { figure } from '../support/figures.js';

const DAMAGED = { name: 'StoreDamaged', code: 'STORE_INTEGRITY' };

let folder = '';
let opened: SqliteStore[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekindle-damage-'));
});

afterEach(async () => {
  for (const store of opened) await store.close();
  opened = [];
  await rm(folder, { recursive: true });
});

const file = (name = 'rekindle.db'): string => join(folder, name);

async function open(path = file()): Promise<SqliteStore> {
  const store = await openSqliteStore({ file: path, clock: createVirtualClock() });
  opened.push(store);
  return store;
}

async function sql(...statements: readonly string[]): Promise<void> {
  const handle = await openHandle(file());
  for (const statement of statements) await handle.exec(statement);
  await handle.close();
}

/** A closed store with something in every kind of table. */
async function written(events = 20): Promise<void> {
  const store = await open();
  await store.accept(
    Array.from({ length: events }, (_, index) => alert(`event-${index}`)),
    minute(0),
  );
  for (let index = 0; index < 5; index += 1) await store.change(`hand-${index}`, async () => undefined);
  await store.close();
}

/** Puts rows into the journal and the tables of the inventory, as the inventory would. */
async function inhabited(): Promise<void> {
  await written();
  const store = await open();
  await store.close();
  await sql(
    "INSERT INTO machines (name, role, state) VALUES ('web-1', 'active', 'serving')",
    "INSERT INTO drives (name, device, labels, capacity_bytes, free_bytes, health, declared_quarantined, role) VALUES ('d1', 'a', '{}', 10, 10, 'ok', 0, 'snapshots')",
    "INSERT INTO journal (at, subject, change, made_by) VALUES ('2026', 'drive:d1', 'added', 'test'), ('2026', 'machine:web-1', 'added', 'test'), ('2026', 'drive:d1', 'health', 'test')",
  );
  await sealed();
}

/** What is written by hand in a test is sealed with the next thing that a migration or a transaction seals. */
async function sealed(): Promise<void> {
  const { sealAll } = await import('../../src/store/sqlite/guard.js');
  const handle = await openHandle(file());
  await sealAll(handle);
  await handle.close();
}

describe('a row that something else has changed', () => {
  it.each([
    ['of a drive', "UPDATE drives SET free_bytes = 11 WHERE name = 'd1'"],
    ['of a machine', "UPDATE machines SET state = 'idle' WHERE name = 'web-1'"],
    [
      'with a checksum that was left as it is',
      "UPDATE drives SET health = 'failed', sum = sum + 0 WHERE name = 'd1'",
    ],
  ])('is found when the store is opened: %s', async (_what, change) => {
    await inhabited();
    expect((await checkStoreFile(file())).damage).toEqual([]);
    await sql(change);
    await expect(open()).rejects.toMatchObject(DAMAGED);
    await expect(open()).rejects.toThrow(/not as it was written/);
  });

  it('is found when it is read, if it belongs to the history', async () => {
    await written();
    await sql("UPDATE events SET server = 'web-9' WHERE id = 'event-3'");
    const store = await open();
    await expect(store.pending()).rejects.toMatchObject(DAMAGED);
    await expect(store.accept([alert('late')], minute(1))).rejects.toMatchObject(DAMAGED);
    expect(store.damage()).toMatch(/changed by something else/);
  });

  it('is found by a check of the whole store, which then takes nothing more', async () => {
    await written();
    await sql("UPDATE events SET server = 'web-9' WHERE id = 'event-3'");
    const store = await open();
    expect((await store.check()).damage).toEqual(['events 4 is not as it was written']);
    await expect(store.accept([alert('late')], minute(1))).rejects.toMatchObject(DAMAGED);
  });
});

const FLIPS = 300;

describe('one changed byte anywhere in the file', () => {
  it('is found, or changes nothing that is read', { timeout: 120_000 }, async () => {
    await inhabited();
    const whole = await readFile(file());
    const content = await contentOf();
    const random = randomOf(5);
    const missed: string[] = [];
    for (let index = 0; index < FLIPS; index += 1) {
      const at = random.below(whole.length);
      const damaged = Buffer.from(whole);
      damaged[at] = (whole[at] ?? 0) ^ (1 << random.below(8));
      await writeFile(file(), damaged);
      const found = await damageFound();
      if (!found && (await contentOf().catch(() => 'unreadable')) !== content) missed.push(`byte ${at}`);
    }
    expect(missed).toEqual([]);
    figure(`flipped bits of a store, each found or without effect: ${FLIPS}`);
  });

  async function damageFound(): Promise<boolean> {
    return checkStoreFile(file()).then(
      ({ damage }) => damage.length > 0,
      () => true,
    );
  }

  async function contentOf(): Promise<string> {
    const handle = await openHandle(file());
    try {
      const rows = [];
      for (const table of ['events', 'drives', 'machines', 'journal'])
        rows.push(await handle.all(`SELECT * FROM ${table} ORDER BY 1`));
      return JSON.stringify(rows);
    } finally {
      await handle.close();
    }
  }
});

describe('the journal', () => {
  const rewrite = (statement: string): readonly string[] => [
    'DROP TRIGGER journal_is_never_edited',
    'DROP TRIGGER journal_is_never_deleted',
    statement,
  ];

  it('cannot be rewritten without its chain showing it, also with checksums that fit', async () => {
    await inhabited();
    await sql(...rewrite("UPDATE journal SET made_by = 'nobody' WHERE seq = 2"));
    await sealed();
    expect((await checkStoreFile(file())).damage).toEqual([
      'entry 2 of the journal is not the one that was written there',
    ]);
  });

  it('cannot lose an entry', async () => {
    await inhabited();
    await sql(...rewrite('DELETE FROM journal WHERE seq = 2'));
    expect((await checkStoreFile(file())).damage).toEqual(['entry 2 of the journal is missing']);
  });

  it('leads through every head that was noted before, and through no other', async () => {
    await inhabited();
    const { journal } = await checkStoreFile(file());
    expect(journal.entries).toBe(3);
    expect((await checkStoreFile(file(), journal)).damage).toEqual([]);
    const other = { entries: 2, hash: 'f'.repeat(64) };
    expect((await checkStoreFile(file(), other)).damage).toEqual([
      'the journal up to entry 2 is not the one that was noted',
    ]);
    const longer = { entries: 9, hash: journal.hash };
    expect((await checkStoreFile(file(), longer)).damage).toEqual([
      'the journal ends at entry 3, and 9 were noted',
    ]);
  });
});

describe('a store that is not the one the service came to last', () => {
  it('is refused when it was taken back to an older copy', async () => {
    await written();
    await copyFile(file(), file('old.db'));
    const store = await open();
    await store.accept([alert('later')], minute(1));
    await store.close();
    await copyFile(file('old.db'), file());
    await expect(open()).rejects.toMatchObject(DAMAGED);
    await expect(open()).rejects.toThrow(/older copy/);
  });

  it('is refused when another one took its place', async () => {
    await written();
    await (await open(file('other.db'))).close();
    await copyFile(file('other.db'), file());
    await expect(open()).rejects.toThrow(/exchanged/);
  });

  it('is refused when it is gone, and nothing is put in its place', async () => {
    await written();
    await rm(file());
    await expect(open()).rejects.toThrow(/is gone/);
    await expect(stat(file())).rejects.toThrow(/ENOENT/);
  });

  it('is begun anew when a person has removed the mark', async () => {
    await written();
    await rm(file());
    await rm(file('rekindle.db.mark'));
    expect(await (await open()).pendingCount()).toBe(0);
  });
});

describe('a backup', () => {
  it('holds what was acknowledged, and is put back with what was there kept beside it', async () => {
    await written(3);
    const store = await open();
    await store.backUp(file('copy.db'));
    await store.accept([alert('after')], minute(1));
    await store.close();
    expect((await stat(file('copy.db'))).mode & 0o777).toBe(0o600);

    const replaced = await restoreStoreFile(file('copy.db'), file());
    const restored = await open();
    expect((await restored.pending()).map(({ id }) => id)).toEqual(['event-0', 'event-1', 'event-2']);
    expect((await checkStoreFile(replaced ?? '')).damage).toEqual([]);
  });

  it('does not overwrite another file', async () => {
    const store = await open();
    await store.backUp(file('copy.db'));
    await expect(store.backUp(file('copy.db'))).rejects.toThrow(/EEXIST/);
  });

  it('is not put in the place of a store that is in use', async () => {
    const store = await open();
    await store.backUp(file('copy.db'));
    await expect(restoreStoreFile(file('copy.db'), file())).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  });

  it('leaves the store as it is when it cannot be copied', async () => {
    await written(3);
    const store = await open();
    await store.backUp(file('copy.db'));
    await store.close();
    await mkdir(file('rekindle.db.fresh'));
    await expect(restoreStoreFile(file('copy.db'), file())).rejects.toThrow();
    expect(await (await open()).pendingCount()).toBe(3);
  });

  it('is not put back when it is damaged', async () => {
    await inhabited();
    await copyFile(file(), file('good.db'));
    await sql('UPDATE drives SET free_bytes = 9');
    await copyFile(file(), file('bad.db'));
    await copyFile(file('good.db'), file());
    await expect(restoreStoreFile(file('bad.db'), file())).rejects.toMatchObject(DAMAGED);
    expect((await checkStoreFile(file())).damage).toEqual([]);
  });

  it('is made once a day, and the seven newest are kept', async () => {
    const clock = createVirtualClock(Date.UTC(2026, 0, 1));
    const made: string[] = [];
    const faults: unknown[] = [];
    const caretaker = createCaretaker({
      clock,
      folder: file('backups'),
      onFault: (_what, error) => faults.push(error),
      store: {
        check: async () => ({ damage: [], journal: { entries: 0, hash: '' } }),
        backUp: async (to) => {
          made.push(to);
          await writeFile(to, '');
        },
      },
    });
    const ending = new AbortController();
    const running = caretaker.run(ending.signal);
    for (let day = 1; day <= 9; day += 1) {
      await clock.runUntil(clock.now() + 86_400_000, () => new Promise((resolve) => setImmediate(resolve)));
      // What it does on the disk takes real time.
      await vi.waitFor(() => {
        expect(made).toHaveLength(day);
      });
      await vi.waitFor(() => {
        expect(clock.nextTimer()).not.toBeNull();
      });
    }
    ending.abort();
    await running;
    const { readdir } = await import('node:fs/promises');
    expect(await readdir(file('backups'))).toHaveLength(7);
    expect(made).toHaveLength(9);
    expect(faults).toEqual([]);
  });

  it('of a damaged store does not push out one that is whole', async () => {
    const clock = createVirtualClock(Date.UTC(2026, 0, 1));
    const made: string[] = [];
    const faults: unknown[] = [];
    const caretaker = createCaretaker({
      clock,
      folder: file('backups'),
      onFault: (what) => faults.push(what),
      store: {
        check: async () => ({ damage: ['page 3'], journal: { entries: 0, hash: '' } }),
        backUp: async (to) => {
          made.push(to);
        },
      },
    });
    const ending = new AbortController();
    const running = caretaker.run(ending.signal);
    await clock.runUntil(clock.now() + 90_000_000, () => new Promise((resolve) => setImmediate(resolve)));
    ending.abort();
    await running;
    expect(made).toEqual([]);
    expect(faults).toEqual(['the daily care of the store failed']);
  });
});
