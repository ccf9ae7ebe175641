import { describe, expect, it } from 'vitest';
import type { RestartPolicy } from '../../src/engine/policy-set.js';
import type { View } from '../../src/engine/view.js';
import { failure, restartOrder } from './support/events.js';
import { activeServer, backupServer, drive, GiB, inventory } from './support/inventory.js';
import { policySet, restartPolicy, rule } from './support/policies.js';
import { attempts, backups, codes, decided, verdict } from './support/read.js';
import { at, MINUTE } from './support/time.js';
import { snapshot, view } from './support/view.js';

const oneSnapshot = [snapshot('s1', 'd1')];

async function restarted(known: View, policy: RestartPolicy = restartPolicy(), event = failure(60)) {
  return decided(event, { policies: policySet({ restarts: [policy] }), view: known });
}

describe('a failure', () => {
  it('is answered with attempts of a snapshot and a backup server', async () => {
    const decision = await restarted(view({ snapshots: oneSnapshot }));
    expect(codes(decision)).toEqual(['attempts-planned web', 'failure-reported']);
    expect(decision.restart).toMatchObject({ policy: 'web', machine: 'web-1', disk: 'disk-1' });
    expect(decision.restart?.attempts).toEqual([
      { snapshot: 's1', condition: 'scheduled', drive: 'd1', backup: 'spare-1', score: 0 },
      { snapshot: 's1', condition: 'scheduled', drive: 'd1', backup: 'spare-2', score: 0 },
    ]);
  });

  it('tries every backup server with the best snapshot before it tries the next snapshot', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2')] });
    const all = restartPolicy({ snapshots: [rule('any', { newest: false })] });
    expect(attempts(await restarted(known, all))).toEqual([
      's2 on spare-1',
      's2 on spare-2',
      's1 on spare-1',
      's1 on spare-2',
    ]);
  });

  it('of a server that was taken over fences the machine and the drive that it runs on now', async () => {
    const known = view({
      servers: [{ name: 'web-1', machine: 'spare-1', disk: 'd2', takenOverAt: at(0) }],
      snapshots: oneSnapshot,
    });
    expect((await restarted(known)).restart).toMatchObject({ machine: 'spare-1', disk: 'd2' });
  });

  it('may be reported under the name of the machine', async () => {
    const known = view({
      servers: [{ name: 'web-1', machine: 'spare-1', disk: 'd2', takenOverAt: at(0) }],
      snapshots: oneSnapshot,
    });
    const decision = await restarted(known, restartPolicy(), failure(60, { server: 'spare-1' }));
    expect(attempts(decision)).toEqual(['s1 on spare-2']);
  });

  it('of an idle backup server is nobody’s failure', async () => {
    expect(verdict(await restarted(view(), restartPolicy(), failure(60, { server: 'spare-1' })))).toBe(
      'none: not-active',
    );
  });

  it('from before the takeover that answered it is not answered again', async () => {
    const known = view({
      servers: [{ name: 'web-1', machine: 'spare-1', takenOverAt: at(60) }],
      snapshots: oneSnapshot,
    });
    expect(verdict(await restarted(known))).toBe('none: before-takeover');
  });

  it('of a server that no restart policy selects is refused', async () => {
    const decision = await restarted(
      view({ snapshots: oneSnapshot }),
      restartPolicy({ servers: { tier: 'db' } }),
    );
    expect(codes(decision)).toEqual(['no-restart-policy', 'failure-reported']);
    expect(decision).not.toHaveProperty('restart');
  });

  it('is governed by the restart policy with the highest priority that selects the server', async () => {
    const policies = policySet({
      restarts: [
        restartPolicy({ name: 'fallback', priority: 1 }),
        restartPolicy({ name: 'databases', priority: 900, servers: { tier: 'db' } }),
        restartPolicy({ name: 'web', priority: 10 }),
      ],
    });
    const decision = await decided(failure(60), { policies, view: view({ snapshots: oneSnapshot }) });
    expect(decision.restart?.policy).toBe('web');
  });

  it('under a policy that observes is decided and marked as observed', async () => {
    const decision = await restarted(view({ snapshots: oneSnapshot }), restartPolicy({ mode: 'observe' }));
    expect(decision).toMatchObject({ outcome: 'restart', mode: 'observe' });
    expect(codes(decision)).toContain('observe web');
  });
});

describe('when nothing can be started', () => {
  it('because there is no snapshot, the plan is refused and says so', async () => {
    const decision = await restarted(view());
    expect(verdict(decision)).toBe('refused: no-attempt');
    expect(decision.reasons[0]?.text).toBe(
      'none of the 0 snapshots may be started and there is no cold boot',
    );
    expect(decision.restart?.attempts).toEqual([]);
  });

  it('because no backup server can, the plan is refused and says so', async () => {
    const known = view({
      machines: [
        { name: 'spare-1', state: 'failed' },
        { name: 'spare-2', state: 'fenced' },
      ],
      snapshots: oneSnapshot,
    });
    const decision = await restarted(known);
    expect(verdict(decision)).toBe('refused: no-attempt');
    expect(decision.reasons[0]?.text).toBe('no backup server can start any of the selected snapshots');
    expect(backups(decision)).toMatchObject({ 'spare-1': 'machine-unavailable' });
  });

  it('because the backup servers are reserved, it is only busy', async () => {
    const known = view({
      machines: [
        { name: 'spare-1', reservedBy: 'op-7' },
        { name: 'spare-2', reservedBy: 'op-8' },
      ],
      snapshots: oneSnapshot,
    });
    expect(verdict(await restarted(known))).toBe('refused: backups-busy');
  });

  it('because the one backup server that could start an older snapshot is reserved, it is only busy', async () => {
    const known = view({
      machines: [
        { name: 'spare-1', reservedBy: 'op-7' },
        { name: 'spare-2', state: 'failed' },
      ],
      snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2', { memoryBytes: 64 * GiB })],
    });
    const decision = await restarted(known, restartPolicy({ snapshots: [rule('any', { newest: false })] }));
    expect(verdict(decision)).toBe('refused: backups-busy');
    expect(backups(decision)).toMatchObject({ 'spare-1': 'reserved', 'spare-2': 'machine-unavailable' });
  });

  it('because the reserved backup servers are too small as well, it is not only busy', async () => {
    const known = view({
      machines: [
        { name: 'spare-1', reservedBy: 'op-7' },
        { name: 'spare-2', reservedBy: 'op-8' },
      ],
      snapshots: [snapshot('s1', 'd1', { memoryBytes: 64 * GiB })],
    });
    expect(verdict(await restarted(known))).toBe('refused: no-attempt');
  });
});

describe('what a restart that ended blocked still holds', () => {
  const held = {
    machines: [{ name: 'spare-1', state: 'failed' as const, reservedBy: 'op-7' }],
    drives: [{ name: 'd1', reservedBy: 'op-7' }],
    snapshots: oneSnapshot,
  };
  const blocked = (server: string) =>
    [{ id: 'op-7', kind: 'restart-server', server, state: 'blocked' }] as const;

  it('is planned with by the next restart of that server, which proves it off first', async () => {
    const decision = await restarted(view({ ...held, operations: blocked('web-1') }));
    expect(attempts(decision)).toEqual(['s1 on spare-1', 's1 on spare-2']);
  });

  it('is in doubt for every other server, and nobody waits for it', async () => {
    const decision = await restarted(view({ ...held, operations: blocked('db-1') }));
    expect(attempts(decision)).toEqual(['s1 on spare-2']);
    expect(verdict(decision)).toBe('restart: attempts-planned');
  });

  it('does not count as a running restart', async () => {
    const known = view({ snapshots: oneSnapshot, operations: blocked('db-1') });
    const decision = await restarted(known, restartPolicy({ guard: { maxConcurrent: 1 } }));
    expect(verdict(decision)).toBe('restart: attempts-planned');
  });
});

describe('when the drive of the best snapshot is reserved', () => {
  const known = view({
    snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2')],
    drives: [{ name: 'd2', reservedBy: 'op-7' }],
  });
  const all = restartPolicy({ snapshots: [rule('any', { newest: false })] });

  it('it is waited for, rather than losing work for good', async () => {
    const decision = await restarted(known, all);
    expect(verdict(decision)).toBe('refused: drives-busy');
    expect(decision.reasons[0]?.text).toBe('d2 holds the best snapshot and is reserved by op-7');
  });

  it('the plan is there to be read all the same', async () => {
    expect((await restarted(known, all)).restart?.candidates).toHaveLength(2);
  });

  it('the reservation of the drive of a worse snapshot is not waited for', async () => {
    const other = view({
      snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2')],
      drives: [{ name: 'd1', reservedBy: 'op-7' }],
    });
    expect(verdict(await restarted(other, all))).toBe('restart: attempts-planned');
  });

  it('it is not waited for when no backup server could start that snapshot anyway', async () => {
    const rack = inventory({
      with: {
        machines: [
          backupServer('spare-1', { reaches: ['array-a'] }),
          backupServer('spare-2', { reaches: ['array-a'] }),
        ],
      },
    });
    const decision = await decided(failure(60), {
      policies: policySet({ inventory: rack, restarts: [all] }),
      view: known,
    });
    expect(attempts(decision)).toEqual(['s1 on spare-1', 's1 on spare-2']);
    expect(verdict(decision)).toBe('restart: attempts-planned');
  });
});

describe('a cold boot', () => {
  const lastResort = restartPolicy({ coldBoot: 'last-resort' });

  it('comes after every snapshot', async () => {
    expect(attempts(await restarted(view({ snapshots: oneSnapshot }), lastResort))).toEqual([
      's1 on spare-1',
      's1 on spare-2',
      'cold boot of disk-1 on spare-1',
      'cold boot of disk-1 on spare-2',
    ]);
  });

  it('is all there is when no snapshot may be started', async () => {
    expect(attempts(await restarted(view(), lastResort))).toEqual([
      'cold boot of disk-1 on spare-1',
      'cold boot of disk-1 on spare-2',
    ]);
  });

  it('has neither a snapshot nor a condition', async () => {
    const decision = await restarted(view(), lastResort);
    expect(decision.restart?.attempts[0]).toMatchObject({ snapshot: null, condition: null, drive: 'disk-1' });
  });

  it('does not happen when the policy says never', async () => {
    expect(attempts(await restarted(view(), restartPolicy({ coldBoot: 'never' })))).toEqual([]);
  });

  it('does not happen when it is the disk that failed', async () => {
    const decision = await restarted(
      view({ snapshots: oneSnapshot }),
      lastResort,
      failure(60, { subject: 'disk' }),
    );
    expect(attempts(decision)).toEqual(['s1 on spare-1', 's1 on spare-2']);
  });

  it('does not happen from a disk that has failed', async () => {
    const known = view({ drives: [{ name: 'disk-1', health: 'failed' }] });
    expect(attempts(await restarted(known, lastResort))).toEqual([]);
  });

  it('does not happen from a disk that is gone from the inventory', async () => {
    expect(attempts(await restarted(view({ servers: [{ name: 'web-1', disk: 'd9' }] }), lastResort))).toEqual(
      [],
    );
  });

  it('happens from the drive that the server runs from now', async () => {
    const known = view({ servers: [{ name: 'web-1', machine: 'spare-1', disk: 'd2', takenOverAt: at(0) }] });
    expect(attempts(await restarted(known, lastResort))).toEqual(['cold boot of d2 on spare-2']);
  });
});

describe('the guard against storms', () => {
  const running = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      id: `op-${index}`,
      kind: 'restart-server' as const,
      server: `db-${index}`,
      state: 'running' as const,
    }));

  it('refuses while as many restarts run as are allowed', async () => {
    const known = view({ snapshots: oneSnapshot, operations: running(2) });
    const decision = await restarted(known, restartPolicy({ guard: { maxConcurrent: 2 } }));
    expect(verdict(decision)).toBe('refused: max-concurrent');
    expect(decision).not.toHaveProperty('restart');
  });

  it('counts restarts only', async () => {
    const operations = [
      { id: 'op-9', kind: 'take-snapshot' as const, server: 'db-9', state: 'running' as const },
      ...running(1),
    ];
    const decision = await restarted(
      view({ snapshots: oneSnapshot, operations }),
      restartPolicy({ guard: { maxConcurrent: 2 } }),
    );
    expect(verdict(decision)).toBe('restart: attempts-planned');
  });

  it('refuses soon after a takeover of the same server', async () => {
    const policy = restartPolicy({ guard: { cooldownMs: 15 * MINUTE } });
    const known = (minutes: number) =>
      view({ servers: [{ name: 'web-1', takenOverAt: at(minutes) }], snapshots: oneSnapshot });
    expect(verdict(await restarted(known(45.001), policy))).toBe('refused: in-cooldown');
    expect(verdict(await restarted(known(45), policy))).toBe('restart: attempts-planned');
  });

  describe('with other servers', () => {
    const rack = inventory({
      with: {
        machines: ['web-2', 'web-3', 'web-4'].map((name) => activeServer(name, `disk-of-${name}`)),
        drives: ['web-2', 'web-3', 'web-4'].map((name) => drive(`disk-of-${name}`, 'array-a')),
      },
    });

    async function withFailed(failed: readonly string[], minHealthy: number) {
      return decided(failure(60), {
        policies: policySet({ inventory: rack, restarts: [restartPolicy({ guard: { minHealthy } })] }),
        view: view({
          inventory: rack,
          servers: failed.map((name) => ({ name, state: 'failed' as const, failedAt: at(59) })),
          snapshots: oneSnapshot,
        }),
      });
    }

    it('refuses when too few of them are up: that looks like a common cause', async () => {
      const decision = await withFailed(['web-2', 'web-3'], 0.5);
      expect(verdict(decision)).toBe('refused: below-min-healthy');
      expect(decision.reasons[0]?.text).toBe('1 of the 3 other servers are up, 50 % are needed');
    });

    it('goes ahead when enough of them are up', async () => {
      expect(verdict(await withFailed(['web-2'], 0.5))).toBe('restart: attempts-planned');
    });

    it('does not count the failed server itself', async () => {
      expect(verdict(await withFailed(['web-1'], 1))).toBe('restart: attempts-planned');
    });

    it('says the share in whole per cent', async () => {
      const decision = await withFailed(['web-2', 'web-3', 'web-4'], 0.29);
      expect(decision.reasons[0]?.text).toContain('29 %');
    });
  });

  it('asks for no share of others where there are none', async () => {
    const decision = await restarted(
      view({ snapshots: oneSnapshot }),
      restartPolicy({ guard: { minHealthy: 1 } }),
    );
    expect(verdict(decision)).toBe('restart: attempts-planned');
  });

  it('does not stand in the way of a person', async () => {
    const policy = restartPolicy({ guard: { maxConcurrent: 1, minHealthy: 1, cooldownMs: 60 * MINUTE } });
    const known = view({
      servers: [{ name: 'web-1', takenOverAt: at(59) }],
      snapshots: oneSnapshot,
      operations: running(5),
    });
    const decision = await decided(restartOrder(60), {
      policies: policySet({ restarts: [policy] }),
      view: known,
    });
    expect(codes(decision)).toEqual(['attempts-planned web', 'ordered-by-operator']);
    expect(decision.reasons[1]?.text).toBe('ordered by jane: maintenance');
  });
});
