/** What the failure analysis says of a policy set, against what the simulated rack does with it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Analysis, Case } from '../../src/check/failures/analyse.js';
import { counterExample, scenarioOf } from '../../src/check/failures/counter-example.js';
import { check, type Checked, type FailureFinding } from '../../src/check/index.js';
import type { ScenarioDocument } from '../../src/engine/documents/types.js';
import { loadPolicySet } from '../../src/engine/load.js';
import type { PolicySet } from '../../src/engine/policy-set.js';
import { DRIVER_CATALOGUE } from '../../src/hw/drivers.js';
import { runScenarios, type ScenarioResult } from '../../src/scenario/index.js';

const WEAK = fileURLToPath(new URL('../fixtures/weak/', import.meta.url));
const STARTER = fileURLToPath(new URL('../../starter/', import.meta.url));
const OWN = fileURLToPath(new URL('../../policies/', import.meta.url));

const documentsIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));

/** The documents, without the scenarios that come with them. */
function load(documents: readonly string[], scenarios: readonly ScenarioDocument[] = []): PolicySet {
  const texts = [
    ...documents.filter((text) => !text.includes('kind: Scenario')),
    ...scenarios.map((one) => stringify(one, { aliasDuplicateObjects: false })),
  ];
  const files = texts.map((text, index) => ({
    path: `${index}.yaml`,
    name: `${index}.yaml`,
    bytes: new TextEncoder().encode(text),
  }));
  const loaded = loadPolicySet(files, DRIVER_CATALOGUE);
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.policySet;
}

async function play(documents: readonly string[], scenarios: readonly ScenarioDocument[]) {
  const results: ScenarioResult[] = [];
  for await (const result of runScenarios(load(documents, scenarios))) results.push(result);
  return results;
}

const examplesOf = (policySet: PolicySet, { findings }: Checked): readonly ScenarioDocument[] =>
  findings
    .filter((finding): finding is FailureFinding => 'example' in finding)
    .flatMap((finding) => counterExample(policySet, finding) ?? []);

/** What is woken must be what the analysis says; of servers that fail together only that it is woken at all. */
function replayOf(policySet: PolicySet, example: Case, index: number): readonly ScenarioDocument[] {
  const { failure, outcome, others } = example;
  if (outcome.attempt === null) return [];
  const { drive, backup, condition } = outcome.attempt;
  const restart = others.length > 0 ? {} : { drive, backup, condition: condition ?? 'cold boot' };
  const name = `${index}: ${outcome.server.name}, ${failure.subject}`;
  const scenario = scenarioOf(policySet, example, { name, description: name, expect: { restart } });
  return scenario === null ? [] : [scenario];
}

const failed = (results: readonly ScenarioResult[]): readonly string[] =>
  results.filter(({ passed }) => !passed).map(({ name }) => name);

const subjects = (cases: Analysis['struck']): readonly string[] =>
  cases.map(({ failure: { subject }, outcome }) => `${outcome.server.name}, ${subject}`);

describe('the failure analysis', () => {
  it.each(readdirSync(WEAK))('shows what it finds in %s by scenarios that fail', async (name) => {
    const documents = documentsIn(join(WEAK, name));
    const policySet = load(documents);
    const examples = examplesOf(policySet, await check(policySet));
    const results = await play(documents, examples);
    expect(failed(results)).toEqual(examples.map(({ metadata }) => metadata.name));
  });

  it('shows a pair that is not survived because a backup has lost its path, by a scenario that fails', async () => {
    const documents = documentsIn(STARTER);
    const policySet = load(documents);
    const { analysis } = await check(policySet, { pairs: 5_000 });
    const lost = (analysis.pairs?.struck ?? []).filter(
      ({ failure, outcome }) =>
        outcome.attempt === null && failure.paths.some(({ machine }) => machine === 'spare-1'),
    );
    const scenarios = lost.flatMap((one, index) => {
      const name = `${index}: ${one.failure.subject}`;
      return scenarioOf(policySet, one, { name, description: name, expect: { restart: {} } }) ?? [];
    });
    expect(scenarios.length).toBeGreaterThan(0);
    expect(scenarios.length).toBe(lost.length);
    expect(failed(await play(documents, scenarios))).toEqual(scenarios.map(({ metadata }) => metadata.name));
  });

  it('says of every single failure what the rack then wakes, on which drive and where', async () => {
    const documents = documentsIn(OWN);
    const policySet = load(documents);
    const { analysis } = await check(policySet);
    const replays = analysis.struck.flatMap((one, index) => replayOf(policySet, one, index));
    expect(replays.length).toBe(analysis.struck.length);
    expect(failed(await play(documents, replays))).toEqual([]);
  });

  it('looks at every machine, drive, device, path and failure domain', async () => {
    const policySet = load(documentsIn(OWN));
    const { analysis } = await check(policySet);
    const { machines, drives, devices } = policySet.inventory;
    const paths = [...machines.values()].reduce((sum, { reaches }) => sum + reaches.length, 0);
    // Two feeds, by which restarts prefer their backups, and three enclosures, by which drives are kept apart.
    expect(analysis.failures).toBe(machines.size + drives.size + devices.size + paths + 5);
    expect(subjects(analysis.struck)).toEqual(
      expect.arrayContaining(['web-1, drive web-1-disk', 'web-1, enclosure=a', 'db-1, feed=right']),
    );
  });

  it('counts what is lost from the snapshot that is woken, with the deadline of the one that is being taken', async () => {
    const { analysis } = await check(load(documentsIn(OWN)));
    const lost = (subject: string) =>
      analysis.struck.find(({ failure }) => failure.subject === subject)?.outcome.lostMs;
    expect([lost('server web-1'), lost('device array-a')]).toEqual([20 * 60_000, 35 * 60_000]);
  });

  it('bounds a restart by what its sequence allows', async () => {
    const { analysis } = await check(load(documentsIn(OWN)));
    const alone = analysis.struck.find(({ failure }) => failure.subject === 'server web-1');
    // 3 x 30s to prove it off, 3 x 2 x 20s for drive and backup, 2 x 2m to compare, 2m to start, 60s to be seen alive.
    expect(alone?.outcome.takesMs).toBe((90 + 120 + 240 + 120 + 60) * 1_000);
  });

  it('looks at as many pairs as it is given, evenly, and tells which are not survived', async () => {
    const policySet = load(documentsIn(OWN));
    const few = await check(policySet, { pairs: 10 });
    expect(few.analysis.pairs?.looked).toBe(10);
    const { findings, analysis } = await check(policySet, { pairs: 100_000 });
    expect(analysis.pairs?.looked).toBe((analysis.failures * (analysis.failures - 1)) / 2);
    const fatal = analysis.pairs?.struck.filter(({ outcome }) => outcome.attempt === null) ?? [];
    expect(subjects(fatal)).toContain('web-1, feed=left and feed=right');
    expect(findings.map(({ code }) => code)).toContain('PAIR_NOT_SURVIVED');
  });

  it('is the same for equal policy sets', async () => {
    const [one, other] = [load(documentsIn(OWN)), load(documentsIn(OWN).toReversed())];
    expect(subjects((await check(one)).analysis.struck)).toEqual(
      subjects((await check(other)).analysis.struck),
    );
  });
});
