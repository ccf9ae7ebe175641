import { createHash } from 'node:crypto';
import { constants, type Dirent, type Stats } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, relative, resolve, sep } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { MAX_FILE_BYTES } from './engine/documents/limits.js';
import type { Problem, ProblemCode, SourceFile } from './engine/problem.js';

/** All files together: what the process is willing to hold before the loader has seen the first byte. */
const TOTAL_LIMIT_MIB = 64;

/** Directory entries looked at. A folder with more of them is not a policy folder but a mistyped path. */
const ENTRY_LIMIT = 5_000;

/** What one reading of the policy paths found. */
export interface PolicyFiles {
  /** Sorted by name. With problems it is what could be read, not the whole set. */
  readonly files: readonly SourceFile[];
  /** What kept files from being found or read. */
  readonly problems: readonly Problem[];
  /** Equal for two readings if, and only if, they found the same names, contents and problems. */
  readonly hash: string;
}

/** What was found on the disk itself. */
export interface FoundFiles extends PolicyFiles {
  /** Files, and folders that they were found in, that everybody on this machine may write to; as people are told them. */
  readonly unguarded: readonly string[];
}

/**
 * Reads the policy documents under `paths`: of a folder all `.yaml` and `.yml` files in it, however deep; of a
 * file the file, whatever its name. Names that begin with a dot are left out, and so the folders behind
 * Kubernetes' `..data` link are read only through the links to them. A file that several names lead to is read
 * once. Links may not lead out of their folder.
 *
 * Never throws for anything that the disk says: that is a problem with code `POLICY_DIR`.
 *
 * @param paths folders and files, relative to `cwd`.
 * @param cwd what the printed paths are relative to.
 */
export async function readPolicyFiles(
  paths: readonly string[],
  cwd: string = process.cwd(),
): Promise<FoundFiles> {
  const survey = newSurvey(cwd);
  for (const path of paths) await surveyRoot(survey, resolve(cwd, path));
  const files = await readAll(survey);
  const { problems, unguarded } = survey;
  return { files, problems, unguarded, hash: hashOf(files, problems) };
}

/** A file that was found and not yet read. */
interface Listed {
  readonly name: string;
  /** Where it was found; what people are told. */
  readonly path: string;
  /** Where it is, links followed. */
  readonly real: string;
}

/** A folder to look into, or a link to follow. */
interface Place {
  readonly name: string;
  readonly path: string;
  /** For a link: where the folder that holds it really is. */
  readonly real: string;
}

interface Survey {
  /** By real path, so that each file is read once. */
  readonly listed: Map<string, Listed>;
  readonly problems: Problem[];
  readonly unguarded: string[];
  readonly show: (path: string) => string;
  entriesLeft: number;
}

function newSurvey(cwd: string): Survey {
  const show = (path: string): string => {
    const shown = relative(cwd, path);
    return shown === '' ? '.' : shown === '..' || shown.startsWith(`..${sep}`) ? path : shown;
  };
  return { listed: new Map(), problems: [], unguarded: [], show, entriesLeft: ENTRY_LIMIT };
}

async function surveyRoot(survey: Survey, path: string): Promise<void> {
  try {
    const real = await realpath(path);
    if ((await stat(real)).isDirectory()) await surveyFolder(survey, { name: '', path, real });
    else list(survey, { name: basename(path), path, real });
  } catch (error) {
    refuse(survey, path, unreadable(error), 'Check the path and who may read it.');
  }
}

/** Real files and folders first and links after them: of two names for one file the plain one is kept. */
async function surveyFolder(survey: Survey, root: Place): Promise<void> {
  const seen = new Set<string>();
  const folders: Place[] = [root];
  const links: Place[] = [];
  for (;;) {
    const folder = folders.shift();
    if (folder !== undefined) {
      if (seen.has(folder.real)) continue;
      seen.add(folder.real);
      if (!(await surveyEntries(survey, folder, { folders, links }))) return;
      continue;
    }
    const link = links.shift();
    if (link === undefined) return;
    const target = await followLink(survey, root, link);
    if (target !== null) folders.push(target);
  }
}

/** False when the folder is too big to go on. */
async function surveyEntries(
  survey: Survey,
  folder: Place,
  found: { readonly folders: Place[]; readonly links: Place[] },
): Promise<boolean> {
  const entries = await entriesOf(survey, folder);
  survey.entriesLeft -= entries.length;
  if (survey.entriesLeft < 0) {
    const message = `more than ${ENTRY_LIMIT} files and folders are here; this does not look like a policy folder`;
    refuse(survey, folder.path, message, 'Give the folder that holds the policies and nothing else.');
    return false;
  }
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const name = folder.name === '' ? entry.name : `${folder.name}/${entry.name}`;
    const path = join(folder.path, entry.name);
    const real = join(folder.real, entry.name);
    if (entry.isSymbolicLink()) found.links.push({ name, path, real: folder.real });
    else if (entry.isDirectory()) found.folders.push({ name, path, real });
    else if (isPolicyName(entry.name)) list(survey, { name, path, real });
  }
  return true;
}

async function entriesOf(survey: Survey, folder: Place): Promise<readonly Dirent[]> {
  try {
    noteMode(survey, folder.path, await stat(folder.real));
    const entries = await readdir(folder.real, { withFileTypes: true });
    return entries.sort((a, b) => byText(a.name, b.name));
  } catch (error) {
    refuse(survey, folder.path, unreadable(error), 'Check who may read the folder.');
    return [];
  }
}

/** The folder that a link leads to; null when it leads to a file, or nowhere that may be read. */
async function followLink(survey: Survey, root: Place, link: Place): Promise<Place | null> {
  const wanted = isPolicyName(link.name);
  try {
    const real = await realpath(link.path);
    const folder = (await stat(real)).isDirectory();
    if (!folder && !wanted) return null;
    if (!isWithin(root.real, real)) {
      const message = `this is a link out of the policy folder ${survey.show(root.path)}`;
      refuse(
        survey,
        link.path,
        message,
        'Put the file itself into the folder, or name its path as one of its own.',
      );
      return null;
    }
    if (!folder) {
      list(survey, { ...link, real });
      return null;
    }
    if (isWithin(real, link.real)) {
      refuse(survey, link.path, 'this is a link to a folder that the link itself is in', 'Remove the link.');
      return null;
    }
    return { ...link, real };
  } catch (error) {
    // A name like README.md can be no folder of policies: where it leads is of no interest.
    if (wanted || extname(link.name) === '') {
      refuse(
        survey,
        link.path,
        `this link leads nowhere: ${unreadable(error)}`,
        'Mend the link or remove it.',
      );
    }
    return null;
  }
}

/** Also a folder like /tmp, where nobody removes what is another's, takes a new file of anybody. */
function noteMode(survey: Survey, path: string, { mode }: Stats): void {
  if ((mode & constants.S_IWOTH) !== 0) survey.unguarded.push(survey.show(path));
}

function list(survey: Survey, file: Listed): void {
  if (!survey.listed.has(file.real)) survey.listed.set(file.real, file);
}

async function readAll(survey: Survey): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  let total = 0;
  const sorted = [...survey.listed.values()].sort((a, b) => byText(a.name, b.name) || byText(a.path, b.path));
  for (const { name, path, real } of sorted) {
    if (total > TOTAL_LIMIT_MIB * 1024 * 1024) {
      const message = `the files before this one already come to more than ${TOTAL_LIMIT_MIB} MiB`;
      refuse(
        survey,
        path,
        message,
        'Give the folder that holds the policies and nothing else.',
        'POLICY_TOO_LARGE',
      );
      break;
    }
    try {
      const { bytes, stats } = await readUpToLimit(real);
      noteMode(survey, path, stats);
      files.push({ path: survey.show(path), name, bytes });
      total += bytes.length;
    } catch (error) {
      refuse(survey, path, unreadable(error), 'Check that it is a file and who may read it.');
    }
  }
  return files;
}

/**
 * One byte more than is allowed is enough for the loader to see that a file is too large. Opened without
 * blocking: a pipe with a policy's name would otherwise stop the service for ever.
 */
async function readUpToLimit(path: string): Promise<{ readonly bytes: Uint8Array; readonly stats: Stats }> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error('this is not a regular file');
    return { stats, bytes: await buffer(handle.createReadStream({ end: MAX_FILE_BYTES, autoClose: false })) };
  } finally {
    await handle.close();
  }
}

/** What {@link PolicyFiles.hash} is. Lengths stand before contents, so that no two different sets run together into the same bytes. */
export function hashOf(files: readonly SourceFile[], problems: readonly Problem[] = []): string {
  const hash = createHash('sha256');
  for (const { name, bytes } of files) {
    hash.update(JSON.stringify([name, bytes.length]));
    hash.update(bytes);
  }
  hash.update(JSON.stringify(problems));
  return hash.digest('hex');
}

function refuse(
  survey: Survey,
  path: string,
  message: string,
  hint: string,
  code: ProblemCode = 'POLICY_DIR',
): void {
  const file = survey.show(path);
  survey.problems.push({ code, file, line: 1, column: 1, path: '', message, hint, excerpt: '' });
}

const ERRNO_TEXT: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file or folder'],
  ['ENOTDIR', 'a part of the path is a file, not a folder'],
  ['EACCES', 'it may not be read by this user'],
  ['EPERM', 'it may not be read by this user'],
  ['ELOOP', 'the links lead in a circle'],
]);

function unreadable(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return ERRNO_TEXT.get(code) ?? error.message;
}

function isPolicyName(name: string): boolean {
  return /\.ya?ml$/i.test(name);
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** By code unit: the order must not depend on the machine's locale. */
function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
