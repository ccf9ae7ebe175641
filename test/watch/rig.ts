import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { wallClock, type Clock } from '../../src/clock.js';
import type { LoadResult } from '../../src/engine/load.js';
import type { PolicySet, SchedulePolicy } from '../../src/engine/policy-set.js';
import type { Problem, SourceFile } from '../../src/engine/problem.js';
import { watchPolicies, type PolicyWatcher, type WatchOptions } from '../../src/watch.js';

/** What the watcher has told: a set that was accepted, or why one was refused. */
export type News =
  | { readonly kind: 'loaded'; readonly contents: string }
  | { readonly kind: 'rejected'; readonly problems: readonly Problem[] };

export interface Rig {
  /** The policy folder; its parent is the rig's alone. */
  readonly folder: string;
  readonly top: string;
  /** Puts a file into the folder at one blow. */
  readonly put: (name: string, text: string) => Promise<void>;
  readonly watch: (options?: Partial<WatchOptions>) => Promise<PolicyWatcher>;
  /** Resolves when an edit of `name` has been seen by an event, and so every later one can be. */
  readonly eventsSeen: (name: string) => Promise<void>;
  /** What has been told so far. */
  readonly news: readonly News[];
  /** Resolves when the watcher has told, or tells, what is asked for. */
  readonly told: (what: (news: News) => boolean) => Promise<News>;
}

const DEBOUNCE_MS = 25;

/** Real files in a folder of their own, real events, real time. */
export async function newRig(): Promise<Rig> {
  const top = await realpath(await mkdtemp(join(tmpdir(), 'rekindle-watch-')));
  onTestFinished(() => rm(top, { recursive: true, force: true }));
  const folder = join(top, 'policies');
  await mkdir(folder);
  const news: News[] = [];
  const waiting = new Set<() => void>();
  const tell = (item: News): void => {
    news.push(item);
    for (const look of waiting) look();
  };
  const put: Rig['put'] = async (name, text) => {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(top, '.put'), text);
    await rename(join(top, '.put'), join(folder, name));
  };
  const told: Rig['told'] = (what) =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = news.find(what);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return {
    folder,
    top,
    news,
    put,
    told,
    async eventsSeen(name) {
      // The first edit may still be met by the reading with which the watching begins.
      for (const text of ['first edit', 'second edit']) {
        await put(name, text);
        await told((item) => item.kind === 'loaded' && item.contents.includes(text));
      }
    },
    async watch(options = {}) {
      const watcher = await watchPolicies({
        paths: [folder],
        load: loadText,
        clock: wallClock,
        debounceMs: DEBOUNCE_MS,
        // So long that what a test sees came by an event.
        pollMs: 3_600_000,
        logger: SILENT,
        onLoaded: (policySet) => {
          tell({ kind: 'loaded', contents: contentsOf(policySet) });
        },
        onRejected: (problems) => {
          tell({ kind: 'rejected', problems });
        },
        ...options,
      });
      onTestFinished(() => watcher.close());
      return watcher;
    },
  };
}

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

export const rejected = (news: News): boolean => news.kind === 'rejected';
export const loaded =
  (contents: string) =>
  (news: News): boolean =>
    news.kind === 'loaded' && news.contents === contents;

/**
 * A clock that does the next of `actions` where the watcher waits between two readings: what happens to the
 * files while they are being read.
 */
export function clockWith(actions: (() => Promise<void>)[]): Clock {
  return {
    ...wallClock,
    sleep: (ms, signal) =>
      ms === DEBOUNCE_MS ? (actions.shift()?.() ?? Promise.resolve()) : wallClock.sleep(ms, signal),
  };
}

/** A clock on which the time to read without an event comes when the test says so, once. */
export function clockThatPolls(): { readonly clock: Clock; readonly poll: () => void } {
  let poll: () => void = () => undefined;
  const due = new Promise<void>((resolve) => {
    poll = resolve;
  });
  let polled = false;
  const clock: Clock = {
    ...wallClock,
    sleep(ms, signal) {
      const slept = wallClock.sleep(ms, signal);
      if (ms === DEBOUNCE_MS || polled) return slept;
      return Promise.race([
        slept,
        due.then(() => {
          polled = true;
        }),
      ]);
    },
  };
  return { clock, poll };
}

/** A loader during whose first look at `text` something else happens. */
export function loadWhile(text: string, meanwhile: () => Promise<void>): WatchOptions['load'] {
  let waiting = true;
  return async (files) => {
    if (waiting && files.some((file) => Buffer.from(file.bytes).toString('utf8') === text)) {
      waiting = false;
      await meanwhile();
    }
    return loadText(files);
  };
}

/** `name=text` of every file that holds a policy, in the order of the set. */
export function contentsOf(policySet: PolicySet): string {
  return policySet.schedulePolicies.map((policy) => `${policy.name}=${policy.condition}`).join(' ');
}

/**
 * Stands in for the engine's loader: every file is one policy, but for `inventory.yaml`; a file that says
 * `broken` is refused, and so is a folder without files.
 */
export function loadText(files: readonly SourceFile[]): LoadResult {
  if (files.length === 0) return { ok: false, problems: [problem('POLICY_EMPTY', 'policies')] };
  const texts = files.map((file) => ({ file, text: Buffer.from(file.bytes).toString('utf8') }));
  const broken = texts.filter(({ text }) => text.includes('broken') || text === '');
  if (broken.length > 0)
    return { ok: false, problems: broken.map(({ file }) => problem('YAML_SYNTAX', file.name)) };
  const policies = texts
    .filter(({ file }) => file.name !== 'inventory.yaml')
    .map(({ file, text }) => schedulePolicy(file.name, text));
  return { ok: true, policySet: policySetOf(policies, JSON.stringify(texts.map(({ text }) => text))) };
}

function problem(code: Problem['code'], file: string): Problem {
  return { code, file, line: 1, column: 1, path: '', message: `${code} in ${file}`, hint: '', excerpt: '' };
}

function schedulePolicy(name: string, text: string): SchedulePolicy {
  return {
    name,
    origin: { file: name, line: 1 },
    servers: {},
    timing: { everyMs: 60_000 },
    condition: text,
    snapshot: { placement: 'spread', deadlineMs: 60_000 },
  };
}

function policySetOf(schedulePolicies: readonly SchedulePolicy[], revision: string): PolicySet {
  return {
    revision,
    alertPolicies: [],
    schedulePolicies,
    placementPolicies: new Map(),
    restartPolicies: [],
    inventory: {
      name: 'rack',
      origin: { file: 'inventory.yaml', line: 1 },
      devices: new Map(),
      drives: new Map(),
      machines: new Map(),
    },
    scenarios: [],
  };
}
