import { rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { clockThatPolls, contentsOf, loaded, loadWhile, newRig } from './rig.js';

describe('an edit of the policy files becomes the set that decides', () => {
  it('when a file is written in place', async () => {
    const rig = await newRig();
    await rig.put('a.yaml', 'one');
    const watcher = await rig.watch();

    await writeFile(join(rig.folder, 'a.yaml'), 'two');
    await rig.told(loaded('a.yaml=two'));

    expect(contentsOf(watcher.current())).toBe('a.yaml=two');
  });

  it('when an editor renames a new file over the old one, again and again', async () => {
    const rig = await newRig();
    await rig.put('a.yaml', 'one');
    await rig.watch();

    for (const text of ['two', 'three', 'four']) {
      await rig.put('a.yaml.tmp', text);
      await rename(join(rig.folder, 'a.yaml.tmp'), join(rig.folder, 'a.yaml'));
      await rig.told(loaded(`a.yaml=${text}`));
    }
  });

  it('when vim moves the old file away, writes a new one and deletes the old', async () => {
    const rig = await newRig();
    await rig.put('a.yaml', 'one');
    await rig.watch();

    for (const text of ['two', 'three']) {
      await writeFile(join(rig.folder, '4913'), '');
      await unlink(join(rig.folder, '4913'));
      await rename(join(rig.folder, 'a.yaml'), join(rig.folder, 'a.yaml~'));
      await writeFile(join(rig.folder, 'a.yaml'), text);
      await unlink(join(rig.folder, 'a.yaml~'));
      await rig.told(loaded(`a.yaml=${text}`));
    }
  });

  it('when a file appears in a new folder, and when it goes again', async () => {
    const rig = await newRig();
    await rig.put('a.yaml', 'one');
    await rig.watch();

    await rig.put('web/b.yaml', 'new');
    await rig.told(loaded('a.yaml=one web/b.yaml=new'));
    await rm(join(rig.folder, 'web'), { recursive: true });
    await rig.told(loaded('a.yaml=one'));
  });

  it('when the file was named itself', async () => {
    const rig = await newRig();
    await rig.put('a.yaml', 'one');
    await rig.watch({ paths: [join(rig.folder, 'a.yaml')] });

    for (const text of ['two', 'three']) {
      await rig.put('a.yaml.tmp', text);
      await rename(join(rig.folder, 'a.yaml.tmp'), join(rig.folder, 'a.yaml'));
      await rig.told(loaded(`a.yaml=${text}`));
    }
  });

  it('when Kubernetes swaps the `..data` link of a mounted ConfigMap, again and again', async () => {
    const rig = await newRig();
    const swap = async (version: string): Promise<void> => {
      await rig.put(`..${version}/a.yaml`, version);
      await symlink(`..${version}`, join(rig.folder, '..data_tmp'));
      await rename(join(rig.folder, '..data_tmp'), join(rig.folder, '..data'));
    };
    await swap('v1');
    await symlink('..data/a.yaml', join(rig.folder, 'a.yaml'));
    await rig.watch();

    for (const [version, old] of [
      ['v2', 'v1'],
      ['v3', 'v2'],
      ['v4', 'v3'],
    ] as const) {
      await swap(version);
      await rm(join(rig.folder, `..${old}`), { recursive: true });
      await rig.told(loaded(`a.yaml=${version}`));
    }
  });
});

describe('a file system that raises no events', () => {
  it('is read now and then', async () => {
    // Makes chokidar look once an hour: as blind as it is on NFS.
    vi.stubEnv('CHOKIDAR_USEPOLLING', '1');
    vi.stubEnv('CHOKIDAR_INTERVAL', '3600000');
    onTestFinished(() => void vi.unstubAllEnvs());
    const rig = await newRig();
    await rig.put('a.yaml', 'one');
    await rig.watch({ pollMs: 10 });

    for (const text of ['two', 'three', 'four', 'five']) {
      await rig.put('a.yaml', text);
      await rig.told(loaded(`a.yaml=${text}`));
    }
  });
});

describe('a swap of the whole policy folder', () => {
  it('by rename is seen, and what is saved in the new folder too', async () => {
    const rig = await newRig();
    await rig.put('a.yaml', 'one');
    await rig.put('../next/a.yaml', 'two');
    await rig.watch();
    await rig.eventsSeen('a.yaml');

    await rename(rig.folder, join(rig.top, 'previous'));
    await rename(join(rig.top, 'next'), rig.folder);
    await rig.told(loaded('a.yaml=two'));
    await rig.put('a.yaml', 'three');
    await rig.told(loaded('a.yaml=three'));
  });

  it('by turning the link that it is, again and again', async () => {
    const rig = await newRig();
    const deploy = async (release: string): Promise<void> => {
      await rig.put(`../releases/${release}/a.yaml`, release);
      await symlink(`releases/${release}`, join(rig.top, 'next'));
      await rename(join(rig.top, 'next'), join(rig.top, 'current'));
    };
    await deploy('r1');
    await rig.watch({ paths: [join(rig.top, 'current')] });
    await rig.eventsSeen('../releases/r1/a.yaml');

    for (const release of ['r2', 'r3']) {
      await deploy(release);
      await rig.told(loaded(`a.yaml=${release}`));
    }
  });

  it('further up, where no event tells of it, is found by reading, and events are back after it', async () => {
    const rig = await newRig();
    const path = join(rig.top, 'etc', 'rekindle', 'policies');
    await rig.put('../etc/rekindle/policies/a.yaml', 'one');
    await rig.put('../next/rekindle/policies/a.yaml', 'two');
    const polled = clockThatPolls();
    await rig.watch({ paths: [path], clock: polled.clock });
    await rig.eventsSeen('../etc/rekindle/policies/a.yaml');

    await rename(join(rig.top, 'etc'), join(rig.top, 'previous'));
    await rename(join(rig.top, 'next'), join(rig.top, 'etc'));
    polled.poll();
    await rig.told(loaded('a.yaml=two'));
    await rig.put('../etc/rekindle/policies/a.yaml', 'three');
    await rig.told(loaded('a.yaml=three'));
  });
});

describe('a change while a load is running', () => {
  it('is loaded next, be it the first load', async () => {
    const rig = await newRig();
    await rig.put('a.yaml', 'one');

    await rig.watch({ load: loadWhile('one', () => rig.put('a.yaml', 'two')) });

    await rig.told(loaded('a.yaml=two'));
  });

  it('is loaded next, be it a later one', async () => {
    const rig = await newRig();
    await rig.put('a.yaml', 'one');
    const watcher = await rig.watch({ load: loadWhile('two', () => rig.put('a.yaml', 'three')) });

    await rig.put('a.yaml', 'two');
    await rig.told(loaded('a.yaml=three'));

    expect(contentsOf(watcher.current())).toBe('a.yaml=three');
  });
});

describe('many saves', () => {
  it('a hundred in a row end in the last content', async () => {
    const rig = await newRig();
    await rig.put('a.yaml', 'save 0');
    const watcher = await rig.watch();

    for (let n = 1; n <= 100; n += 1) await writeFile(join(rig.folder, 'a.yaml'), `save ${n}`);
    await rig.told(loaded('a.yaml=save 100'));

    expect(watcher.status()).toMatchObject({ stale: false, lastAttemptOk: true, problems: [] });
  });
});
