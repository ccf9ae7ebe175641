import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadPolicySet } from '../../../src/engine/load.js';
import type { PolicySet } from '../../../src/engine/policy-set.js';
import { SETTINGS_SCHEMAS } from '../../../src/hw/sim/settings.js';

const POLICIES = new URL('../../../policies/', import.meta.url);
const files = readdirSync(POLICIES).map((name) => ({
  name,
  path: `policies/${name}`,
  bytes: new Uint8Array(readFileSync(new URL(name, POLICIES))),
}));

function shipped(): PolicySet {
  const capabilities = new Set(['power', 'memory', 'storage'] as const);
  const result = loadPolicySet(files, new Map([['sim', { capabilities, settings: SETTINGS_SCHEMAS }]]));
  if (!result.ok) throw new Error(JSON.stringify(result.problems, null, 2));
  return result.policySet;
}

describe('the shipped policies', () => {
  it('load', () => {
    const { alertPolicies, schedulePolicies, placementPolicies, restartPolicies, inventory, scenarios } =
      shipped();
    expect(alertPolicies.map(({ name }) => name)).toEqual([
      'degraded-disk',
      'failing-memory',
      'memory-leak',
      'overheating',
      'slow-answers',
    ]);
    expect(schedulePolicies.map(({ name }) => name)).toEqual(['quarter-hourly']);
    expect([...placementPolicies.keys()]).toEqual(['spread']);
    expect(restartPolicies.map(({ name }) => name)).toEqual(['database', 'any-server']);
    expect([...inventory.machines.keys()]).toEqual([
      'web-1',
      'web-2',
      'db-1',
      'spare-1',
      'spare-2',
      'spare-3',
    ]);
    expect(scenarios.length).toBeGreaterThanOrEqual(41);
  });

  it.each(files.map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)] as const))(
    '%s tells editors its schema on its first line',
    (_, text) => {
      expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=../schemas/policy.schema.json');
    },
  );

  it('describe overheating as the third reading of 85 degrees within two minutes', () => {
    const policy = shipped().alertPolicies.find(({ name }) => name === 'overheating');
    expect(policy).toMatchObject({
      condition: 'overheating',
      cause: 'hardware',
      repeated: { times: 3, withinMs: 120_000 },
      snapshot: { placement: 'spread', cooldownMs: 600_000, deadlineMs: 60_000 },
      mode: 'enforce',
    });
  });

  it.each([
    [84.9, false],
    [85, true],
    [91, true],
  ])('take an alert of %d degrees for overheating: %s', async (value, held) => {
    const policy = shipped().alertPolicies.find(({ name }) => name === 'overheating');
    const alert = { labels: { alertname: 'NodeTemperatureHigh' }, value };
    expect(await policy?.when.holds({ alert, server: {} })).toMatchObject({ held, error: null });
  });

  it('give every active server snapshot drives in three failure domains', () => {
    const { inventory } = shipped();
    const disks = new Set([...inventory.machines.values()].map(({ disk }) => disk));
    for (const { name, role, reaches } of inventory.machines.values()) {
      const domains = new Set(
        [...inventory.drives.values()]
          .filter((drive) => reaches.includes(drive.device) && !disks.has(drive.name))
          .map(({ labels }) => labels.enclosure),
      );
      if (role === 'active') expect([name, domains.size]).toEqual([name, 3]);
    }
  });
});
