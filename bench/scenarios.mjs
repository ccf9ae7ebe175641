/**
 * How many steps of scenarios a second one core plays: `npm run bench:scenarios`. Steps differ: an alert is a
 * decision, a failure is a whole restart with its journal. So both are told, the second by the shipped scenarios.
 */
import { readPolicyFiles } from '../dist/files.js';
import { loadPolicySet } from '../dist/engine/load.js';
import { decide } from '../dist/engine/decide.js';
import { initialView } from '../dist/engine/world.js';
import { DRIVER_CATALOGUE } from '../dist/hw/drivers.js';
import { playScenario } from '../dist/scenario/index.js';

const WANTED = 2_000;
const RUNS = 9;
/** Some thousand steps: what a large installation plays, most of it as warm as this. */
const WARM_UP_RUNS = 15;
const ALERTS = 1_000;

const { files } = await readPolicyFiles(['policies/']);
const loaded = loadPolicySet(files, DRIVER_CATALOGUE);
if (!loaded.ok) throw new Error('the shipped policies do not load');
const { policySet } = loaded;

const origin = { file: 'bench', line: 1 };
const alert = {
  server: 'web-1',
  status: 'firing',
  labels: { alertname: 'NodeTemperatureHigh' },
  annotations: {},
  value: 70,
};
const expected = {
  outcome: 'none',
  reason: 'no-policy-matched',
  snapshot: null,
  restart: null,
  alive: null,
  retained: null,
};
const alerts = {
  ...{ name: 'alerts', origin, inventory: policySet.inventory.name },
  steps: Array.from({ length: ALERTS }, (_, minute) => ({
    ...{ origin, atMs: minute * 60_000, act: { kind: 'alert', ...alert }, expect: expected },
  })),
};

/** Steps a second: the median of some runs after some to warm up. */
async function rate(scenarios) {
  const rates = [];
  for (let run = 0; run < WARM_UP_RUNS + RUNS; run += 1) {
    const began = performance.now();
    let steps = 0;
    for (const scenario of scenarios) {
      const result = await playScenario(policySet, scenario);
      if (!result.passed) throw new Error(`${scenario.name} fails`);
      steps += result.steps.length;
    }
    if (run >= WARM_UP_RUNS) rates.push((1_000 * steps) / (performance.now() - began));
  }
  return rates.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)];
}

async function decisions() {
  const view = initialView(policySet.inventory);
  const began = performance.now();
  for (let index = 0; index < ALERTS; index += 1) {
    await decide(
      policySet,
      { ...alert, kind: 'alert', id: `e-${index}`, at: '2026-01-01T00:00:00.000Z', source: 'bench' },
      view,
    );
  }
  return (1_000 * ALERTS) / (performance.now() - began);
}

const decided = await decisions();
const steps = await rate([alerts]);
const shipped = await rate(policySet.scenarios);
const verdict = steps >= WANTED ? 'met' : 'missed';
console.log(
  `steps that are decisions: ${Math.round(steps)} a second (${verdict}: ${WANTED} are wanted), ${(steps / decided).toFixed(2)} of bare decisions`,
);
const whole = shipped >= WANTED ? 'met' : 'missed';
console.log(
  `the shipped scenarios, of which most steps are snapshots and restarts: ${Math.round(shipped)} a second (${whole})`,
);
