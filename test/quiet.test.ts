import { describe, expect, it } from 'vitest';
import { quiet } from '../src/quiet.js';

describe('quiet', () => {
  it('comes when everything that promises lead to has happened', async () => {
    let depth = 0;
    async function deeper(): Promise<void> {
      if (depth === 100) return;
      depth += 1;
      await Promise.all([Promise.resolve(), Promise.resolve()]);
      await deeper();
    }
    void deeper();
    await quiet();
    expect(depth).toBe(100);
  });

  it('lets the event loop have its turn now and then, however often it is asked for', async () => {
    const heard: string[] = [];
    setImmediate(() => heard.push('the event loop'));
    for (let asked = 0; asked < 10_000 && heard.length === 0; asked += 1) await quiet();
    expect(heard).toEqual(['the event loop']);
  });
});
