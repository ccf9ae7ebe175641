import { describe, expect, it } from 'vitest';
import { loadDocuments, type Loaded } from '../../src/engine/load.js';
import { DRIVER_CATALOGUE } from '../../src/hw/drivers.js';
import { tryMutants } from '../../src/mutation/index.js';
import { mutantsOf } from '../../src/mutation/mutants.js';
import { BASE_INVENTORY, BASE_POLICIES, textFile } from '../engine/documents/support.js';

function loaded(...policies: readonly string[]): Loaded {
  const files = policies.map((text, index) => textFile(`${index}.yaml`, text));
  const result = loadDocuments([BASE_INVENTORY, BASE_POLICIES, ...files], DRIVER_CATALOGUE);
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return result;
}

/** What is altered in the documents of the test, as `path: what`. */
function mutationsIn(...policies: readonly string[]): readonly string[] {
  return [...mutantsOf(loaded(...policies))]
    .filter(({ file }) => !file.includes('0-base'))
    .map(({ path, what }) => `${path}: ${what}`);
}

function alertPolicy(spec: string): string {
  return `apiVersion: rekindle/v1
kind: AlertPolicy
metadata: { name: hot }
spec:
  condition: hot
  cause: hardware
  snapshot: { placement: spread }
${spec}`;
}

const HOT = `  when:
    all:
      - { fact: alert, path: $.labels.alertname, operator: equal, value: TooHot }
      - { fact: alert, path: $.value, operator: greaterThanInclusive, value: 85 }
`;

describe('the mutants of a policy', () => {
  it('are one small mistake each: the policy, its settings, and every part of its condition', () => {
    expect(mutationsIn(alertPolicy(`${HOT}  repeated: { times: 3, within: 2m }\n`))).toEqual([
      ': the policy is left out',
      'spec.repeated.times: 3 → 2',
      'spec.repeated.times: 3 → 4',
      'spec.repeated.within: 2m → 1m',
      'spec.repeated.within: 2m → 4m',
      'spec.cause: hardware → software',
      'spec.when: all → any',
      'spec.when.all[0]: removed',
      'spec.when.all[1]: removed',
      'spec.when.all[0].operator: equal → notEqual',
      'spec.when.all[1].operator: greaterThanInclusive → greaterThan',
      'spec.when.all[1].operator: greaterThanInclusive → lessThan',
      'spec.when.all[1].value: 85 → 84',
      'spec.when.all[1].value: 85 → 86',
    ]);
  });

  it('know lists, negations and groups inside each other', () => {
    const when = `  when:
    any:
      - { fact: alert, path: $.labels.alertname, operator: in, value: [TooHot, FanStopped] }
      - not: { fact: alert, path: $.labels.severity, operator: equal, value: info }
`;
    expect(mutationsIn(alertPolicy(when)).filter((one) => one.startsWith('spec.when'))).toEqual([
      'spec.when: any → all',
      'spec.when.any[0]: removed',
      'spec.when.any[1]: removed',
      'spec.when.any[0].operator: in → notIn',
      'spec.when.any[0].value: without TooHot',
      'spec.when.any[0].value: without FanStopped',
      'spec.when.any[1]: not is left out',
      'spec.when.any[1].not.operator: equal → notEqual',
    ]);
  });

  it('miss a fraction by its last digit', () => {
    const when = `  when:
    all:
      - { fact: alert, path: $.value, operator: lessThan, value: 0.25 }
`;
    expect(mutationsIn(alertPolicy(when))).toEqual(
      expect.arrayContaining(['spec.when.all[0].value: 0.25 → 0.24', 'spec.when.all[0].value: 0.25 → 0.26']),
    );
  });

  it('are never what the loader would refuse', () => {
    // 0 times is none, and a window of half a millisecond is none either.
    const mutations = mutationsIn(alertPolicy(`${HOT}  repeated: { times: 1 }\n`));
    expect(mutations).not.toContain('spec.repeated.times: 1 → 0');
    for (const { policySet } of mutantsOf(loaded(alertPolicy(HOT))))
      expect(policySet.alertPolicies).toBeDefined();
  });

  it('are never the policy itself: what equals a default is no mistake when it is gone', () => {
    const mutations = mutationsIn(alertPolicy(`${HOT}  priority: 100\n`));
    expect(mutations).not.toContain('spec.priority: removed');
    expect(mutationsIn(alertPolicy(`${HOT}  priority: 200\n`))).toContain('spec.priority: removed');
  });

  it('say where the mistake is', () => {
    const mutant = [...mutantsOf(loaded(alertPolicy(HOT)))].find(({ what }) => what === '85 → 86');
    expect(mutant).toMatchObject({
      ...{ file: 'policies/0.yaml', line: 11, column: 78 },
      policy: 'AlertPolicy hot',
    });
  });

  it('leave the policies that were loaded as they were', () => {
    const set = loaded(alertPolicy(HOT));
    const before = JSON.stringify(set.policySet.alertPolicies);
    for (const _ of mutantsOf(set));
    expect(JSON.stringify(set.policySet.alertPolicies)).toBe(before);
  });
});

function scenario(name: string, value: number, outcome: string): string {
  return `apiVersion: rekindle/v1
kind: Scenario
metadata: { name: ${name} }
spec:
  inventory: small
  steps:
    - at: 1m
      alert: { server: web-1, labels: { alertname: TooHot }, value: ${value} }
      expect: { outcome: ${outcome} }
`;
}

describe('scenarios that are played on mutants', () => {
  const at85 = scenario('hot at 85', 85, 'snapshot');
  const at84 = scenario('warm at 84', 84, 'none');

  async function fateOf(what: string, ...scenarios: readonly string[]): Promise<string | null | undefined> {
    for await (const { mutant, killedBy } of tryMutants(loaded(alertPolicy(HOT), ...scenarios))) {
      if (mutant.what === what) return killedBy;
    }
    return undefined;
  }

  it('kill what they would fail on', async () => {
    expect(await fateOf('85 → 86', at85, at84)).toBe('hot at 85');
    expect(await fateOf('85 → 84', at85, at84)).toBe('warm at 84');
  });

  it('let live what they do not look at', async () => {
    expect(await fateOf('85 → 84', at85)).toBe(null);
    expect(await fateOf('hardware → software', at85, at84)).toBe(null);
  });
});
