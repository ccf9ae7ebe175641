import { describe, expect, it } from 'vitest';
import type { RestartPolicy } from '../../src/engine/policy-set.js';
import type { Inventory } from '../../src/engine/policy-set.js';
import type { View } from '../../src/engine/view.js';
import { failure } from './support/events.js';
import { activeServer, backupServer, drive, GiB, inventory } from './support/inventory.js';
import { compares, policySet, restartPolicy } from './support/policies.js';
import { attempts, backups, decided } from './support/read.js';
import { snapshot, view } from './support/view.js';

const oneSnapshot = [snapshot('s1', 'd1')];

interface Given {
  readonly rack?: Inventory;
  readonly known?: View;
  readonly policy?: RestartPolicy;
}

async function restarted({ rack = inventory(), known, policy = restartPolicy() }: Given) {
  return decided(failure(60), {
    policies: policySet({ inventory: rack, restarts: [policy] }),
    view: known ?? view({ inventory: rack, snapshots: oneSnapshot }),
  });
}

describe('a backup server', () => {
  it('is every idle one that can reach the snapshot and has room for its memory', async () => {
    expect(backups(await restarted({}))).toEqual({ 'spare-1': 0, 'spare-2': 0, 'web-1': 'is-failed-server' });
  });

  it('is never another active server', async () => {
    const rack = inventory({
      with: { machines: [activeServer('web-2', 'disk-2')], drives: [drive('disk-2', 'array-a')] },
    });
    expect(backups(await restarted({ rack }))).not.toHaveProperty('web-2');
  });

  it('is never the machine that failed, also when that is a former backup', async () => {
    const known = view({
      servers: [{ name: 'web-1', machine: 'spare-1', disk: 'd2' }],
      machines: [
        { name: 'spare-1', state: 'serving' },
        { name: 'web-1', state: 'fenced' },
      ],
      snapshots: oneSnapshot,
    });
    expect(backups(await restarted({ known }))).toEqual({ 'spare-1': 'is-failed-server', 'spare-2': 0 });
  });

  it('is rejected when it already runs a server', async () => {
    const rack = inventory({
      with: { machines: [activeServer('web-2', 'disk-2')], drives: [drive('disk-2', 'array-a')] },
    });
    const known = view({
      inventory: rack,
      servers: [{ name: 'web-2', machine: 'spare-1' }],
      machines: [{ name: 'spare-1', state: 'serving' }],
      snapshots: oneSnapshot,
    });
    expect(backups(await restarted({ rack, known }))).toMatchObject({ 'spare-1': 'in-use', 'spare-2': 0 });
  });

  it.each(['fenced', 'failed', 'serving'] as const)('is rejected when its state is %s', async (state) => {
    const known = view({ machines: [{ name: 'spare-1', state }], snapshots: oneSnapshot });
    expect(backups(await restarted({ known }))).toMatchObject({
      'spare-1': 'machine-unavailable',
      'spare-2': 0,
    });
  });

  it('is idle when nothing is known of it yet', async () => {
    const known = { ...view({ snapshots: oneSnapshot }), machines: [] };
    expect(backups(await restarted({ known }))).toMatchObject({ 'spare-1': 0, 'spare-2': 0 });
  });

  it('is rejected when it has no path to the device of the snapshot', async () => {
    const rack = inventory({
      with: { machines: [backupServer('spare-1', { reaches: ['array-b', 'array-c'] })] },
    });
    expect(backups(await restarted({ rack }))).toMatchObject({ 'spare-1': 'unreachable', 'spare-2': 0 });
  });

  it('is rejected when it has less memory than the snapshot', async () => {
    const rack = inventory({
      with: {
        machines: [
          backupServer('spare-1', { memoryBytes: 4 * GiB - 1 }),
          backupServer('spare-2', { memoryBytes: 4 * GiB }),
        ],
      },
    });
    expect(backups(await restarted({ rack }))).toMatchObject({ 'spare-1': 'too-small', 'spare-2': 0 });
  });

  it('is measured by the memory of the snapshot and not by that of the server', async () => {
    const rack = inventory({ with: { machines: [backupServer('spare-1', { memoryBytes: 2 * GiB })] } });
    const known = view({ inventory: rack, snapshots: [snapshot('s1', 'd1', { memoryBytes: 2 * GiB })] });
    expect(backups(await restarted({ rack, known }))).toMatchObject({ 'spare-1': 0 });
  });

  it('is rejected when an operation has reserved it', async () => {
    const known = view({ machines: [{ name: 'spare-1', reservedBy: 'op-7' }], snapshots: oneSnapshot });
    expect(backups(await restarted({ known }))).toMatchObject({ 'spare-1': 'reserved', 'spare-2': 0 });
  });
});

describe('what the policy requires of a backup server', () => {
  const twiceAsMuch = compares('backup', '$.memoryBytes', 'greaterThanInclusive', {
    fact: 'snapshot',
    path: '$.memoryBytes',
  });

  it('may compare it with the snapshot', async () => {
    const rack = inventory({ with: { machines: [backupServer('spare-1', { memoryBytes: 6 * GiB })] } });
    const known = view({ inventory: rack, snapshots: [snapshot('s1', 'd1', { memoryBytes: 6 * GiB })] });
    const policy = restartPolicy({ requireOfBackups: { all: [twiceAsMuch] } });
    expect(backups(await restarted({ rack, known, policy }))).toMatchObject({ 'spare-1': 0, 'spare-2': 0 });
  });

  it('rejects one that lacks it, with the evidence', async () => {
    const policy = restartPolicy({
      requireOfBackups: {
        all: [compares('backup', '$.labels.rack', 'equal', { fact: 'snapshot', path: '$.condition' })],
      },
    });
    const decision = await restarted({ policy });
    expect(decision.restart?.backups).toMatchObject([
      { backup: 'spare-1', reason: 'requirement-not-met', evidence: [{ expected: 'scheduled', found: 'b' }] },
      { backup: 'spare-2', reason: 'requirement-not-met' },
      { backup: 'web-1', reason: 'is-failed-server' },
    ]);
  });

  it('rejects one for which it cannot be evaluated', async () => {
    const policy = restartPolicy({ requireOfBackups: { all: [compares('backup', '$.name', 'in', 5)] } });
    expect(backups(await restarted({ policy }))).toMatchObject({ 'spare-1': 'condition-error' });
  });

  it('is asked for before a reservation is looked at', async () => {
    const policy = restartPolicy({
      requireOfBackups: { all: [compares('backup', '$.name', 'equal', 'spare-2')] },
    });
    const known = view({ machines: [{ name: 'spare-1', reservedBy: 'op-7' }], snapshots: oneSnapshot });
    expect(backups(await restarted({ known, policy }))).toMatchObject({ 'spare-1': 'requirement-not-met' });
  });

  describe('for a cold boot', () => {
    const cold = { coldBoot: 'last-resort', snapshots: [] } as const;
    const nothing = view();

    it('is not asked as far as it speaks of the snapshot that there is not', async () => {
      const policy = restartPolicy({ ...cold, requireOfBackups: { all: [twiceAsMuch] } });
      expect(attempts(await restarted({ known: nothing, policy }))).toEqual([
        'cold boot of disk-1 on spare-1',
        'cold boot of disk-1 on spare-2',
      ]);
    });

    it('is asked in everything else', async () => {
      const licensed = compares('backup', '$.name', 'equal', 'spare-2');
      const policy = restartPolicy({ ...cold, requireOfBackups: { all: [twiceAsMuch, licensed] } });
      const decision = await restarted({ known: nothing, policy });
      expect(attempts(decision)).toEqual(['cold boot of disk-1 on spare-2']);
      expect(backups(decision)).toMatchObject({ 'spare-1': 'requirement-not-met' });
    });
  });
});

describe('what the policy prefers of backup servers', () => {
  it('ranks them by the sum of its points', async () => {
    const policy = restartPolicy({
      preferBackups: [
        { weight: 10, when: { all: [compares('backup', '$.name', 'equal', 'spare-2')] } },
        {
          weight: 5,
          when: {
            all: [compares('backup', '$.labels.rack', 'notEqual', { fact: 'server', path: '$.labels.rack' })],
          },
        },
      ],
    });
    const decision = await restarted({ policy });
    expect(backups(decision)).toMatchObject({ 'spare-1': 5, 'spare-2': 15 });
    expect(attempts(decision)).toEqual(['s1 on spare-2', 's1 on spare-1']);
  });

  it('leaves equals in the order of their names', async () => {
    const rack = inventory({
      machines: [backupServer('spare-2'), activeServer('web-1', 'disk-1'), backupServer('spare-1')],
    });
    expect(attempts(await restarted({ rack }))).toEqual(['s1 on spare-1', 's1 on spare-2']);
  });
});
