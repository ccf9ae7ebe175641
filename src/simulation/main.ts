/**
 * `npm run simulate -- --seeds N`: that many schedules of faults, each from its seed, over the real engine, actions,
 * journal and service logic on virtual time. Not part of the product: what proves it.
 */
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { loadPolicySet } from '../engine/load.js';
import type { PolicySet } from '../engine/policy-set.js';
import { readPolicyFiles } from '../files.js';
import { DRIVER_CATALOGUE } from '../hw/drivers.js';
import { generate, type Story } from './generate.js';
import { simulate, type Run } from './run.js';
import { shrink } from './shrink.js';

/** One in so many seeds is run twice, to see that it comes out the same. */
const TWICE = 50;

interface Share {
  readonly first: number;
  readonly end: number;
  readonly step: number;
}

/** What a worker tells. */
type News =
  { readonly kind: 'begun'; readonly seed: number } | { readonly kind: 'ended'; readonly result: Result };

interface Result {
  readonly seed: number;
  readonly faults: number;
  /** What was broken, and the steps that are enough to break it; empty for a good seed. */
  readonly report: readonly string[];
}

async function shippedPolicies(): Promise<PolicySet> {
  const { files } = await readPolicyFiles(['policies/']);
  const loaded = loadPolicySet(files, DRIVER_CATALOGUE);
  if (!loaded.ok) throw new Error('the shipped policies do not load');
  return loaded.policySet;
}

async function resultOf(policySet: PolicySet, seed: number): Promise<Result> {
  const story = generate(policySet, seed);
  const run = await simulate(policySet, story);
  const breaches = [...run.breaches];
  if (seed % TWICE === 0 && (await simulate(policySet, story)).digest !== run.digest)
    breaches.push({ invariant: 'I11', text: 'a second run of the same seed came out differently' });
  if (breaches.length === 0) return { seed, faults: run.faults, report: [] };
  const least = await shrink(policySet, story, run);
  return { seed, faults: run.faults, report: [...reportOf(breaches, least), ...(await keep(seed, least))] };
}

/** Where test/simulation takes every story up again. */
const KEPT = 'test/fixtures/simulation';

/** A machine of CI forgets what it wrote; there the report is what is left. */
async function keep(seed: number, story: Story): Promise<readonly string[]> {
  if (process.env.CI !== undefined) return [];
  const file = `${KEPT}/seed-${seed}.json`;
  await writeFile(file, `${JSON.stringify(story, null, 2)}\n`);
  return [`kept in ${file}`];
}

function reportOf(breaches: Run['breaches'], { steps, schedules }: Story): readonly string[] {
  return [
    ...breaches.map(({ invariant, text }) => `${invariant} ${text}`),
    `enough for it${schedules ? ', with the schedules running' : ''}:`,
    ...steps.map(({ atMs, act }) => `  ${atMs} ms ${JSON.stringify(act)}`),
  ];
}

/** The longest that a seed may take, in real time; most take a few hundredths of a second. */
const HANGS_AFTER_MS = 60_000;

async function work(share: Share, tell: (news: News) => void): Promise<void> {
  const policySet = await shippedPolicies();
  for (let seed = share.first; seed < share.end; seed += share.step) {
    tell({ kind: 'begun', seed });
    tell({ kind: 'ended', result: await resultOf(policySet, seed) });
  }
}

/** A seed that does not end fails, and its worker with it. */
function inWorker(share: Share, tell: (result: Result) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: share });
    let watch: NodeJS.Timeout | null = null;
    const hangs = (seed: number): void => {
      tell({ seed, faults: 0, report: [`does not end within ${HANGS_AFTER_MS / 1_000} s`] });
      void worker.terminate();
    };
    worker.on('message', (news: News) => {
      if (watch !== null) clearTimeout(watch);
      if (news.kind === 'ended') tell(news.result);
      else watch = setTimeout(hangs, HANGS_AFTER_MS, news.seed);
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      if (watch !== null) clearTimeout(watch);
      resolve();
    });
  });
}

async function lead(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      /** The first of them. */
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
    },
  });
  const first = Number(values.seed ?? values.from);
  const count = values.seed === undefined ? Number(values.seeds) : 1;
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1)
    throw new Error('--seeds, --from and --seed take whole numbers, at least one seed');
  const began = performance.now();
  let [seeds, faults, failed] = [0, 0, 0];
  const tell = (result: Result): void => {
    seeds += 1;
    faults += result.faults;
    if (result.report.length === 0) return;
    failed += 1;
    say(`seed ${result.seed} fails; npm run simulate -- --seed ${result.seed}`);
    for (const line of result.report) say(`  ${line}`);
  };
  const step = Math.min(count, availableParallelism());
  await Promise.all(
    Array.from({ length: step }, (_, index) =>
      inWorker({ first: first + index, end: first + count, step }, tell),
    ),
  );
  const seconds = (performance.now() - began) / 1_000;
  say(
    `${seeds} seeds, ${faults} faults (${(faults / seeds).toFixed(1)} a seed) in ${seconds.toFixed(0)} s: ${failed} failed`,
  );
  // Fewer than were asked for means that a worker died, which is no pass.
  if (failed > 0 || seeds !== count) process.exitCode = 1;
}

if (isMainThread) await lead();
else
  await work(workerData as Share, (news) => {
    parentPort?.postMessage(news);
  });

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
