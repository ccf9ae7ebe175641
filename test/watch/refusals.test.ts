import { rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LoadResult } from '../../src/engine/load.js';
import { PoliciesRefused } from '../../src/watch.js';
import { contentsOf, loaded, loadText, newRig, rejected, type Rig } from './rig.js';

/** One accepted set to hold on to. */
async function running() {
  const rig = await newRig();
  await rig.put('inventory.yaml', 'rack');
  await rig.put('a.yaml', 'one');
  const watcher = await rig.watch();
  return { rig, watcher, before: watcher.current() };
}

const BAD_EDITS: readonly (readonly [string, string, (rig: Rig) => Promise<void>])[] = [
  ['a file that does not parse', 'YAML_SYNTAX', (rig) => rig.put('a.yaml', 'broken')],
  ['a new file that does not parse', 'YAML_SYNTAX', (rig) => rig.put('b.yaml', 'broken')],
  ['a file cut to nothing', 'POLICY_INCOMPLETE', (rig) => rig.put('a.yaml', '')],
  [
    'an emptied folder',
    'POLICY_EMPTY',
    async (rig) => {
      await unlink(join(rig.folder, 'a.yaml'));
      await unlink(join(rig.folder, 'inventory.yaml'));
    },
  ],
  ['a folder without any policy left', 'POLICY_EMPTY', (rig) => unlink(join(rig.folder, 'a.yaml'))],
  ['a deleted folder', 'POLICY_DIR', (rig) => rm(rig.folder, { recursive: true })],
  [
    'a folder that became a file',
    'YAML_SYNTAX',
    async (rig) => {
      await rm(rig.folder, { recursive: true });
      await writeFile(rig.folder, 'broken');
    },
  ],
];

describe('a bad edit', () => {
  it.each(BAD_EDITS)('keeps the very same set deciding: %s', async (_what, code, edit) => {
    const { rig, watcher, before } = await running();

    await edit(rig);
    await rig.told(
      (news) => news.kind === 'rejected' && news.problems.some((problem) => problem.code === code),
    );

    expect(watcher.current()).toBe(before);
    expect(rig.news.map((news) => news.kind)).not.toContain('loaded');
  });

  it('shows in the status, with its problems, while the running revision stays', async () => {
    const { rig, watcher, before } = await running();
    const calm = watcher.status();

    await rig.put('a.yaml', 'broken');
    await rig.told(rejected);

    expect(calm).toMatchObject({
      revision: before.revision,
      stale: false,
      lastAttemptOk: true,
      problems: [],
    });
    expect(watcher.status()).toMatchObject({
      revision: before.revision,
      loadedAt: calm.loadedAt,
      stale: true,
      lastAttemptOk: false,
      problems: [{ code: 'YAML_SYNTAX', file: 'a.yaml' }],
    });
  });

  it('that is mended takes effect', async () => {
    const { rig, watcher } = await running();
    await rig.put('a.yaml', 'broken');
    await rig.told(rejected);

    await rig.put('a.yaml', 'two');
    await rig.told(loaded('a.yaml=two'));

    expect(contentsOf(watcher.current())).toBe('a.yaml=two');
    expect(watcher.status()).toMatchObject({ stale: false, lastAttemptOk: true, problems: [] });
  });

  it('that is undone leaves the very same set, and a clean status', async () => {
    const { rig, watcher, before } = await running();
    const { loadedAt } = watcher.status();
    await rig.put('a.yaml', 'broken');
    await rig.told(rejected);

    await rig.put('a.yaml', 'one');
    await rig.told(loaded('a.yaml=one'));

    expect(watcher.current()).toBe(before);
    expect(watcher.status()).toMatchObject({ loadedAt, stale: false, lastAttemptOk: true, problems: [] });
  });

  it('is told once, however often the files are read', async () => {
    const rig = await newRig();
    await rig.put('a.yaml', 'one');
    await rig.watch({ pollMs: 5 });

    await rig.put('a.yaml', 'broken');
    await rig.told(rejected);
    await rig.put('a.yaml', 'two');
    await rig.told(loaded('a.yaml=two'));

    expect(rig.news.map((news) => news.kind)).toEqual(['rejected', 'loaded']);
  });

  it('is judged and told again when a reload is asked for', async () => {
    const { rig, watcher } = await running();
    await rig.put('a.yaml', 'broken');
    await rig.told(rejected);

    const status = await watcher.reload();

    expect(status).toMatchObject({ stale: true, lastAttemptOk: false, problems: [{ code: 'YAML_SYNTAX' }] });
    expect(rig.news.map((news) => news.kind)).toEqual(['rejected', 'rejected']);
  });
});

describe('a defect', () => {
  it('of the loader counts as a refusal', async () => {
    const rig = await newRig();
    await rig.put('a.yaml', 'one');
    const load = (files: Parameters<typeof loadText>[0]): LoadResult => {
      const result = loadText(files);
      if (result.ok && contentsOf(result.policySet) === 'a.yaml=two')
        throw new Error('tripped over my own feet');
      return result;
    };
    const watcher = await rig.watch({ load });
    const before = watcher.current();

    await rig.put('a.yaml', 'two');
    await rig.told(rejected);

    expect(watcher.current()).toBe(before);
    expect(watcher.status().problems).toMatchObject([
      { code: 'LOADER_DEFECT', message: 'the loader failed: tripped over my own feet' },
    ]);
  });

  it('of a listener does not end the watching', async () => {
    const rig = await newRig();
    await rig.put('a.yaml', 'one');
    const heard: string[] = [];
    const watcher = await rig.watch({
      onLoaded: (policySet) => {
        heard.push(contentsOf(policySet));
        throw new Error('not listening');
      },
    });

    await rig.put('a.yaml', 'two');
    await watcher.reload();
    await rig.put('a.yaml', 'three');
    await watcher.reload();

    expect(heard).toContain('a.yaml=two');
    expect(contentsOf(watcher.current())).toBe('a.yaml=three');
  });
});

describe('at the start', () => {
  it('refused files leave nothing to run on, and say why', async () => {
    const rig = await newRig();
    await rig.put('a.yaml', 'broken');

    const refused = await rig.watch().catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(PoliciesRefused);
    expect(refused).toMatchObject({ problems: [{ code: 'YAML_SYNTAX', file: 'a.yaml' }] });
  });

  it('a missing folder is refused', async () => {
    const rig = await newRig();

    await expect(rig.watch({ paths: [join(rig.top, 'absent')] })).rejects.toMatchObject({
      problems: [{ code: 'POLICY_DIR' }],
    });
  });
});

describe('a closed watcher', () => {
  it('keeps its last set readable and follows no more edits', async () => {
    const { rig, watcher, before } = await running();

    await watcher.close();
    await rig.put('a.yaml', 'two');
    await watcher.reload();

    expect(watcher.current()).toBe(before);
    expect(rig.news).toEqual([]);
  });

  it('can be closed while a load is running, which then comes to nothing', async () => {
    const rig = await newRig();
    await rig.put('a.yaml', 'one');
    const closed: Promise<void>[] = [];
    const watcher = await rig.watch({
      load: async (files) => {
        const result = loadText(files);
        if (result.ok && contentsOf(result.policySet) === 'a.yaml=two') closed.push(watcher.close());
        return result;
      },
    });

    await rig.put('a.yaml', 'two');
    await watcher.reload();
    await Promise.all(closed);

    expect(contentsOf(watcher.current())).toBe('a.yaml=one');
    expect(rig.news).toEqual([]);
  });
});
