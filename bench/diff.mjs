/**
 * Recorded events per second of `rekindle diff`, beside the bare engine on the same events, in one run.
 *
 *     node bench/diff.mjs [--json] [--events N]
 *
 * The policies are those of policies/, HEAD with another threshold and another retention. The events are a year without
 * a storm, as the service records it: a schedule for each server every 15 minutes and the retention that follows it, as
 * many alerts of which most mean nothing, values that differ, resolved ones, two failures. "Ours" is both replays, each
 * with a state of its own, and the comparison. "Bare" is `decide` alone, once for each event, on a state in which
 * nothing has happened. "Read" is the reading of the export, line by line and checked.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readRecording } from '../dist/cli/events/recording.js';
import { diffPolicySets } from '../dist/diff/index.js';
import { decide } from '../dist/engine/decide.js';
import { loadPolicySet } from '../dist/engine/load.js';
import { initialView } from '../dist/engine/world.js';
import { DRIVER_CATALOGUE } from '../dist/hw/drivers.js';

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, events: { type: 'string', default: '100000' } },
});
const SIZES = [Math.ceil(Number(values.events) / 10), Number(values.events)];
const BARE_EVENTS = 5_000;

const SERVERS = ['web-1', 'web-2', 'db-1'];
const ALERTS = [
  ...['NodeTemperatureHigh', 'NodeTemperatureHigh', 'NodeEDACCorrectableErrors', 'SmartDeviceWarning'],
  ...['RaidDegraded', 'HighMemoryGrowth', 'HighRequestLatency', 'NodeClockSkew', 'FilesystemAlmostFull'],
];
const STEP_MS = 100_000;
const BEGIN_MS = Date.UTC(2026, 0, 1);

const base = load((text) => text);
const head = load((text) => text.replace('value: 85', 'value: 90').replace('additional: 2', 'additional: 1'));

const rows = [];
for (const size of SIZES) {
  const events = recorded(size);
  const bare = await rate(Math.min(size, BARE_EVENTS), async (count) => {
    const view = initialView(base.inventory);
    for (const event of events.slice(0, count)) await decide(base, event, view);
  });
  let changes = 0;
  const ours = await rate(size, async () => {
    const diff = await diffPolicySets(base, head, { events, state: null });
    changes = diff.events.length;
  });
  if (changes === 0) throw new Error('the bench expects changes');
  const read = await rate(size, async () => {
    const lines = exported(events);
    const recording = await readRecording('bench', lines);
    if (recording.events.length !== size) throw new Error('the bench expects every event back');
  });
  rows.push({
    events: size,
    ours,
    bare,
    ratio: ours / bare,
    read,
    seconds: size / ours + size / read,
    changes,
  });
}
report();

async function rate(count, work) {
  const began = performance.now();
  await work(count);
  return count / ((performance.now() - began) / 1_000);
}

function report() {
  if (values.json) {
    console.log(JSON.stringify({ unit: 'events per second', rows }));
    return;
  }
  console.log(' events   ours/s   bare engine/s   ratio    read/s   seconds in all   changes');
  for (const { events, ours, bare, ratio, read, seconds, changes } of rows) {
    console.log(
      `${pad(events, 7)}   ${pad(Math.round(ours), 6)}   ${pad(Math.round(bare), 13)}   ${pad(ratio.toFixed(2), 5)}   ${pad(Math.round(read), 7)}   ${pad(seconds.toFixed(1), 14)}   ${pad(changes, 7)}`,
    );
  }
  console.log(
    '\nratio: events that we decide twice and compare, divided by single decisions of the bare engine; above 0.5 is faster.',
  );
}

function load(change) {
  const folder = new URL('../policies/', import.meta.url);
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => ({
      path: name,
      name,
      bytes: Buffer.from(change(readFileSync(new URL(name, folder), 'utf8'))),
    }));
  const loaded = loadPolicySet(files, DRIVER_CATALOGUE);
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.policySet;
}

/** Equal from run to run. */
function recorded(size) {
  const random = generator(7);
  const failAt = new Map([
    [Math.floor(size / 3), 'web-1'],
    [Math.floor((2 * size) / 3), 'db-1'],
  ]);
  return Array.from({ length: size }, (_, index) => {
    const at = new Date(BEGIN_MS + index * STEP_MS).toISOString();
    const failed = failAt.get(index);
    if (failed !== undefined) return failure(index, at, failed);
    // Nine in 15 minutes: for each server a schedule, its retention and an alert.
    const server = SERVERS[index % 3];
    if (index % 9 < 3) return schedule(index, at, server);
    if (index % 9 < 6) return { kind: 'retention', id: `r-${index}`, at, server };
    return alert(index, at, random);
  });
}

function failure(index, at, server) {
  return {
    kind: 'failure',
    id: `f-${index}`,
    at,
    server,
    subject: 'server',
    cause: 'power',
    causeClass: 'hardware',
  };
}

function schedule(index, at, server) {
  return { kind: 'schedule', id: `s-${index}`, at, server, policy: 'quarter-hourly' };
}

function alert(index, at, random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const server = pick(SERVERS);
  return {
    kind: 'alert',
    id: `a-${index}`,
    at,
    server,
    status: random() < 0.2 ? 'resolved' : 'firing',
    source: 'alertmanager',
    labels: {
      alertname: pick(ALERTS),
      severity: pick(['critical', 'warning', 'info']),
      instance: `${server}:9100`,
      job: 'node',
    },
    annotations: { summary: `reading ${index}` },
    value: Math.round(random() * 1_000) / 10,
  };
}

function generator(seed) {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

async function* exported(events) {
  const header = {
    format: 'rekindle-history',
    version: 1,
    program: 'bench',
    policyRevision: base.revision,
    exportedAt: new Date(BEGIN_MS).toISOString(),
    events: events.length,
    state: null,
  };
  for (const line of [header, ...events]) yield Buffer.from(`${JSON.stringify(line)}\n`);
}

function pad(value, width) {
  return String(value).padStart(width);
}
