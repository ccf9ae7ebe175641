import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLastGood, type LastGood } from '../../src/last-good.js';
import { PoliciesRefused } from '../../src/watch.js';
import { contentsOf, newRig, type Rig } from './rig.js';

const keeperIn = (rig: Rig): LastGood => createLastGood(join(rig.top, 'last-good.json'), [rig.folder]);

/** A process that was content with `one`, and has ended. */
async function ended(): Promise<Rig> {
  const rig = await newRig();
  await rig.put('inventory.yaml', 'rack');
  await rig.put('a.yaml', 'one');
  const watcher = await rig.watch({ lastGood: keeperIn(rig) });
  await watcher.close();
  return rig;
}

describe('the last good set', () => {
  it('decides after a restart on files that are refused, and the status says that it is not what is on disk', async () => {
    const rig = await ended();
    await rig.put('a.yaml', 'broken');
    const watcher = await rig.watch({ lastGood: keeperIn(rig) });
    expect(contentsOf(watcher.current())).toContain('one');
    expect(watcher.status()).toMatchObject({ stale: true, lastAttemptOk: false });
    expect(watcher.status().problems.map(({ code }) => code)).toEqual(['YAML_SYNTAX']);
  });

  it('gives way to the files as soon as they are mended', async () => {
    const rig = await ended();
    await rig.put('a.yaml', 'broken');
    const watcher = await rig.watch({ lastGood: keeperIn(rig) });
    await rig.put('a.yaml', 'two');
    expect(await watcher.reload()).toMatchObject({ stale: false, lastAttemptOk: true });
    expect(contentsOf(watcher.current())).toContain('two');
  });

  it('is always the newest one that was accepted', async () => {
    const rig = await newRig();
    await rig.put('inventory.yaml', 'rack');
    await rig.put('a.yaml', 'one');
    const watcher = await rig.watch({ lastGood: keeperIn(rig) });
    await rig.put('a.yaml', 'two');
    await watcher.reload();
    await rig.put('a.yaml', 'broken');
    await watcher.reload();
    const kept = await keeperIn(rig).read();
    expect(kept?.files.map(({ bytes }) => Buffer.from(bytes).toString())).toContain('two');
  });

  it.each([
    [
      'is damaged',
      async (rig: Rig) => {
        const file = join(rig.top, 'last-good.json');
        await writeFile(file, (await readFile(file, 'utf8')).replace('"b25l"', '"dHdv"'));
      },
    ],
    [
      'is cut short',
      async (rig: Rig) => {
        const file = join(rig.top, 'last-good.json');
        await writeFile(file, (await readFile(file, 'utf8')).slice(0, -20));
      },
    ],
    ['is gone', (rig: Rig) => unlink(join(rig.top, 'last-good.json'))],
  ])('is nothing to start from when it %s', async (_what, spoil) => {
    const rig = await ended();
    await spoil(rig);
    await rig.put('a.yaml', 'broken');
    await expect(rig.watch({ lastGood: keeperIn(rig) })).rejects.toThrow(PoliciesRefused);
  });

  it('is nothing to start from when it was kept for other folders', async () => {
    const rig = await ended();
    await rig.put('a.yaml', 'broken');
    const other = createLastGood(join(rig.top, 'last-good.json'), ['elsewhere']);
    await expect(rig.watch({ lastGood: other })).rejects.toThrow(PoliciesRefused);
  });

  it('does not stop anything when it cannot be kept', async () => {
    const rig = await newRig();
    await rig.put('inventory.yaml', 'rack');
    await rig.put('a.yaml', 'one');
    const nowhere = createLastGood(join(rig.top, 'no/such/folder'), [rig.folder]);
    const watcher = await rig.watch({ lastGood: nowhere });
    expect(watcher.status().lastAttemptOk).toBe(true);
  });
});
