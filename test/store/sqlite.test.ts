import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/index.js';
import { testStoreContract } from './contract/index.js';

let folder = '';
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekindle-store-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

testStoreContract('SQLite in memory', (clock) => openSqliteStore({ file: ':memory:', clock }));
testStoreContract('SQLite on disk', (clock) => {
  files += 1;
  return openSqliteStore({ file: join(folder, `${files}.db`), clock });
});
