import {
  chmod,
  link as hardLink,
  mkdir,
  mkdtemp,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_FILE_BYTES } from '../src/engine/documents/limits.js';
import { readPolicyFiles, type FoundFiles, type PolicyFiles } from '../src/files.js';

let top: string;
let folder: string;

beforeEach(async () => {
  top = await realpath(await mkdtemp(join(tmpdir(), 'rekindle-files-')));
  folder = join(top, 'policies');
  await mkdir(folder);
});

afterEach(async () => {
  await rm(top, { recursive: true, force: true });
});

async function put(path: string, text = path): Promise<void> {
  await mkdir(dirname(join(top, path)), { recursive: true });
  await writeFile(join(top, path), text);
}

const link = (target: string, path: string): Promise<void> => symlink(target, join(top, path));
const readFolder = (): Promise<FoundFiles> => readPolicyFiles(['policies'], top);
const names = (read: PolicyFiles): readonly string[] => read.files.map((file) => file.name);
const text = (read: PolicyFiles, name: string): string | undefined => {
  const file = read.files.find((candidate) => candidate.name === name);
  return file && Buffer.from(file.bytes).toString('utf8');
};
const faults = (read: PolicyFiles): readonly string[] =>
  read.problems.map(({ code, file, message }) => `${code} ${file}: ${message}`);

describe('reading a policy folder', () => {
  it('takes the YAML files of all depths, sorted by name, and nothing else', async () => {
    for (const name of [
      'b.yaml',
      'a.yml',
      'web/z.yaml',
      'web/deep/a.yaml',
      'UPPER.YAML',
      'README.md',
      'c.yaml~',
      'd.json',
    ])
      await put(`policies/${name}`);

    const read = await readFolder();

    expect(names(read)).toEqual(['UPPER.YAML', 'a.yml', 'b.yaml', 'web/deep/a.yaml', 'web/z.yaml']);
    expect(text(read, 'web/z.yaml')).toBe('policies/web/z.yaml');
    expect(faults(read)).toEqual([]);
  });

  it('leaves out whatever begins with a dot', async () => {
    await put('policies/.hidden.yaml');
    await put('policies/.git/config.yaml');
    await put('policies/.#lock.yaml');
    await put('policies/a.yaml');

    expect(names(await readFolder())).toEqual(['a.yaml']);
  });

  it('reports an empty folder as no files and no problem: whether that may be is for the loader to say', async () => {
    expect(await readFolder()).toMatchObject({ files: [], problems: [] });
  });

  it('prints paths relative to the working directory, and absolute ones outside of it', async () => {
    await put('policies/web/a.yaml');

    const inside = await readPolicyFiles([folder], top);
    const outside = await readPolicyFiles([folder], join(top, 'elsewhere'));

    expect(inside.files[0]?.path).toBe(join('policies', 'web', 'a.yaml'));
    expect(outside.files[0]?.path).toBe(join(folder, 'web', 'a.yaml'));
  });

  it('takes a file that is named itself, whatever its extension', async () => {
    await put('rack.inventory');

    expect(names(await readPolicyFiles(['rack.inventory'], top))).toEqual(['rack.inventory']);
  });

  it('reads a file once that is named itself and stands in the folder', async () => {
    await put('policies/inventory.yaml');

    expect(names(await readPolicyFiles(['policies', 'policies/inventory.yaml', 'policies'], top))).toEqual([
      'inventory.yaml',
    ]);
  });

  it('cuts a huge file one byte beyond the limit, so that the loader sees that it is too large', async () => {
    await put('policies/huge.yaml', 'x'.repeat(MAX_FILE_BYTES + 500));

    expect((await readFolder()).files[0]?.bytes.length).toBe(MAX_FILE_BYTES + 1);
  });
});

describe('links in a policy folder', () => {
  it('reads a mounted ConfigMap once, through the visible links', async () => {
    await put('policies/..2026_11_01/alerts.yaml', 'first');
    await put('policies/..2026_11_01/web/restart.yaml', 'nested');
    await link('..2026_11_01', 'policies/..data');
    await link('..data/alerts.yaml', 'policies/alerts.yaml');
    await link('..data/web', 'policies/web');

    const read = await readFolder();

    expect(names(read)).toEqual(['alerts.yaml', 'web/restart.yaml']);
    expect(read.files[0]?.path).toBe(join('policies', 'alerts.yaml'));
    expect(faults(read)).toEqual([]);
  });

  it('reads a file once that two names lead to, under its own name', async () => {
    await put('policies/z.yaml');
    await link('z.yaml', 'policies/a.yaml');

    expect(names(await readFolder())).toEqual(['z.yaml']);
  });

  it('follows a policy folder that is itself a link', async () => {
    await put('releases/42/a.yaml');
    await link('releases/42', 'current');

    const read = await readPolicyFiles(['current'], top);

    expect(names(read)).toEqual(['a.yaml']);
    expect(read.files[0]?.path).toBe(join('current', 'a.yaml'));
  });

  it.each([
    ['a file', 'outside/secret.yaml', 'policies/a.yaml'],
    ['a folder', 'outside', 'policies/more'],
    ['a folder whose name begins like the policy folder', 'policies-old', 'policies/old'],
  ])('refuses a link out of the folder: %s', async (_what, target, from) => {
    await put('outside/secret.yaml');
    await put('policies-old/a.yaml');
    await link(join(top, target), from);

    const read = await readFolder();

    expect(read.files).toEqual([]);
    expect(faults(read)).toEqual([`POLICY_DIR ${from}: this is a link out of the policy folder policies`]);
  });

  it.each([
    ['to the folder that it is in', '.', 'policies/again'],
    ['to a folder further up', '..', 'policies/web/again'],
  ])('refuses a loop: a link %s', async (_what, target, from) => {
    await put('policies/web/a.yaml');
    await link(target, from);

    const read = await readFolder();

    expect(names(read)).toEqual(['web/a.yaml']);
    expect(faults(read)).toEqual([
      `POLICY_DIR ${from}: this is a link to a folder that the link itself is in`,
    ]);
  });

  it('refuses a link to itself', async () => {
    await link('a.yaml', 'policies/a.yaml');

    expect(faults(await readFolder())).toEqual([
      'POLICY_DIR policies/a.yaml: this link leads nowhere: the links lead in a circle',
    ]);
  });

  it('ends where two folders link to each other, and reads each file once', async () => {
    await put('policies/one/1.yaml');
    await put('policies/two/2.yaml');
    await link('../two', 'policies/one/two');
    await link('../one', 'policies/two/one');

    const read = await readFolder();

    expect(names(read)).toEqual(['one/1.yaml', 'two/2.yaml']);
    expect(faults(read)).toEqual([]);
  });

  it('refuses a link to nothing where a policy or a folder of policies was meant', async () => {
    await link('gone.yaml', 'policies/a.yaml');
    await link('..data/web', 'policies/web');
    await link('gone.md', 'policies/README.md');

    expect(faults(await readFolder())).toEqual([
      'POLICY_DIR policies/a.yaml: this link leads nowhere: there is no such file or folder',
      'POLICY_DIR policies/web: this link leads nowhere: there is no such file or folder',
    ]);
  });
});

describe('what cannot be read', () => {
  it('reports every missing path, and reads the others', async () => {
    await put('policies/a.yaml');

    const read = await readPolicyFiles(['absent', 'policies', 'policies/a.yaml/b.yaml'], top);

    expect(names(read)).toEqual(['a.yaml']);
    expect(faults(read)).toEqual([
      'POLICY_DIR absent: there is no such file or folder',
      'POLICY_DIR policies/a.yaml/b.yaml: a part of the path is a file, not a folder',
    ]);
  });

  it('does not wait for a pipe that has the name of a policy', async () => {
    execFileSync('mkfifo', [join(folder, 'a.yaml')]);
    await put('policies/b.yaml');

    const read = await readFolder();

    expect(names(read)).toEqual(['b.yaml']);
    expect(faults(read)).toEqual([`POLICY_DIR ${join('policies', 'a.yaml')}: this is not a regular file`]);
  });

  it('says what to do next', async () => {
    expect((await readPolicyFiles(['absent'], top)).problems[0]).toEqual({
      code: 'POLICY_DIR',
      file: 'absent',
      line: 1,
      column: 1,
      path: '',
      message: 'there is no such file or folder',
      hint: 'Check the path and who may read it.',
      excerpt: '',
    });
  });

  it('gives up on a folder that is too big to be a policy folder', async () => {
    for (let n = 0; n <= 5_000; n += 1) writeFileSync(join(folder, `${n}.txt`), '');

    expect(faults(await readFolder())).toEqual([
      'POLICY_DIR policies: more than 5000 files and folders are here; this does not look like a policy folder',
    ]);
  });
});

describe('files that are too many to hold', () => {
  it('are not read to the end', async () => {
    await put('big', 'x'.repeat(MAX_FILE_BYTES));
    for (let n = 0; n < 300; n += 1) await hardLink(join(top, 'big'), join(folder, `${n}.yaml`));

    const read = await readFolder();

    expect(read.files.length).toBeLessThan(300);
    expect(read.problems).toMatchObject([
      { code: 'POLICY_TOO_LARGE', message: 'the files before this one already come to more than 64 MiB' },
    ]);
  });
});

describe('the hash of a reading', () => {
  it('is the same wherever the folder stands', async () => {
    await put('policies/web/a.yaml', 'same');
    const before = await readFolder();
    await rename(folder, join(top, 'moved'));

    expect((await readPolicyFiles(['moved'], top)).hash).toBe(before.hash);
  });

  it.each([
    ['a content', () => put('policies/a.yaml', 'other')],
    ['a name', () => rename(join(folder, 'a.yaml'), join(folder, 'c.yaml'))],
    ['a new file', () => put('policies/c.yaml')],
    ['a lost file', () => rm(join(folder, 'a.yaml'))],
    ['a problem', () => link('gone', 'policies/c.yaml')],
  ])('changes with %s', async (_what, change) => {
    await put('policies/a.yaml', 'one');
    await put('policies/b.yaml', 'two');
    const before = await readFolder();
    await change();

    expect((await readFolder()).hash).not.toBe(before.hash);
  });

  it('tells folders apart whose names and contents run together into the same text', async () => {
    await put('one/a.yaml', 'a');
    await put('one/b.yaml', '');
    await put('other/a.yaml', '');
    await put('other/ab.yaml', '');

    const [one, other] = await Promise.all([readPolicyFiles(['one'], top), readPolicyFiles(['other'], top)]);

    expect(one.hash).not.toBe(other.hash);
  });
});

describe('the files and folders of a policy folder', () => {
  it('are named when everybody may write to them, also behind a link', async () => {
    await put('policies/own.yaml');
    await put('policies/open.yaml');
    await put('policies/team/shared.yaml');
    await link('open.yaml', 'policies/link.yaml');
    await chmod(join(top, 'policies/open.yaml'), 0o666);
    await chmod(join(top, 'policies/team'), 0o1777);
    await chmod(join(top, 'policies/team/shared.yaml'), 0o664);
    expect((await readFolder()).unguarded.toSorted()).toEqual(['policies/open.yaml', 'policies/team']);
  });
});
