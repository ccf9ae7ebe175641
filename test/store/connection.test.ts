import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConnection, type Connection } from '../../src/store/sqlite/connection.js';
import { openHandle, type Handle } from '../../src/store/sqlite/handle.js';

describe('the connection', () => {
  let handle: Handle;
  let fault: Error | null;
  let connection: Connection;

  beforeEach(async () => {
    handle = await openHandle(':memory:');
    await handle.exec('CREATE TABLE notes (note TEXT NOT NULL) STRICT');
    fault = null;
    const faulty: Handle = {
      ...handle,
      run: (sql, params) =>
        fault !== null && sql === 'COMMIT' ? Promise.reject(fault) : handle.run(sql, params),
    };
    connection = createConnection(faulty, { seal: async () => undefined, verify: async () => undefined });
  });

  afterEach(async () => {
    await connection.close();
  });

  const write = (note: string) => connection.write((sql) => sql.run('INSERT INTO notes VALUES (?)', [note]));
  const notes = () => connection.read((sql) => sql.all('SELECT note FROM notes', [], (row) => row.note));
  const failing = (code: string) => Object.assign(new Error(`${code}: it broke`), { code });

  it('takes no more writes after an I/O error: a repeated one may seem to succeed', async () => {
    fault = failing('SQLITE_IOERR');
    await expect(write('a')).rejects.toMatchObject({ code: 'STORE_INTEGRITY' });
    fault = null;
    await expect(write('b')).rejects.toMatchObject({ code: 'STORE_INTEGRITY' });
    expect(await notes()).toEqual([]);
  });

  it('goes on after the disk was full', async () => {
    fault = failing('SQLITE_FULL');
    await expect(write('a')).rejects.toMatchObject({ code: 'SQLITE_FULL' });
    fault = null;
    await write('b');
    expect(await notes()).toEqual(['b']);
  });

  it('really is out of space when the file may not grow', async () => {
    await handle.run('PRAGMA max_page_count = 3');
    await expect(write('x'.repeat(100_000))).rejects.toMatchObject({ code: 'SQLITE_FULL' });
    await write('small');
    expect(await notes()).toEqual(['small']);
  });

  it('undoes what was written when the work fails, and waits for nobody else', async () => {
    const failed = connection.write(async (sql) => {
      await sql.run('INSERT INTO notes VALUES (?)', ['a']);
      throw new Error('no');
    });
    const other = write('b');
    await expect(failed).rejects.toThrow('no');
    await other;
    expect(await notes()).toEqual(['b']);
  });

  it('does not write in a statement that comes after the end', async () => {
    const late = await connection.write(
      async (sql) => () => sql.run('INSERT INTO notes VALUES (?)', ['late']),
    );
    await expect(late()).rejects.toThrow(/has ended/);
    expect(await notes()).toEqual([]);
  });

  it.each([[2 ** 53], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY]])(
    'refuses to store the number %d',
    async (value) => {
      await expect(
        connection.write((sql) => sql.run('INSERT INTO notes VALUES (?)', [value])),
      ).rejects.toThrow(RangeError);
    },
  );
});
