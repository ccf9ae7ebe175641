import { describe, expect, it } from 'vitest';
import { compileCondition } from '../../src/engine/condition.js';
import type { PlacementPolicy } from '../../src/engine/policy-set.js';
import { alert, snapshotOrder } from './support/events.js';
import { activeServer, drive, GiB, inventory } from './support/inventory.js';
import { compares, placementPolicy, policySet } from './support/policies.js';
import { codes, decided, drives, verdict } from './support/read.js';
import { at } from './support/time.js';
import { snapshot, view } from './support/view.js';

function placedBy(placement: PlacementPolicy, rack = inventory()) {
  return policySet({ placements: [placement], inventory: rack });
}

function isDrive(name: string) {
  return compileCondition({ all: [compares('drive', '$.name', 'equal', name)] });
}

describe('where the first snapshot of a server goes', () => {
  it('is any drive but the active disk, the first by name when nothing is preferred', async () => {
    const decision = await decided(alert());
    expect(drives(decision)).toEqual({ d1: 0, d2: 0, d3: 0, 'disk-1': 'active-disk' });
    expect(decision.snapshot).toMatchObject({ drive: 'd1', drives: ['d1', 'd2', 'd3'], previous: null });
  });

  it('does not depend on the order in which the inventory lists the drives', async () => {
    const reversed = inventory({ drives: [...inventory().drives.values()].toReversed() });
    const decision = await decided(alert(), { policies: policySet({ inventory: reversed }) });
    expect(decision.snapshot?.drives).toEqual(['d1', 'd2', 'd3']);
    expect(decision.snapshot?.candidates.map((one) => one.drive)).toEqual(['d1', 'd2', 'd3', 'disk-1']);
  });

  it('is decided alike for drives that the disk table has never seen', async () => {
    const decision = await decided(alert(), { view: { ...view(), drives: [] } });
    expect(drives(decision)).toEqual({ d1: 0, d2: 0, d3: 0, 'disk-1': 'active-disk' });
  });
});

describe('the law of the other drive', () => {
  it('rejects the drive of the previous snapshot and names it', async () => {
    const decision = await decided(alert(), { view: view({ snapshots: [snapshot('s1', 'd1')] }) });
    expect(drives(decision)).toMatchObject({ d1: 'holds-previous', d2: 0, d3: 0 });
    expect(decision.snapshot?.previous).toEqual({ snapshot: 's1', drive: 'd1' });
    expect(decision.reasons[1]).toMatchObject({
      code: 'placed',
      text: 'd2, beside the previous snapshot on d1',
    });
  });

  it('takes for the previous snapshot the one with the highest generation, even when clocks disagree', async () => {
    const known = view({
      snapshots: [snapshot('s1', 'd1', { takenAt: at(500) }), snapshot('s2', 'd2', { takenAt: at(-500) })],
    });
    const decision = await decided(alert(), { view: known });
    expect(decision.snapshot?.previous).toEqual({ snapshot: 's2', drive: 'd2' });
    expect(drives(decision)).toMatchObject({ d1: 0, d2: 'holds-previous' });
  });

  it('lets go of the drive of an older snapshot', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2')] });
    expect(drives(await decided(alert(), { view: known }))).toMatchObject({ d1: 0, d2: 'holds-previous' });
  });

  it('rejects the drive of a snapshot that is being written', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2', { state: 'writing' })] });
    const decision = await decided(alert(), { view: known });
    expect(drives(decision)).toMatchObject({ d1: 'holds-previous', d2: 'holds-previous', d3: 0 });
    expect(decision.snapshot?.previous?.snapshot).toBe('s1');
  });

  it.each(['failed', 'deleting'] as const)('lets go of the drive of a snapshot that is %s', async (state) => {
    const known = view({ snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2', { state })] });
    expect(drives(await decided(alert(), { view: known }))).toMatchObject({ d1: 'holds-previous', d2: 0 });
  });

  it('protects the newest sound snapshot when a newer one turned out to be damaged', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2', { verified: 'failed' })] });
    const decision = await decided(alert(), { view: known });
    expect(drives(decision)).toMatchObject({ d1: 'holds-previous', d2: 'holds-previous', d3: 0 });
  });

  it('protects the newest sound snapshot when the drive of a newer one has failed', async () => {
    const known = view({
      snapshots: [snapshot('s1', 'd1'), snapshot('s2', 'd2')],
      drives: [{ name: 'd2', health: 'failed' }],
    });
    expect(drives(await decided(alert(), { view: known }))).toMatchObject({ d1: 'holds-previous', d3: 0 });
  });

  it('rejects the same drive under another name, by its serial number', async () => {
    const aliased = inventory({
      drives: [
        drive('d1', 'array-a', { serial: 'WWN-1' }),
        drive('d1-other-path', 'array-b', { serial: 'WWN-1' }),
        drive('d2', 'array-b', { serial: 'WWN-2' }),
        drive('disk-1', 'array-a'),
      ],
    });
    const decision = await decided(alert(), {
      policies: policySet({ inventory: aliased }),
      view: view({ inventory: aliased, snapshots: [snapshot('s1', 'd1')] }),
    });
    expect(drives(decision)).toMatchObject({
      d1: 'holds-previous',
      'd1-other-path': 'holds-previous',
      d2: 0,
    });
  });

  it('does not take two drives without a serial number for one', async () => {
    const decision = await decided(alert(), { view: view({ snapshots: [snapshot('s1', 'd1')] }) });
    expect(drives(decision)).toMatchObject({ d2: 0, d3: 0 });
  });

  it('does not look at the snapshots of other servers', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1', { server: 'db-1' })] });
    expect(drives(await decided(alert(), { view: known }))).toMatchObject({ d1: 0 });
  });

  it('cannot be switched off by a policy that wants this very drive', async () => {
    const wantsIt = placementPolicy({ require: { all: [compares('drive', '$.name', 'equal', 'd1')] } });
    const decision = await decided(alert(), {
      policies: placedBy(wantsIt),
      view: view({ snapshots: [snapshot('s1', 'd1')] }),
    });
    expect(verdict(decision)).toBe('refused: no-drive');
    expect(drives(decision)).toMatchObject({ d1: 'holds-previous', d2: 'requirement-not-met' });
  });

  it('holds for a snapshot that a person orders', async () => {
    const decision = await decided(snapshotOrder(), { view: view({ snapshots: [snapshot('s1', 'd1')] }) });
    expect(drives(decision)).toMatchObject({ d1: 'holds-previous' });
  });
});

describe('a drive is rejected', () => {
  it('when it is the active disk of a server', async () => {
    const known = view({ drives: [{ name: 'd1', role: 'active', server: 'db-1' }] });
    const decision = await decided(alert(), { view: known });
    expect(decision.snapshot?.candidates[0]).toEqual({
      drive: 'd1',
      accepted: false,
      reason: 'active-disk',
      text: 'the active disk of db-1',
    });
  });

  it('when a server runs from it, whatever its row says', async () => {
    const known = view({
      servers: [{ name: 'web-1', disk: 'd1' }],
      drives: [{ name: 'd1', role: 'snapshots' }],
    });
    expect(drives(await decided(alert(), { view: known }))).toMatchObject({ d1: 'active-disk' });
  });

  it('when the disk table has it in quarantine', async () => {
    const known = view({ drives: [{ name: 'd1', role: 'quarantined' }] });
    expect(drives(await decided(alert(), { view: known }))).toMatchObject({ d1: 'quarantined', d2: 0 });
  });

  it('when the inventory has it in quarantine since', async () => {
    const rack = inventory({ with: { drives: [drive('d1', 'array-a', { quarantined: true })] } });
    const decision = await decided(alert(), { policies: policySet({ inventory: rack }), view: view() });
    expect(drives(decision)).toMatchObject({ d1: 'quarantined', d2: 0 });
  });

  it('when the machine of the server has no path to its device', async () => {
    const rack = inventory({
      with: { machines: [activeServer('web-1', 'disk-1', { reaches: ['array-a', 'array-b'] })] },
    });
    const decision = await decided(alert(), { policies: policySet({ inventory: rack }) });
    expect(drives(decision)).toMatchObject({ d1: 0, d2: 0, d3: 'unreachable' });
  });

  it('by the paths of the machine that runs the server now', async () => {
    const rack = inventory({
      with: { machines: [activeServer('web-1', 'disk-1', { reaches: ['array-a'] })] },
    });
    const known = view({ servers: [{ name: 'web-1', machine: 'spare-1' }] });
    const decision = await decided(alert(), { policies: policySet({ inventory: rack }), view: known });
    expect(drives(decision)).toMatchObject({ d2: 0, d3: 0 });
  });

  it('when it has failed', async () => {
    const known = view({ drives: [{ name: 'd1', health: 'failed' }] });
    expect(drives(await decided(alert(), { view: known }))).toMatchObject({ d1: 'drive-failed', d2: 0 });
  });

  it('but not for being degraded', async () => {
    const known = view({ drives: [{ name: 'd1', health: 'degraded' }] });
    expect(drives(await decided(alert(), { view: known }))).toMatchObject({ d1: 0 });
  });

  it('when memory and used disk do not fit', async () => {
    const known = view({
      drives: [
        { name: 'disk-1', freeBytes: 54 * GiB },
        { name: 'd1', freeBytes: 14 * GiB - 1 },
        { name: 'd2', freeBytes: 14 * GiB },
      ],
    });
    const decision = await decided(alert(), { view: known });
    expect(decision.snapshot?.estimatedBytes).toBe(14 * GiB);
    expect(drives(decision)).toMatchObject({ d1: 'no-space', d2: 0 });
  });

  it('when an operation has reserved it', async () => {
    const known = view({ drives: [{ name: 'd1', reservedBy: 'op-7' }] });
    const decision = await decided(alert(), { view: known });
    expect(drives(decision)).toMatchObject({ d1: 'reserved', d2: 0 });
    expect(verdict(decision)).toBe('snapshot: matched');
  });

  it('when a requirement of the policy does not hold, with the evidence', async () => {
    const nvme = placementPolicy({
      require: { all: [compares('drive', '$.labels.medium', 'equal', 'nvme')] },
    });
    const rack = inventory({ with: { drives: [drive('d2', 'array-b', { labels: { medium: 'nvme' } })] } });
    const decision = await decided(alert(), { policies: placedBy(nvme, rack) });
    expect(drives(decision)).toMatchObject({ d1: 'requirement-not-met', d2: 0 });
    expect(decision.snapshot?.candidates[0]).toMatchObject({
      evidence: [{ path: '$.labels.medium', expected: 'nvme', found: null, held: false }],
    });
  });

  it('when a requirement cannot be evaluated', async () => {
    const broken = placementPolicy({ require: { all: [compares('drive', '$.name', 'in', 5)] } });
    const decision = await decided(alert(), { policies: placedBy(broken) });
    expect(drives(decision)).toMatchObject({ d1: 'condition-error', d2: 'condition-error' });
    expect(verdict(decision)).toBe('refused: no-drive');
  });

  it('by a requirement that compares it with the server', async () => {
    const elsewhere = placementPolicy({
      require: {
        all: [compares('drive', '$.labels.enclosure', 'notEqual', { fact: 'server', path: '$.labels.rack' })],
      },
    });
    expect(drives(await decided(alert(), { policies: placedBy(elsewhere) }))).toMatchObject({
      d1: 'requirement-not-met',
      d2: 0,
      d3: 0,
    });
  });
});

describe('apart from the previous snapshot', () => {
  const apart = placementPolicy({ apartFrom: 'enclosure' });
  const beside = view({ snapshots: [snapshot('s1', 'd1')] });

  it('means not even the same failure domain', async () => {
    const rack = inventory({ with: { drives: [drive('d4', 'array-a', { labels: { enclosure: 'a' } })] } });
    const known = view({ inventory: rack, snapshots: [snapshot('s1', 'd1')] });
    const decision = await decided(alert(), { policies: placedBy(apart, rack), view: known });
    expect(drives(decision)).toMatchObject({ d1: 'holds-previous', d2: 0, d3: 0, d4: 'same-failure-domain' });
  });

  it('cannot be shown for a drive whose failure domain is not known', async () => {
    const rack = inventory({ with: { drives: [drive('d2', 'array-b', { labels: {} })] } });
    const decision = await decided(alert(), { policies: placedBy(apart, rack), view: beside });
    expect(drives(decision)).toMatchObject({ d2: 'same-failure-domain', d3: 0 });
  });

  it('asks nothing while there is no previous snapshot', async () => {
    expect(drives(await decided(alert(), { policies: placedBy(apart) }))).toMatchObject({
      d1: 0,
      d2: 0,
      d3: 0,
    });
  });

  it('asks nothing when the drive of the previous snapshot is gone from the inventory', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd9')] });
    expect(drives(await decided(alert(), { policies: placedBy(apart), view: known }))).toMatchObject({
      d1: 0,
    });
  });
});

describe('among the accepted drives', () => {
  it('the one with the most points comes first', async () => {
    const prefers = placementPolicy({
      prefer: [
        { weight: 50, when: isDrive('d3') },
        { weight: 20, when: isDrive('d2') },
      ],
    });
    const decision = await decided(alert(), { policies: placedBy(prefers) });
    expect(decision.snapshot?.drives).toEqual(['d3', 'd2', 'd1']);
    expect(drives(decision)).toMatchObject({ d1: 0, d2: 20, d3: 50 });
  });

  it('points add up', async () => {
    const prefers = placementPolicy({
      prefer: [
        { weight: 50, when: isDrive('d3') },
        { weight: 20, when: isDrive('d2') },
        { weight: 40, when: isDrive('d2') },
      ],
    });
    expect((await decided(alert(), { policies: placedBy(prefers) })).snapshot?.drives).toEqual([
      'd2',
      'd3',
      'd1',
    ]);
  });

  it('free space counts by its share of the most that is free', async () => {
    const roomy = placementPolicy({ prefer: [{ weight: 30, most: 'freeBytes' }] });
    const known = view({
      drives: [
        { name: 'd1', freeBytes: 20 * GiB },
        { name: 'd2', freeBytes: 60 * GiB },
        { name: 'd3', freeBytes: 30 * GiB },
      ],
    });
    const decision = await decided(alert(), { policies: placedBy(roomy), view: known });
    expect(drives(decision)).toMatchObject({ d1: 10, d2: 30, d3: 15 });
    expect(decision.snapshot?.drives).toEqual(['d2', 'd3', 'd1']);
  });

  it('a rejected drive does not set the measure for free space', async () => {
    const roomy = placementPolicy({ prefer: [{ weight: 30, most: 'freeBytes' }] });
    const known = view({
      snapshots: [snapshot('s1', 'd3')],
      drives: [
        { name: 'd1', freeBytes: 20 * GiB },
        { name: 'd2', freeBytes: 10 * GiB },
      ],
    });
    expect(drives(await decided(alert(), { policies: placedBy(roomy), view: known }))).toMatchObject({
      d1: 30,
      d2: 15,
    });
  });

  it('scores have no more than three decimals', async () => {
    const roomy = placementPolicy({ prefer: [{ weight: 1, most: 'freeBytes' }] });
    const known = view({
      drives: [
        { name: 'd1', freeBytes: 20 * GiB },
        { name: 'd2', freeBytes: 60 * GiB },
      ],
    });
    expect(drives(await decided(alert(), { policies: placedBy(roomy), view: known }))).toMatchObject({
      d1: 0.313,
    });
  });

  it('the name decides between equals', async () => {
    const same = placementPolicy({ prefer: [{ weight: 30, most: 'freeBytes' }] });
    expect((await decided(alert(), { policies: placedBy(same) })).snapshot?.drives).toEqual([
      'd1',
      'd2',
      'd3',
    ]);
  });
});

describe('when no drive is accepted', () => {
  const full = (name: string) => ({ name, freeBytes: 0 });

  it('the snapshot is refused, with the reason against each drive', async () => {
    const known = view({ drives: [full('d1'), full('d2'), full('d3')] });
    const decision = await decided(alert(), { view: known });
    expect(codes(decision)).toEqual(['no-drive spread', 'matched overheating']);
    expect(decision.snapshot).toMatchObject({ drive: null, drives: [] });
    expect(drives(decision)).toMatchObject({ d1: 'no-space', d2: 'no-space', d3: 'no-space' });
  });

  it('and one would have been, but for a reservation, it is only busy', async () => {
    const known = view({ drives: [full('d1'), { name: 'd2', reservedBy: 'op-7' }, full('d3')] });
    expect(verdict(await decided(alert(), { view: known }))).toBe('refused: drives-busy');
  });

  it('and the reserved one would not have been either, there is none', async () => {
    const known = view({ drives: [full('d1'), { ...full('d2'), reservedBy: 'op-7' }, full('d3')] });
    expect(verdict(await decided(alert(), { view: known }))).toBe('refused: no-drive');
  });

  it('and the reserved one holds the previous snapshot, there is none', async () => {
    const known = view({
      drives: [full('d1'), { name: 'd2', reservedBy: 'op-7' }, full('d3')],
      snapshots: [snapshot('s1', 'd2')],
    });
    expect(verdict(await decided(alert(), { view: known }))).toBe('refused: no-drive');
  });
});
