import { rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clockWith, contentsOf, loaded, newRig, rejected } from './rig.js';

type Actions = (() => Promise<void>)[];

describe('files are believed when they read the same twice, a debounce period apart', () => {
  it('so a file that is still being written is not loaded before it is whole', async () => {
    const rig = await newRig();
    const meanwhile: Actions = [];
    await rig.put('a.yaml', 'old');
    await rig.watch({ clock: clockWith(meanwhile) });

    for (const text of ['half of', 'half of it', 'whole']) meanwhile.push(() => rig.put('a.yaml', text));
    await rig.put('a.yaml', 'half');
    await rig.told(loaded('a.yaml=whole'));

    expect(rig.news).toEqual([{ kind: 'loaded', contents: 'a.yaml=whole' }]);
  });

  it('so a file that vanishes for a moment while it is being saved is never missed', async () => {
    const rig = await newRig();
    const meanwhile: Actions = [];
    await rig.put('a.yaml', 'one');
    await rig.put('b.yaml', 'two');
    const watcher = await rig.watch({ clock: clockWith(meanwhile) });

    const restored = new Promise<void>((resolve) => {
      meanwhile.push(() => rig.put('b.yaml', 'two').then(resolve));
    });
    await unlink(join(rig.folder, 'b.yaml'));
    await restored;
    await watcher.reload();

    expect(rig.news).toEqual([{ kind: 'loaded', contents: 'a.yaml=one b.yaml=two' }]);
  });

  it('so a folder that is away for a moment while it is being swapped is no fault', async () => {
    const rig = await newRig();
    const meanwhile: Actions = [];
    await rig.put('a.yaml', 'one');
    await rig.put('../next/a.yaml', 'two');
    const watcher = await rig.watch({ clock: clockWith(meanwhile) });

    meanwhile.push(() => rename(join(rig.top, 'next'), rig.folder));
    await rm(rig.folder, { recursive: true });
    await watcher.reload();

    expect(rig.news).toEqual([{ kind: 'loaded', contents: 'a.yaml=two' }]);
  });

  it('so a half-written folder is not the first set either', async () => {
    const rig = await newRig();
    await rig.put('a.yaml', 'one');

    const watcher = await rig.watch({ clock: clockWith([() => rig.put('b.yaml', 'two')]) });

    expect(contentsOf(watcher.current())).toBe('a.yaml=one b.yaml=two');
  });

  it('and files that do not come to rest are reported instead of waited for in silence, and loaded when they do', async () => {
    const rig = await newRig();
    const meanwhile: Actions = [];
    await rig.put('a.yaml', 'one');
    const watcher = await rig.watch({ clock: clockWith(meanwhile) });
    const before = watcher.current();

    for (let n = 0; n < 99; n += 1) meanwhile.push(() => rig.put('a.yaml', `restless ${n}`));
    await rig.put('a.yaml', 'restless');
    await rig.told(rejected);

    expect(rig.news[0]).toMatchObject({
      problems: [
        {
          code: 'POLICY_DIR',
          file: rig.folder,
          message: 'the files kept changing for 2500 ms; nothing whole could be read',
        },
      ],
    });
    expect(watcher.current()).toBe(before);

    await rig.told(loaded('a.yaml=restless 98'));
  });
});
