/**
 * How long `rekindle check` takes for a large site, every single failure and a sample of the pairs:
 * `npm run bench:check`. 1,000 active servers on 50 enclosures, 100 backup servers, 200 policies.
 */
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { check } from '../dist/check/index.js';
import { loadPolicySet } from '../dist/engine/load.js';
import { DRIVER_CATALOGUE } from '../dist/hw/drivers.js';

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: '1000' },
    pairs: { type: 'string', default: '2000' },
  },
});
const SERVERS = Number(values.servers);
const PAIRS = Number(values.pairs);
const WANTED_S = 10;

const ENCLOSURES = Math.max(4, Math.round(SERVERS / 20));
const BACKUPS = Math.max(2, Math.round(SERVERS / 10));
const TIERS = 40;
const sim = { sim: {} };
const enclosure = (index) => `array-${index % ENCLOSURES}`;
const reaches = (index) => [0, 1, 2, 3].map((step) => enclosure(index + step));
const times = (count, make) => Array.from({ length: count }, (_, index) => make(index));
const document = (kind, name, spec) => ({ apiVersion: 'rekindle/v1', kind, metadata: { name }, spec });
const label = (value) => ({ fact: 'alert', path: '$.labels.alertname', operator: 'equal', value });

const inventory = document('Inventory', 'site', {
  devices: times(ENCLOSURES, (index) => ({ name: enclosure(index), labels: { enclosure: String(index) } })),
  drives: [
    ...times(SERVERS, (index) => ({
      name: `disk-${index}`,
      device: enclosure(index),
      capacity: '16Gi',
      driver: sim,
    })),
    ...times(ENCLOSURES * 4, (index) => ({
      name: `snap-${index}`,
      device: enclosure(index),
      capacity: '4T',
      driver: sim,
    })),
  ],
  servers: [
    ...times(SERVERS, (index) => ({
      ...{ name: `server-${index}`, role: 'active', memory: '4Gi', disk: `disk-${index}` },
      ...{ labels: { tier: `tier-${index % TIERS}` }, reaches: reaches(index), driver: sim },
    })),
    ...times(BACKUPS, (index) => ({
      ...{ name: `backup-${index}`, role: 'backup', memory: '8Gi' },
      ...{ reaches: [...reaches(index * 4), ...reaches(index * 4 + 4)].slice(0, 8), driver: sim },
    })),
  ],
});
const policies = [
  ...times(TIERS * 2, (index) =>
    document('AlertPolicy', `alert-${index}`, {
      ...{ servers: { tier: `tier-${index % TIERS}` }, condition: `condition-${index}`, cause: 'hardware' },
      ...{ when: { all: [label(`Alert${index}`)] }, snapshot: { placement: `placement-${index % TIERS}` } },
    }),
  ),
  ...times(TIERS, (index) =>
    document('SchedulePolicy', `schedule-${index}`, {
      ...{ servers: { tier: `tier-${index}` }, every: '15m', snapshot: { placement: `placement-${index}` } },
    }),
  ),
  ...times(TIERS, (index) =>
    document('PlacementPolicy', `placement-${index}`, {
      ...{ apartFrom: { previous: 'enclosure' }, prefer: [{ weight: 10, most: 'freeBytes' }] },
    }),
  ),
  ...times(TIERS, (index) =>
    document('RestartPolicy', `restart-${index}`, {
      ...{ servers: { tier: `tier-${index}` }, placement: `placement-${index}`, coldBoot: 'last-resort' },
      snapshots: [{ condition: 'matching', newest: true, maxAge: '1h' }, { condition: 'any' }],
    }),
  ),
];

const text = [inventory, ...policies]
  .map((one) => stringify(one, { aliasDuplicateObjects: false }))
  .join('---\n');
const loaded = loadPolicySet(
  [{ path: 'site.yaml', name: 'site.yaml', bytes: new TextEncoder().encode(text) }],
  DRIVER_CATALOGUE,
);
if (!loaded.ok)
  throw new Error(
    loaded.problems
      .slice(0, 3)
      .map(({ message }) => message)
      .join('\n'),
  );

async function seconds(work) {
  const began = performance.now();
  const result = await work();
  return { result, took: (performance.now() - began) / 1_000 };
}

const singles = await seconds(() => check(loaded.policySet));
const { analysis } = singles.result;
const verdict = singles.took <= WANTED_S ? 'met' : 'missed';
console.log(
  `${SERVERS} servers, ${policies.length} policies: ${analysis.failures} single failures in ${singles.took.toFixed(1)} s (${verdict}: ${WANTED_S} s are wanted)`,
);
const paired = await seconds(() => check(loaded.policySet, { pairs: PAIRS }));
const { pairs } = paired.result.analysis;
console.log(
  `${pairs?.looked} of ${pairs?.all} pairs beside them in ${(paired.took - singles.took).toFixed(1)} s`,
);
