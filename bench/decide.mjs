/**
 * Decisions per second, beside bare json-rules-engine on the same conditions and the same alert, in one run.
 *
 * N alert policies of three conditions each, of which the alert meets one. "Ours" is a whole decision: matching,
 * repeat window, cooldown, placement over nine drives, reasons with file and line. "Bare" is one Engine with N
 * rules, which answers only which rule fired.
 */
import { Engine } from 'json-rules-engine';
import { Bench } from 'tinybench';
import { decide } from '../dist/engine/decide.js';
import { loadPolicySet } from '../dist/engine/load.js';
import { initialView } from '../dist/engine/world.js';

const SIZES = [1, 100, 1_000];
const json = process.argv.includes('--json');

const catalogue = new Map([
  [
    'sim',
    {
      capabilities: new Set(['power', 'memory', 'storage']),
      settings: { machine: { type: 'object' }, drive: { type: 'object' } },
    },
  ],
]);

const alert = {
  kind: 'alert',
  id: 'bench',
  at: '2026-01-01T00:00:00.000Z',
  server: 'web-1',
  status: 'firing',
  source: 'bench',
  labels: { alertname: 'Alert0', severity: 'critical', instance: 'web-1:9100', job: 'node' },
  annotations: { summary: 'the first policy matches' },
  value: 95,
};

const rows = [];
for (const size of SIZES) {
  const loaded = loadPolicySet(files(size), catalogue);
  if (!loaded.ok)
    throw new Error(loaded.problems.map((one) => `${one.code} ${one.path} ${one.message}`).join('\n'));
  const { policySet } = loaded;
  const view = initialView(policySet.inventory);
  const { outcome } = await decide(policySet, alert, view);
  if (outcome !== 'snapshot') throw new Error(`the bench expects a snapshot, found ${outcome}`);

  const engine = new Engine();
  for (let index = 0; index < size; index += 1) {
    engine.addRule({ conditions: conditions(index), event: { type: `policy-${index}` } });
  }
  const fired = (await engine.run({ alert })).events.length;
  if (fired !== 1) throw new Error(`bare json-rules-engine: expected 1 event, found ${fired}`);

  const text = JSON.stringify(alert);
  const bench = new Bench({ time: 1_000, warmupTime: 200 });
  bench
    .add('ours', () => decide(policySet, alert, view))
    .add('bare', () => engine.run({ alert }))
    .add('parse', () => JSON.parse(text));
  await bench.run();
  const perSecond = Object.fromEntries(
    bench.tasks.map((task) => {
      const { result } = task;
      if (result.state !== 'completed') throw new Error(`${task.name} did not complete: ${result.state}`);
      return [task.name, 1_000 / result.latency.p50];
    }),
  );
  rows.push({
    policies: size,
    ours: perSecond.ours,
    bare: perSecond.bare,
    ratio: perSecond.ours / perSecond.bare,
    parse: perSecond.parse,
  });
}

if (json) {
  console.log(JSON.stringify({ unit: 'per second, from the median', rows }));
} else {
  console.log('policies   decisions/s   bare json-rules-engine/s   ratio   JSON.parse of the alert/s');
  for (const { policies, ours, bare, ratio, parse } of rows) {
    console.log(
      `${pad(policies, 8)}   ${pad(Math.round(ours), 11)}   ${pad(Math.round(bare), 24)}   ${pad(ratio.toFixed(2), 5)}   ${pad(Math.round(parse), 25)}`,
    );
  }
  console.log(
    '\nratio: our decisions per second divided by those of bare json-rules-engine; above 1 is faster.',
  );
}

function conditions(index) {
  return {
    all: [
      { fact: 'alert', path: '$.labels.alertname', operator: 'equal', value: `Alert${index}` },
      { fact: 'alert', path: '$.labels.severity', operator: 'equal', value: 'critical' },
      { fact: 'alert', path: '$.value', operator: 'greaterThanInclusive', value: 85 },
    ],
  };
}

/** Each file stays below the size limit of a policy file. */
function files(size) {
  const perFile = 200;
  const chunks = [];
  for (let from = 0; from < size; from += perFile) {
    const policies = [];
    for (let index = from; index < Math.min(size, from + perFile); index += 1)
      policies.push(alertPolicy(index));
    chunks.push(file(`alerts-${from}.yaml`, policies));
  }
  return [file('base.yaml', [placement(), inventory()]), ...chunks];
}

function file(name, documents) {
  const text = documents.map((document) => JSON.stringify(document)).join('\n---\n');
  return { path: name, name, bytes: new TextEncoder().encode(text) };
}

function alertPolicy(index) {
  return document('AlertPolicy', `policy-${index}`, {
    when: conditions(index),
    condition: `condition-${index}`,
    cause: 'hardware',
    snapshot: { placement: 'spread' },
  });
}

function placement() {
  return document('PlacementPolicy', 'spread', {
    require: { all: [{ fact: 'drive', path: '$.health', operator: 'equal', value: 'ok' }] },
    prefer: [{ weight: 30, most: 'freeBytes' }],
  });
}

function inventory() {
  const drives = Array.from({ length: 9 }, (_, index) => ({
    name: `d${index}`,
    device: 'array-1',
    capacity: '64Gi',
    driver: { sim: {} },
  }));
  const machine = { labels: {}, memory: '4Gi', reaches: ['array-1'], driver: { sim: {} } };
  return document('Inventory', 'bench', {
    devices: [{ name: 'array-1' }],
    drives,
    servers: [
      { name: 'web-1', role: 'active', disk: 'd0', ...machine },
      { name: 'spare-1', role: 'backup', ...machine },
    ],
  });
}

function document(kind, name, spec) {
  return { apiVersion: 'rekindle/v1', kind, metadata: { name }, spec };
}

function pad(value, width) {
  return String(value).padStart(width);
}
