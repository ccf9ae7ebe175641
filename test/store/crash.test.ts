import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wallClock } from '../../src/clock.js';
import { openSqliteStore } from '../../src/store/sqlite/index.js';
import { startChild, type Child } from './child/index.js';

describe('kill -9 while events are accepted', () => {
  let folder = '';
  const children: Child[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rekindle-crash-'));
  });

  afterAll(async () => {
    for (const child of children) await child.kill();
    await rm(folder, { recursive: true });
  });

  it(
    'loses nothing that was acknowledged, in life after life, and leaves a whole file',
    { timeout: 120_000 },
    async () => {
      const file = join(folder, 'killed.db');
      const acknowledged: string[] = [];
      for (const [life, enough] of [
        ['first', 1],
        ['second', 40],
        ['third', 150],
      ] as const) {
        const child = startChild('accept-until-killed.ts', [file, life]);
        children.push(child);
        await child.said(enough);
        acknowledged.push(...(await child.kill()));
      }

      // Opening checks every page; the order of acceptance is the order of the lives.
      const store = await openSqliteStore({ file, clock: wallClock });
      const kept = (await store.pending()).map(({ id }) => id);
      await store.close();
      expect(acknowledged.length).toBeGreaterThanOrEqual(191);
      expect(kept.filter((id) => acknowledged.includes(id))).toEqual(acknowledged);
      // In each life at most one event was on the disk already and not yet acknowledged.
      expect(kept.length - acknowledged.length).toBeLessThanOrEqual(3);
    },
  );
});
