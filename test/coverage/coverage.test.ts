import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { watchedPolicies } from '../../src/coverage/conditions.js';
import { onlooker } from '../../src/coverage/index.js';
import { comparisonsIn } from '../../src/engine/condition.js';
import { decide } from '../../src/engine/decide.js';
import { loadDocuments } from '../../src/engine/load.js';
import { DRIVER_CATALOGUE } from '../../src/hw/drivers.js';
import { runScenarios } from '../../src/scenario/index.js';
import { BASE_INVENTORY, BASE_POLICIES, textFile } from '../engine/documents/support.js';
import { events, worlds } from '../engine/support/arbitrary.js';

const HOT = `apiVersion: rekindle/v1
kind: AlertPolicy
metadata: { name: hot }
spec:
  when:
    any:
      - { fact: alert, path: $.labels.alertname, operator: equal, value: FanStopped }
      - { fact: alert, path: $.value, operator: greaterThanInclusive, value: 85 }
  condition: hot
  cause: hardware
  snapshot: { placement: spread }
---
apiVersion: rekindle/v1
kind: RestartPolicy
metadata: { name: again }
spec:
  priority: 1000
  snapshots:
    - { condition: matching, newest: true }
    - { condition: manual, newest: true }
  never: { cause: software, takenAfter: first-symptom }
  coldBoot: last-resort
  afterTakeover: nothing
`;

function steps(...lines: readonly string[]): string {
  return `apiVersion: rekindle/v1
kind: Scenario
metadata: { name: it }
spec:
  inventory: small
  steps:
${lines.map((line) => `    - ${line}\n`).join('')}`;
}

/** What no scenario shows at work in the policies of the test. */
async function uncovered(...lines: readonly string[]): Promise<readonly string[]> {
  const files = [BASE_INVENTORY, BASE_POLICIES, textFile('it.yaml', `${HOT}---\n${steps(...lines)}`)];
  const loaded = loadDocuments(files, DRIVER_CATALOGUE);
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  const eye = onlooker(loaded);
  for await (const { passed } of runScenarios(eye.policySet, { audience: eye.audience }))
    expect(passed).toBe(true);
  const { items } = eye.coverage();
  return items
    .filter(({ file, covered }) => file.endsWith('it.yaml') && !covered)
    .map(({ line, never }) => `${line} ${never}`);
}

const ALERT = '{ at: 1m, alert: { server: web-1, labels: { alertname: FanStopped }, value: 20 } }';
const FAILURE = '{ at: 5m, failure: { server: web-1 } }';

describe('the coverage of policies by scenarios', () => {
  it('names everything where nothing happens, with its line', async () => {
    expect(await uncovered('{ at: 1m, drive: { name: snap-1, health: ok } }')).toEqual([
      '3 never orders a snapshot',
      '7 alert $.labels.alertname equal "FanStopped" is never met',
      '7 alert $.labels.alertname equal "FanStopped" is never unmet',
      '8 alert $.value greaterThanInclusive 85 is never met',
      '8 alert $.value greaterThanInclusive 85 is never unmet',
      '15 never restarts a server',
      '19 nothing is ever woken by snapshots[0] (matching)',
      '20 nothing is ever woken by snapshots[1] (manual)',
      '21 never keeps a snapshot from being woken',
      '22 nothing is ever booted cold',
    ]);
  });

  it('is of each comparison, met and unmet, whatever the condition as a whole came to', async () => {
    const left = await uncovered(ALERT);
    expect(left).not.toContain('3 never orders a snapshot');
    expect(left.filter((one) => one.includes(' alert '))).toEqual([
      '7 alert $.labels.alertname equal "FanStopped" is never unmet',
      '8 alert $.value greaterThanInclusive 85 is never met',
    ]);
  });

  it('is of the way that a restart went in the end, not of those that were left open', async () => {
    const left = await uncovered(ALERT, FAILURE);
    expect(left).not.toContain('15 never restarts a server');
    expect(left).not.toContain('19 nothing is ever woken by snapshots[0] (matching)');
    expect(left).toContain('20 nothing is ever woken by snapshots[1] (manual)');
    expect(left).toContain('22 nothing is ever booted cold');
  });

  it('is of a boot without memory when there was nothing to wake', async () => {
    expect(await uncovered(FAILURE)).not.toContain('22 nothing is ever booted cold');
  });
});

describe('policies that are watched', () => {
  it('decide as they do unwatched, and tell of every comparison that a condition has', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, events, async ({ policies, view }, event) => {
        const seen = new Set<string>();
        const watched = watchedPolicies(policies, ({ kind, policy, path }, index) => {
          seen.add(`${kind} ${policy} ${path} ${index}`);
        });
        expect(await decide(watched, event, view)).toEqual(await decide(policies, event, view));
        // Of an alert that is over only what it is about is asked.
        if (event.kind !== 'alert' || event.status === 'resolved') return;
        for (const { name, when } of policies.alertPolicies) {
          const own = [...seen].filter((one) => one.startsWith(`AlertPolicy ${name} `)).length;
          // A comparison that cannot be evaluated makes a verdict without evidence.
          expect([0, comparisonsIn(when.tree).length]).toContain(own);
        }
      }),
    );
  });
});
