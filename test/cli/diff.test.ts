import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { golden, rekindle, type TerminalOptions } from './harness.js';

const CWD = fileURLToPath(new URL('../fixtures/diff/', import.meta.url));
const STRICTER = ['diff', 'plain/policies.yaml', 'stricter.yaml', '--inventory', 'plain/rack.yaml'];

const run = (args: readonly string[], options: TerminalOptions = {}): ReturnType<typeof rekindle> =>
  rekindle(args, { cwd: CWD, env: { PATH: process.env.PATH ?? '' }, ...options });

const history = (): Promise<string> => readFile(join(CWD, 'history.ndjson'), 'utf8');

describe('rekindle diff', () => {
  it('tells each changed decision with the policies on both sides', async () => {
    const { code, out, err } = await run([...STRICTER, '--events', 'history.ndjson']);
    await expect(out).toMatchFileSnapshot(golden('diff.txt'));
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  it('writes a table for a comment on a pull request', async () => {
    const { out } = await run([...STRICTER, '--events', 'history.ndjson', '--format', 'markdown']);
    await expect(out).toMatchFileSnapshot(golden('diff.md'));
  });

  it('keeps the table short, what has a cause of its own first', async () => {
    const [, ...events] = (await history()).trim().split('\n');
    const many = Array.from({ length: 60 }, (_, index) =>
      (events[4] ?? '').replace('alert-16', `many-${index}`).replace('T12:16', `T14:${10 + (index % 50)}`),
    );
    const { out } = await run([...STRICTER, '--events', '-', '--format', 'markdown'], {
      stdin: [...events, ...many].join('\n'),
    });
    const rows = out.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---'));
    expect(rows).toHaveLength(51);
    expect(out).toMatch(/\nand \d+ more\n$/);
    expect(rows.findIndex((row) => row.includes('(follows)'))).toBe(-1);
  });

  it('annotates the responsible policies, each once', async () => {
    const { out } = await run([...STRICTER, '--events', 'history.ndjson', '--format', 'github']);
    const places = out
      .trim()
      .split('\n')
      .map((line) => line.split('::')[1]);
    expect(new Set(places).size).toBe(places.length);
    expect(places).toContain('warning file=stricter.yaml,line=3,title=DECISIONS_CHANGED');
  });

  it('gives scripts all of it', async () => {
    const { out } = await run([...STRICTER, '--events', 'history.ndjson', '--format', 'json']);
    const report: unknown = JSON.parse(out);
    expect(report).toMatchObject({
      base: { name: 'plain/policies.yaml' },
      events: { count: 13, from: '2026-03-01T12:00:00.000Z', to: '2026-03-01T12:45:00.000Z' },
      summary: { changes: 4, follow: 1, failures: 2 },
      changes: [
        { event: { id: 'alert-16' }, changes: ['reason'] },
        { event: { kind: 'alert', id: 'alert-18', server: 'web-1' }, changes: ['lost'], follows: false },
        { event: { id: 'alert-19' }, changes: ['gained'], follows: true },
        { event: { id: 'failure-31' }, changes: ['snapshot', 'fallback'] },
      ],
    });
  });

  it.each([
    ['nothing changes', ['diff', 'plain', 'renamed', '--exit-code'], 0],
    ['something changes, and nobody asked', STRICTER, 0],
    ['something changes', [...STRICTER, '--exit-code'], 1],
    ['something changes, whatever the format', [...STRICTER, '--exit-code', '--format', 'json'], 1],
    ['the documents have problems', ['diff', 'plain', 'history.ndjson'], 1],
    ['there is no such side', ['diff', 'plain', 'absent'], 2],
    ['a side is missing', ['diff', 'plain'], 2],
    ['there are no such events', [...STRICTER, '--events', 'absent.ndjson'], 2],
  ])('exit code when %s', async (_when, args, code) => {
    expect((await run([...args, ...(code === 0 ? ['--events', 'history.ndjson'] : [])])).code).toBe(code);
  });

  it('says which side has problems', async () => {
    const { out, err } = await run(['diff', 'plain', 'stricter.yaml']);
    expect(out).toBe('');
    expect(err).toMatch(/^head stricter\.yaml\nstricter\.yaml/);
    const json: unknown = JSON.parse((await run(['diff', 'plain', 'stricter.yaml', '--format', 'json'])).out);
    expect(json).toMatchObject({ problems: [{ side: 'head', file: 'stricter.yaml' }] });
  });
});

describe('a history that cannot be read as a whole is not read at all', () => {
  it.each([
    [
      'a newer version',
      (text: string) => text.replace('"version":1', '"version":2'),
      /standard input:1: this is version 2 .* expected is version 1/,
    ],
    [
      'no version',
      (text: string) => text.replace('"version":1,', ''),
      /standard input:1: this is version missing/,
    ],
    [
      'another format',
      (text: string) => text.replace('rekindle-history', 'other'),
      /standard input:1: the format is "other"; expected is "rekindle-history"/,
    ],
    [
      'a header with more than is known',
      (text: string) => text.replace('"state"', '"stage":1,"state"'),
      /standard input:1: the header .*stage/,
    ],
    [
      'a header with another state',
      (text: string) => text.replace('"state":null', '"state":{"servers":1}'),
      /standard input:1: servers must be array/,
    ],
    [
      'an event of an unknown kind',
      (text: string) => text.replace('"kind":"failure"', '"kind":"quake"'),
      /standard input:11: there is no event of kind "quake"/,
    ],
    [
      'a line that was cut off',
      (text: string) => text.slice(0, -30),
      /standard input:14:\d+: this is not JSON/,
    ],
    [
      'a line that is missing at the end',
      (text: string) => text.slice(0, text.lastIndexOf('{')),
      /standard input:13: the header says that 13 events follow; there are 12/,
    ],
    ['nothing', () => '', /standard input is empty/],
  ])('%s', async (_what, change, message) => {
    const { code, out, err } = await run([...STRICTER, '--events', '-'], { stdin: change(await history()) });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
  });

  it('begins from the recorded state', async () => {
    const state = { snapshots: [], servers: [] };
    const stdin = (await history()).replace('"state":null', `"state":${JSON.stringify(state)}`);
    expect((await run([...STRICTER, '--events', '-'], { stdin })).code).toBe(0);
  });
});

describe('git revisions', () => {
  /** A repository whose branch `main` holds `plain` in `etc/policies`, and its work folder `renamed`. */
  async function repository(): Promise<{ readonly root: string; readonly git: (...args: string[]) => void }> {
    const root = await mkdtemp(join(tmpdir(), 'rekindle-diff-test-'));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    const git = (...args: string[]): void => {
      const settings = ['user.name=test', 'user.email=test@localhost', 'commit.gpgsign=false'];
      execFileSync('git', [...settings.flatMap((one) => ['-c', one]), ...args], { cwd: root, stdio: 'pipe' });
    };
    git('init', '--quiet', '--initial-branch=main');
    await mkdir(join(root, 'etc/policies'), { recursive: true });
    await cp(join(CWD, 'plain'), join(root, 'etc/policies'), { recursive: true });
    git('add', '.');
    git('commit', '--quiet', '-m', 'plain');
    return { root, git };
  }

  it('a revision with its folder, beside a folder', async () => {
    const { root } = await repository();
    const args = ['diff', 'main:etc/policies', 'etc/policies', '--events', join(CWD, 'history.ndjson')];
    const { code, out } = await run([...args, '--exit-code'], { cwd: root });
    expect(out).toContain('0 decisions change; 0 answers');
    expect(code).toBe(0);
  });

  it('shows places as they are in the repository', async () => {
    const { root } = await repository();
    await writeFile(join(root, 'etc/policies/policies.yaml'), await readFile(join(CWD, 'stricter.yaml')));
    const { out } = await run(['diff', 'main', 'etc/policies', '--policies', 'etc/policies'], { cwd: root });
    expect(out).toContain('etc/policies/policies.yaml:62 database');
    expect(out).not.toContain(tmpdir());
  });

  it('a plain revision is its folder policies, from here', async () => {
    const { root } = await repository();
    const { code } = await run(['diff', 'main', 'main:etc/policies', '--exit-code'], {
      cwd: join(root, 'etc'),
    });
    expect(code).toBe(0);
  });

  it('reads what is committed and nothing beside it', async () => {
    const { root, git } = await repository();
    await writeFile(join(root, 'etc/policies/broken.yaml'), 'kind: Nothing');
    await writeFile(join(root, 'etc/policies/.hidden.yaml'), 'kind: Nothing');
    git('add', 'etc/policies/.hidden.yaml');
    git('commit', '--quiet', '-m', 'hidden');
    expect((await run(['diff', 'HEAD:etc/policies', 'HEAD~1:etc/policies'], { cwd: root })).code).toBe(0);
    expect((await run(['diff', 'HEAD:etc/policies', 'etc/policies'], { cwd: root })).code).toBe(1);
  });

  it('a link is followed within the folder and not out of it', async () => {
    const { root, git } = await repository();
    await cp(join(CWD, 'plain/rack.yaml'), join(root, 'rack.yaml'));
    await rm(join(root, 'etc/policies/rack.yaml'));
    await symlink('../../rack.yaml', join(root, 'etc/policies/rack.yaml'));
    git('add', '.');
    git('commit', '--quiet', '-m', 'link');
    const { code, err } = await run(['diff', 'HEAD:etc/policies', 'HEAD~1:etc/policies'], { cwd: root });
    expect(code).toBe(1);
    expect(err).toContain('etc/policies/rack.yaml');
  });

  it.each([
    ['no such revision', 'feature', '"feature" is neither a folder nor a git revision'],
    ['no such folder in it', 'main:nowhere', 'the revision main has no folder nowhere'],
    [
      'a file in the place of the folder',
      'main:etc/policies/rack.yaml',
      'has no folder etc/policies/rack.yaml',
    ],
  ])('%s', async (_what, side, message) => {
    const { root } = await repository();
    const { code, err } = await run(['diff', side, 'etc/policies'], { cwd: root });
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it('what looks like an option of git is never given to it', async () => {
    const { root } = await repository();
    const { code, err } = await run(['diff', '--', '--output=stolen', 'etc/policies'], { cwd: root });
    expect(code).toBe(2);
    expect(err).toContain('"--output=stolen" is neither a folder nor a git revision');
  });

  it('without git two folders can still be compared', async () => {
    const nowhere = { env: { PATH: join(CWD, 'no-such-folder') } };
    expect((await run(['diff', 'plain', 'split'], nowhere)).code).toBe(0);
    const { code, err } = await run(['diff', 'plain', 'main'], nowhere);
    expect(code).toBe(2);
    expect(err).toContain('git is not installed');
  });
});
