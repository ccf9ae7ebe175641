import { describe, expect, it } from 'vitest';
import { planStandby, type StandbyPlan } from '../../src/engine/standby.js';
import type { PolicySet } from '../../src/engine/policy-set.js';
import type { View } from '../../src/engine/view.js';
import { activeServer, backupServer, drive, inventory } from './support/inventory.js';
import { policySet, restartPolicy } from './support/policies.js';
import { at, HOUR } from './support/time.js';
import { snapshot, symptom, view } from './support/view.js';

const ARMED = policySet({ restarts: [restartPolicy({ standby: 'armed' })] });

/** `web-2` beside `web-1`, and one backup or two. */
function twoServers(backups: readonly string[]) {
  return inventory({
    drives: [
      drive('d1', 'array-a'),
      drive('d2', 'array-b'),
      drive('disk-1', 'array-a'),
      drive('disk-2', 'array-b'),
    ],
    machines: [
      activeServer('web-1', 'disk-1'),
      activeServer('web-2', 'disk-2', { labels: { app: 'shop' } }),
      ...backups.map((name) => backupServer(name)),
    ],
  });
}

describe('what is to be held ready', () => {
  it('is the newest snapshot, on the backup that would wake it', async () => {
    const seen = view({ snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2')] });
    expect(await plans(ARMED, seen)).toEqual(['web-1: s2 on d2, spare-1']);
  });

  it('is nothing when no policy asks for it', async () => {
    const seen = view({ snapshots: [snapshot('s1', 'd1')] });
    expect(await plans(policySet(), seen)).toEqual([]);
  });

  it('is nothing while the policy only observes', async () => {
    const observing = policySet({ restarts: [restartPolicy({ standby: 'armed', mode: 'observe' })] });
    expect(await plans(observing, view({ snapshots: [snapshot('s1', 'd1')] }))).toEqual([]);
  });

  it('is nothing without a complete snapshot', async () => {
    expect(await plans(ARMED, view({ snapshots: [snapshot('s1', 'd1', { state: 'writing' })] }))).toEqual([]);
  });

  it('follows the condition that an alert has announced', async () => {
    const seen = view({
      snapshots: [
        snapshot('s1', 'd1', { condition: 'overheating', kind: 'additional' }),
        snapshot('s2', 'd2'),
      ],
      symptoms: [symptom()],
    });
    expect(await plans(ARMED, seen)).toEqual(['web-1: s1 on d1, spare-1']);
  });

  it('stays what it is while the server that it is for has failed', async () => {
    const seen = view({
      servers: [{ name: 'web-1', state: 'failed', failedAt: at(5) }],
      snapshots: [snapshot('s1', 'd1')],
    });
    expect(await plans(ARMED, seen)).toEqual(['web-1: s1 on d1, spare-1']);
  });

  it('does not depend on the guards against storms', async () => {
    const guarded = policySet({
      restarts: [
        restartPolicy({ standby: 'armed', guard: { maxConcurrent: 2, minHealthy: 1, cooldownMs: HOUR } }),
      ],
    });
    const seen = view({
      servers: [{ name: 'web-1', takenOverAt: at(5) }],
      snapshots: [snapshot('s1', 'd1')],
    });
    expect(await plans(guarded, seen)).toEqual(['web-1: s1 on d1, spare-1']);
  });
});

describe('two servers that are to be held ready', () => {
  const snapshots = [snapshot('s1', 'd1'), snapshot('s2', 'd2', { server: 'web-2' })];

  it('each have a backup when there are two', async () => {
    const declared = twoServers(['spare-1', 'spare-2']);
    const policies = policySet({ restarts: ARMED.restartPolicies, inventory: declared });
    expect(await plans(policies, view({ inventory: declared, snapshots }))).toEqual([
      'web-1: s1 on d1, spare-1',
      'web-2: s2 on d2, spare-2',
    ]);
  });

  it('the one with the more important policy has it when there is one', async () => {
    const declared = twoServers(['spare-1']);
    const important = restartPolicy({
      name: 'important',
      priority: 200,
      standby: 'armed',
      servers: { app: 'shop' },
    });
    const policies = policySet({ restarts: [...ARMED.restartPolicies, important], inventory: declared });
    expect(await plans(policies, view({ inventory: declared, snapshots }))).toEqual([
      'web-2: s2 on d2, spare-1',
    ]);
  });
});

async function plans(policies: PolicySet, seen: View): Promise<readonly string[]> {
  return (await planStandby(policies, seen, at(60))).map(spoken);
}

function spoken({ server, snapshot: id, drive: on, backup }: StandbyPlan): string {
  return `${server}: ${id} on ${on}, ${backup}`;
}
