import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHandle, type Handle } from '../../src/store/sqlite/handle.js';
import { APPLICATION_ID, migrate } from '../../src/store/sqlite/migrate.js';
import { MIGRATIONS, type Migration } from '../../src/store/sqlite/migrations/index.js';
import { pragma } from '../../src/store/sqlite/settings.js';

const ONE: Migration = { version: 1, sql: 'CREATE TABLE one (x TEXT) STRICT' };
const TWO: Migration = {
  version: 2,
  sql: "CREATE TABLE two (x TEXT) STRICT; INSERT INTO one VALUES ('two')",
};
const BROKEN: Migration = {
  version: 3,
  sql: 'CREATE TABLE three (x TEXT) STRICT; INSERT INTO nowhere VALUES (1)',
};

describe('migrations', () => {
  let handle: Handle;
  const run = (migrations: readonly Migration[]) => migrate(handle, 'test.db', migrations);
  const tables = async () => {
    const rows = await handle.all("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    return rows.map(({ name }) => name);
  };

  beforeEach(async () => {
    handle = await openHandle(':memory:');
  });

  afterEach(async () => {
    await handle.close();
  });

  it('are numbered from 1 without a gap', () => {
    expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
  });

  it('bring an empty file to the newest schema and mark it as ours', async () => {
    await run([ONE, TWO]);
    expect(await tables()).toEqual(['one', 'two']);
    expect(await pragma(handle, 'user_version')).toBe(2);
    expect(await pragma(handle, 'application_id')).toBe(APPLICATION_ID);
  });

  it('go on from the schema that the file has', async () => {
    await run([ONE]);
    await run([ONE, TWO]);
    await run([ONE, TWO]);
    expect(await handle.all('SELECT x FROM one')).toEqual([{ x: 'two' }]);
  });

  it('leave the last whole schema when one of them fails', async () => {
    await expect(run([ONE, TWO, BROKEN])).rejects.toThrow(/nowhere/);
    expect(await tables()).toEqual(['one', 'two']);
    expect(await pragma(handle, 'user_version')).toBe(2);
  });

  it('make tables that take values of their own type only', async () => {
    await migrate(handle, 'test.db');
    const loose = await handle.all(
      "SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'",
    );
    expect(loose).toEqual([]);
  });

  it('make a journal that cannot be edited', async () => {
    await migrate(handle, 'test.db');
    await handle.run(
      "INSERT INTO journal (at, subject, change, made_by) VALUES ('', 'drive:d1', 'added', 'test')",
    );
    await expect(handle.run("UPDATE journal SET change = 'never'")).rejects.toThrow(/never edited/);
    await expect(handle.run('DELETE FROM journal')).rejects.toThrow(/never deleted/);
  });
});
