import { Mutex } from 'async-mutex';
import { watch as watchFolders, type FSWatcher } from 'chokidar';
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve, sep } from 'node:path';
import type { Clock } from './clock.js';
import type { LoadResult } from './engine/load.js';
import type { PolicySet } from './engine/policy-set.js';
import type { Problem, ProblemCode, SourceFile } from './engine/problem.js';
import { toInstant, type Instant } from './engine/time.js';
import { readPolicyFiles, type PolicyFiles } from './files.js';
import type { LastGood } from './last-good.js';
import { cutFiles } from './truncation.js';
import type { ReloadStatus } from './server/administration.js';

export interface WatchOptions {
  /** Folders and files, as in `readPolicyFiles`. */
  readonly paths: readonly string[];
  /**
   * Builds and checks the complete next set. Whatever must work before a set may decide belongs in here: a
   * refusal or a throw leaves the running set as it is. Called for one reading at a time.
   */
  readonly load: (files: readonly SourceFile[]) => LoadResult | Promise<LoadResult>;
  readonly clock: Clock;
  /** The files on disk are the set that decides again: a new one, or the running one after a bad edit was undone. */
  readonly onLoaded?: (policySet: PolicySet) => void;
  /** The files on disk were refused; the running set stays. */
  readonly onRejected?: (problems: readonly Problem[]) => void;
  /** Where the last set that passed every check outlives the process. */
  readonly lastGood?: LastGood;
  /** The files must read the same twice, this long apart, before they are believed. */
  readonly debounceMs?: number;
  /** The files are read this often even if no event came: events get lost. */
  readonly pollMs?: number;
  readonly logger: WatchLogger;
}

/** The part of a pino logger that is used here. */
export interface WatchLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Follows the policy files. At every instant there is one whole set that passed every check. */
export interface PolicyWatcher {
  /** The set that decides. The same object until a set with other content has been accepted. */
  current(): PolicySet;
  status(): ReloadStatus;
  /** Reads and judges the files now, even if they look unchanged: what SIGHUP and the API ask for. */
  reload(): Promise<ReloadStatus>;
  /** Resolves when nothing is running any more. The last set stays readable. */
  close(): Promise<void>;
}

/** There is no set to begin with. */
export class PoliciesRefused extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(`the policy files have ${problems.length} problem(s)`);
    this.name = 'PoliciesRefused';
    this.problems = problems;
  }
}

const DEBOUNCE_MS = 300;
const POLL_MS = 15_000;

/** Readings in a row that all differ, after which the status says so instead of waiting in silence. */
const UNSETTLED_READINGS = 100;

/** Stands for no content, so that whatever the files settle on is news. */
const NEVER_SETTLED = '';

/** The running set and the reading that it was built from. Replaced as one value. */
interface Held {
  readonly policySet: PolicySet;
  readonly files: readonly SourceFile[];
  readonly hash: string;
  readonly loadedAt: Instant;
}

/** What became of the newest reading that was judged. */
interface Attempt {
  readonly hash: string;
  readonly at: Instant;
  readonly problems: readonly Problem[];
}

/**
 * Loads the policy files and follows them. File events are hints and nothing more: after one, and now and
 * then without one, everything is read again, and a reading whose content is new and has settled is loaded as
 * a whole. Only a set that passed every check replaces the running one, by a single assignment.
 *
 * @throws {PoliciesRefused} when the files are refused at the start and no earlier set was kept that still loads.
 */
export async function watchPolicies(options: WatchOptions): Promise<PolicyWatcher> {
  const { paths, clock, logger, debounceMs = DEBOUNCE_MS, pollMs = POLL_MS } = options;
  const closing = new AbortController();
  const read = (): Promise<PolicyFiles> => readPolicyFiles(paths);
  const source: Source = { ...options, read, debounceMs, signal: closing.signal };
  const now = (): Instant => toInstant(clock.now());

  const first = await settle(source, await read());
  const judged = await judge(source, first, null);
  const begun = judged.ok ? { policySet: judged.policySet, reading: first } : await takeLastGood(source);
  if (begun === null) throw new PoliciesRefused(judged.ok ? [] : judged.problems);
  let held: Held = {
    ...{ policySet: begun.policySet, files: begun.reading.files, hash: begun.reading.hash },
    loadedAt: now(),
  };
  let attempt: Attempt = { hash: first.hash, at: held.loadedAt, problems: judged.ok ? [] : judged.problems };
  if (judged.ok) await keep(first);
  else {
    const { revision } = held.policySet;
    logger.error(
      { revision, problems: judged.problems },
      'policy files refused at the start; going on with the last set that was good',
    );
  }
  let seenHash = first.hash;

  /** One turn: read, and if the content is new, load it. Throws only when closed. */
  async function follow(force: boolean): Promise<void> {
    const reading = await read();
    seenHash = reading.hash;
    if (!force && reading.hash === attempt.hash) return;
    const settled = await settle(source, reading);
    seenHash = settled.hash;
    if (!force && settled.hash === attempt.hash) return;
    const result = settled.hash === held.hash ? running() : await judgeNext(settled, force);
    closing.signal.throwIfAborted();
    if (!result.ok) {
      reject(settled, result.problems);
      return;
    }
    accept(settled, result.policySet);
    await keep(settled);
  }

  /** That it cannot be kept is no reason not to decide by it. */
  async function keep(reading: PolicyFiles): Promise<void> {
    try {
      await options.lastGood?.keep(reading);
    } catch (error) {
      logger.error({ err: error }, 'the policy set could not be kept for the next start');
    }
  }

  /** What a person asks for is meant; what merely happened to the files may be half of something. */
  async function judgeNext(reading: PolicyFiles, isAskedFor: boolean): Promise<LoadResult> {
    const cut = isAskedFor ? [] : cutFiles(held.files, reading.files);
    return cut.length > 0 ? { ok: false, problems: cut } : judge(source, reading, held.policySet);
  }

  const running = (): LoadResult => ({ ok: true, policySet: held.policySet });

  function accept(reading: PolicyFiles, policySet: PolicySet): void {
    const at = now();
    const loadedAt = policySet === held.policySet ? held.loadedAt : at;
    attempt = { hash: reading.hash, at, problems: [] };
    held = { policySet, files: reading.files, hash: reading.hash, loadedAt };
    logger.info({ revision: policySet.revision, files: reading.files.length }, 'policies loaded');
    options.onLoaded?.(policySet);
  }

  function reject(reading: PolicyFiles, problems: readonly Problem[]): void {
    attempt = { hash: reading.hash, at: now(), problems };
    const { revision } = held.policySet;
    logger.warn({ revision, problems }, 'policy files refused; the running set stays as it is');
    options.onRejected?.(problems);
  }

  const turn = new Mutex();
  /** What a listener or the disk throws must not end the watching. */
  async function followSafely(force: boolean): Promise<void> {
    try {
      await turn.runExclusive(() => follow(force));
    } catch (error) {
      if (!closing.signal.aborted) logger.error({ err: error }, 'following the policy files failed');
    }
  }

  const bell = newBell(clock);
  const hints = newHints(paths, bell, logger);
  async function followUntilClosed(): Promise<void> {
    while (!closing.signal.aborted) {
      await followSafely(false);
      await hints.renew();
      await bell.wait(pollMs);
    }
  }
  const following = followUntilClosed();

  const status = (): ReloadStatus => ({
    revision: held.policySet.revision,
    loadedAt: held.loadedAt,
    stale: seenHash !== held.hash,
    lastAttemptAt: attempt.at,
    lastAttemptOk: attempt.problems.length === 0,
    problems: attempt.problems,
  });

  return {
    current: () => held.policySet,
    status,
    async reload() {
      await followSafely(true);
      return status();
    },
    async close() {
      closing.abort(new Error('the policy watcher is closed'));
      bell.ring();
      await following;
      await turn.waitForUnlock();
      await hints.close();
    },
  };
}

export interface ReadingOptions {
  /** What the paths are relative to, and the names in the readings. */
  readonly cwd: string;
  readonly clock: Clock;
  readonly logger: WatchLogger;
  /** Ends the readings. */
  readonly signal: AbortSignal;
  readonly debounceMs?: number;
  readonly pollMs?: number;
}

/** Each content of the policy files that has settled, good or bad, the first one included; until the signal. */
export async function* policyReadings(
  paths: readonly string[],
  { cwd, clock, logger, signal, debounceMs = DEBOUNCE_MS, pollMs = POLL_MS }: ReadingOptions,
): AsyncGenerator<PolicyFiles> {
  const read = (): Promise<PolicyFiles> => readPolicyFiles(paths, cwd);
  const bell = newBell(clock);
  const hints = newHints(
    paths.map((path) => resolve(cwd, path)),
    bell,
    logger,
  );
  signal.addEventListener('abort', bell.ring);
  let last: string | null = null;
  try {
    while (!signal.aborted) {
      const reading = await read();
      if (reading.hash !== last) {
        const settled = await settle({ paths, read, clock, debounceMs, signal }, reading);
        if (settled.hash !== last) {
          last = settled.hash;
          yield settled;
        }
      }
      await hints.renew();
      await bell.wait(pollMs);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', bell.ring);
    await hints.close();
  }
}

/** What is read, and when it is believed. */
interface Readable {
  readonly paths: readonly string[];
  readonly read: () => Promise<PolicyFiles>;
  readonly clock: Clock;
  readonly debounceMs: number;
  readonly signal: AbortSignal;
}

/** What is read, and how it is judged. */
interface Source extends Readable {
  readonly load: WatchOptions['load'];
  readonly lastGood?: LastGood;
  readonly logger: WatchLogger;
}

/** Reads until two readings, one debounce period apart, are the same. */
async function settle(source: Readable, reading: PolicyFiles): Promise<PolicyFiles> {
  let before = reading;
  for (let readings = 1; readings < UNSETTLED_READINGS; readings += 1) {
    await source.clock.sleep(source.debounceMs, source.signal);
    const after = await source.read();
    if (after.hash === before.hash) return after;
    before = after;
  }
  const problem = restless(source.paths, UNSETTLED_READINGS * source.debounceMs);
  return { files: [], problems: [...before.problems, problem], hash: NEVER_SETTLED };
}

/** The set that an earlier process was content with, if it still loads. */
async function takeLastGood(
  source: Source,
): Promise<{ readonly policySet: PolicySet; readonly reading: PolicyFiles } | null> {
  const reading = (await source.lastGood?.read()) ?? null;
  if (reading === null) return null;
  const judged = await judge(source, reading, null);
  return judged.ok ? { policySet: judged.policySet, reading } : null;
}

async function judge(source: Source, reading: PolicyFiles, running: PolicySet | null): Promise<LoadResult> {
  if (reading.problems.length > 0) return { ok: false, problems: reading.problems };
  try {
    const result = await source.load(reading.files);
    return result.ok && running !== null ? guardShrink(result.policySet, running, source.paths) : result;
  } catch (error) {
    source.logger.error(
      { err: error },
      'the loader failed on the policy files; this is a defect of the program',
    );
    return { ok: false, problems: [loaderDefect(source.paths, error)] };
  }
}

interface Bell {
  readonly ring: () => void;
  readonly wait: (ms: number) => Promise<void>;
}

/** Wakes one waiter. A ring that nobody waits for is kept for the next wait. */
function newBell(clock: Clock): Bell {
  let rung = new AbortController();
  return {
    ring: () => {
      rung.abort();
    },
    wait: async (ms) => {
      await clock.sleep(ms, rung.signal).catch(() => undefined);
      rung = new AbortController();
    },
  };
}

interface Hints {
  /** Watches anew when another folder stands under the name of the old: the old watch is blind for it. */
  renew(): Promise<void>;
  close(): Promise<void>;
}

function newHints(paths: readonly string[], bell: Bell, logger: WatchLogger): Hints {
  const roots = paths.map((path) => resolve(path));
  let opened: { readonly watcher: FSWatcher; readonly identity: string } | null = null;
  const failed = (error: unknown): void => {
    logger.warn({ err: error }, 'file events failed; changes are found by reading the files now and then');
  };
  return {
    async renew() {
      try {
        const identity = await identityOf(roots);
        if (identity === opened?.identity) return;
        await opened?.watcher.close();
        opened = { watcher: openWatcher(roots, bell.ring, failed), identity };
      } catch (error) {
        failed(error);
      }
    },
    async close() {
      await opened?.watcher.close();
    },
  };
}

/** The parent is watched too: a folder that is deleted and made again is seen nowhere else. */
function openWatcher(
  roots: readonly string[],
  ring: () => void,
  failed: (error: unknown) => void,
): FSWatcher {
  const ignored = isNoConcernOf(roots);
  const watcher = watchFolders([...new Set(roots.map((root) => dirname(root)))], {
    ignored,
    ignoreInitial: true,
    ignorePermissionErrors: true,
  });
  watcher.on('all', ring);
  // Of saves that follow each other within 50 ms chokidar drops all but the first; the raw events are all there.
  watcher.on('raw', (_event, name: string | null, details) => {
    const watched = watchedPath(details);
    if (watched === null || !ignored(resolve(watched, name ?? ''))) ring();
  });
  // What changed while the watch was being set up raised no event.
  watcher.on('ready', ring);
  watcher.on('error', failed);
  return watcher;
}

function watchedPath(details: unknown): string | null {
  if (typeof details !== 'object' || details === null || !('watchedPath' in details)) return null;
  return typeof details.watchedPath === 'string' ? details.watchedPath : null;
}

/** Of the parents only the roots, and the `..data` links through which Kubernetes swaps what is mounted there. */
function isNoConcernOf(roots: readonly string[]): (path: string) => boolean {
  const parents = new Set(roots.map((root) => dirname(root)));
  const isLink = (path: string): boolean => basename(path).startsWith('..');
  return (path) => {
    if (parents.has(path) || roots.includes(path)) return false;
    if (roots.some((root) => path.startsWith(root + sep)))
      return basename(path).startsWith('.') && !isLink(path);
    return !(parents.has(dirname(path)) && isLink(path));
  };
}

async function identityOf(roots: readonly string[]): Promise<string> {
  const identities = await Promise.all(
    roots.map((root) =>
      stat(root).then(
        ({ dev, ino }) => `${dev}:${ino}`,
        () => 'absent',
      ),
    ),
  );
  return identities.join(' ');
}

/** A folder that is being emptied or half written may still load. It must not disarm the service. */
function guardShrink(next: PolicySet, running: PolicySet, paths: readonly string[]): LoadResult {
  const before = policyCount(running);
  if (before === 0 || policyCount(next) > 0) return { ok: true, policySet: next };
  const message = `the files hold no policy any more; the running set has ${before}`;
  const hint = 'Put the policies back. To run without any, restart the service.';
  return { ok: false, problems: [problemOf(paths, 'POLICY_EMPTY', message, hint)] };
}

function policyCount(set: PolicySet): number {
  return set.alertPolicies.length + set.schedulePolicies.length + set.restartPolicies.length;
}

function restless(paths: readonly string[], ms: number): Problem {
  const message = `the files kept changing for ${ms} ms; nothing whole could be read`;
  return problemOf(paths, 'POLICY_DIR', message, 'Find out what keeps writing there.');
}

function loaderDefect(paths: readonly string[], error: unknown): Problem {
  const message = `the loader failed: ${error instanceof Error ? error.message : String(error)}`;
  const hint = 'This is a defect of the program, not of the files. Please report it with the log.';
  return problemOf(paths, 'LOADER_DEFECT', message, hint);
}

function problemOf(paths: readonly string[], code: ProblemCode, message: string, hint: string): Problem {
  return { code, file: paths.join(', '), line: 1, column: 1, path: '', message, hint, excerpt: '' };
}
