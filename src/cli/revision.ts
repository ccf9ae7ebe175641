import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { readPolicyFiles, type PolicyFiles } from '../files.js';
import { CliError, EXIT } from './exit.js';
import { DEFAULT_POLICIES } from './paths.js';
import { safe } from './print/text.js';
import type { Terminal } from './terminal.js';

/** What is taken out of a repository before the reader of policy folders has looked at it. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_FILES = 5_000;

/**
 * Reads the policy folder of a git revision: `REVISION`, or `REVISION:FOLDER` with the folder from the root of the
 * repository. The documents go through the same reading as a folder's, links and limits included.
 *
 * @param folder with a plain revision: the folder, from here.
 * @throws {CliError} when there is no such revision, or no such folder in it.
 */
export async function readRevision(
  terminal: Terminal,
  text: string,
  folder: string = DEFAULT_POLICIES,
): Promise<PolicyFiles> {
  const { revision, path } = parsed(text, folder);
  const git = gitIn(terminal);
  await git(['rev-parse', '--verify', `${revision}^{tree}`], noSuchRevision(text));
  const name = await git(['rev-parse', '--verify', `${revision}:${path}`], noSuchFolder(revision, path));
  const tree = name.toString('utf8').trim();
  const listing = await git(['ls-tree', '-r', '-z', '-l', '--full-tree', tree], noSuchFolder(revision, path));
  const entries = entriesOf(listing).filter(mayBeRead);
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  if (entries.length > MOST_FILES || total > MOST_BYTES) throw noPolicyFolder(revision, path);
  const contents = await git(['cat-file', '--batch'], noSuchFolder(revision, path), entries);
  return inFolder(shownFolder(path), withContents(entries, contents));
}

function parsed(text: string, folder: string): { readonly revision: string; readonly path: string } {
  // Git would take it for an option, whatever it is meant to be.
  if (text.startsWith('-') || text === '') throw noSuchRevision(text)('it is no name of a revision');
  const colon = text.indexOf(':');
  if (colon === -1) return { revision: text, path: posix.normalize(`./${folder}`).replace(/^(?!\.)/, './') };
  return { revision: text.slice(0, colon), path: text.slice(colon + 1).replace(/\/+$/, '') };
}

interface Entry {
  readonly mode: string;
  readonly id: string;
  readonly size: number;
  readonly path: string;
}

/** `<mode> blob <id> <size>\t<path>\0`; of the commit of a submodule there is no content here. */
function entriesOf(listing: Buffer): readonly Entry[] {
  return listing
    .toString('utf8')
    .split('\0')
    .flatMap((line): Entry[] => {
      const match = /^(\d+) blob ([0-9a-f]+) +(\d+)\t(.+)$/s.exec(line);
      if (match === null) return [];
      const [, mode = '', id = '', size = '', path = ''] = match;
      return [{ mode, id, size: Number(size), path }];
    });
}

const LINK = '120000';

/** As the reader of folders: nothing whose name begins with a dot. A link may be one to a folder. */
function mayBeRead({ mode, path }: Entry): boolean {
  const hidden = path.split('/').some((part) => part === '' || part.startsWith('.'));
  return !hidden && (mode === LINK || /\.ya?ml$/i.test(path));
}

interface Content extends Entry {
  readonly bytes: Buffer;
}

/** `<id> blob <size>\n<bytes>\n` for each, in the order in which they were asked for. */
function withContents(entries: readonly Entry[], contents: Buffer): readonly Content[] {
  let at = 0;
  return entries.map((entry) => {
    const begin = contents.indexOf('\n', at) + 1;
    const bytes = contents.subarray(begin, begin + entry.size);
    at = begin + entry.size + 1;
    return { ...entry, bytes };
  });
}

/** Links after files: what a link leads to is judged when it is read, and nothing is written through one. */
async function inFolder(folder: string, contents: readonly Content[]): Promise<PolicyFiles> {
  const root = await mkdtemp(join(tmpdir(), 'rekindle-diff-'));
  try {
    await mkdir(join(root, folder), { recursive: true });
    for (const { path, bytes } of contents.filter(({ mode }) => mode !== LINK)) {
      const file = join(root, folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes, { flag: 'wx' });
    }
    for (const { path, bytes } of contents.filter(({ mode }) => mode === LINK)) {
      const link = join(root, folder, path);
      await mkdir(dirname(link), { recursive: true });
      await symlink(bytes.toString('utf8'), link);
    }
    return await readPolicyFiles([folder], root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** How places in the documents are shown: as below the repository, or below here. */
function shownFolder(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '..' && part !== '.')
    .join('/');
}

type Failure = (said: string) => CliError;
type Git = (args: readonly string[], failure: Failure, wanted?: readonly Entry[]) => Promise<Buffer>;

/** Runs git without a shell, and without anything that could ask, lock or page. */
function gitIn({ cwd, env }: Terminal): Git {
  const quiet = { ...env, LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0' };
  return (args, failure, wanted = []) =>
    new Promise((resolve, reject) => {
      const child = execFile(
        'git',
        ['--no-pager', ...args],
        { cwd, env: quiet, encoding: 'buffer', maxBuffer: 2 * MOST_BYTES },
        (error, out, err) => {
          if (error === null) resolve(out);
          else reject('code' in error && error.code === 'ENOENT' ? noGit() : failure(firstLine(err)));
        },
      );
      // A git that has ended already reads nothing more; how it ended is told above.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(wanted.map(({ id }) => `${id}\n`).join(''));
    });
}

function firstLine(err: Buffer): string {
  return safe((err.toString('utf8').trim().split('\n')[0] ?? '').replace(/^fatal: /, '')).slice(0, 200);
}

function noGit(): CliError {
  return new CliError(
    EXIT.usage,
    'git is not installed here, and BASE or HEAD is no folder',
    'give two folders',
  );
}

function noSuchRevision(text: string): Failure {
  return (said) =>
    new CliError(
      EXIT.usage,
      `"${safe(text)}" is neither a folder nor a git revision: ${said}`,
      'give a folder, a revision such as main, or a revision and its folder such as main:policies',
    );
}

function noSuchFolder(revision: string, path: string): Failure {
  return (said) =>
    new CliError(
      EXIT.usage,
      `the revision ${safe(revision)} has no folder ${safe(path)}: ${said}`,
      'name the folder with --policies DIR, or as REVISION:FOLDER from the root of the repository',
    );
}

function noPolicyFolder(revision: string, path: string): CliError {
  return new CliError(
    EXIT.usage,
    `${safe(path)} of revision ${safe(revision)} holds more than a policy folder does`,
    'name the folder that holds the policies and nothing else',
  );
}
