import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { perform } from '../../src/scenario/perform.js';
import { setStage, type Stage } from '../../src/scenario/stage.js';
import { breachesIn, momentOf, type Moment } from '../../src/simulation/invariants.js';
import { shippedPolicies } from './support.js';

const HOUR_MS = 3_600_000;

/** web-1 has two snapshots, fails and is taken over; then one thing at a time is made wrong. */
describe('a moment in which all is well', () => {
  let stage: Stage;
  let moment: Moment;

  beforeEach(async () => {
    const policySet = await shippedPolicies();
    const origin = { file: 'it', line: 1 };
    stage = await setStage(policySet, { name: 'it', origin, inventory: 'it', schedules: false, steps: [] });
    const snapshot = { kind: 'snapshot', server: 'web-1', condition: 'it', drive: null } as const;
    const failure = { kind: 'failure', server: 'web-1', cause: 'power', subject: 'server' } as const;
    for (const [index, act] of [snapshot, snapshot, failure].entries()) {
      await stage.runTo(index * HOUR_MS);
      await perform(stage, act, index);
      await stage.runOut((index + 1) * HOUR_MS);
    }
    moment = await momentOf(stage, policySet);
  });

  afterEach(() => stage.strike());

  const broken = (wrong: Partial<Moment>): readonly string[] => [
    ...new Set(breachesIn({ ...moment, ...wrong }).map(({ invariant }) => invariant)),
  ];

  it('breaks nothing', () => {
    expect(moment.rack.log.some(({ change, operation }) => change === 'start' && operation !== null)).toBe(
      true,
    );
    expect(breachesIn(moment)).toEqual([]);
  });

  it('breaks I1 when the rack saw two writers', () => {
    const seen = {
      atMs: 0,
      kind: 'two-writers',
      subject: 'web-1',
      machines: ['web-1'],
      text: 'two',
    } as const;
    expect(broken({ rack: { ...moment.rack, violations: [seen] } })).toEqual(['I1']);
  });

  it('breaks I1 not where an operation had said that it could not prove it', () => {
    const seen = {
      atMs: 0,
      kind: 'two-writers',
      subject: 'web-1',
      machines: ['web-1', 'spare-1'],
      text: 'two',
    } as const;
    const [restart] = [...moment.operations.values()].filter(({ kind }) => kind === 'restart-server');
    if (restart === undefined) throw new Error('nothing was restarted');
    const unproven = [{ drive: 'd', machine: 'web-1', reason: 'no answer' }];
    const told = { ...restart, result: { unproven } };
    const rack = { ...moment.rack, violations: [seen] };
    expect(broken({ rack })).toEqual(['I1']);
    expect(broken({ rack, operations: new Map([...moment.operations, [told.id, told]]) })).toEqual([]);
  });

  it('breaks I2 when the old machine never went off', () => {
    const log = moment.rack.log.filter(
      ({ machine, change }) => machine !== 'web-1' || change !== 'power-off',
    );
    expect(broken({ rack: { ...moment.rack, log } })).toEqual(['I2']);
  });

  it('breaks I5 and I14 when everything is being restarted, some of it twice', () => {
    const [operation] = [...moment.operations.values()].filter(({ kind }) => kind === 'restart-server');
    if (operation === undefined) throw new Error('nothing was restarted');
    const twice = ['a', 'b', 'c'].map((id) => [id, { ...operation, id, state: 'running' as const }] as const);
    expect(broken({ operations: new Map([...moment.operations, ...twice]) })).toEqual(['I5', 'I14']);
  });

  it('breaks I6 when two snapshots in a row are on one drive, I7 when one is not where it should be', () => {
    const [first] = moment.snapshots;
    if (first === undefined) throw new Error('there is no snapshot');
    const snapshots = moment.snapshots.map((row) => ({ ...row, drive: first.drive }));
    expect(broken({ snapshots })).toEqual(['I6', 'I7']);
  });

  it('breaks I7 when the last snapshot of a server is gone', () => {
    expect(broken({ snapshots: [], keepers: new Set(['web-1']) })).toEqual(['I7']);
  });

  it('breaks I3 when an operation ends blocked and does not say why', () => {
    const [operation] = [...moment.operations.values()];
    if (operation === undefined) throw new Error('nothing was done');
    const blocked = { ...operation, state: 'blocked' as const, reason: null };
    expect(broken({ operations: new Map([...moment.operations, [blocked.id, blocked]]) })).toEqual(['I3']);
  });

  it('breaks I8 when a server was started from what was not read back', () => {
    expect(broken({ readBack: new Set() })).toEqual(['I8']);
  });

  it('breaks nothing when what a server was started from is damaged afterwards', async () => {
    expect(moment.readBack.size).toBe(1);
    for (const { id, takenAt } of moment.snapshots)
      await stage.store.change('afterwards', (table) => table.recordVerification(id, 'failed', takenAt));
    expect(breachesIn(await momentOf(stage, moment.policySet))).toEqual([]);
  });

  it('breaks I9 and I20 when what holds a drive and started a server was never recorded', () => {
    const drives = moment.view.drives.map((row) => ({ ...row, reservedBy: 'op-unknown' }));
    expect(broken({ view: { ...moment.view, drives } })).toEqual(['I9']);
    expect(broken({ operations: new Map() })).toContain('I20');
  });

  it('breaks I12 when something was decided by policies that were never in force', () => {
    const policySet = { ...moment.policySet, revision: 'sha256:other' };
    expect(broken({ policySet })).toEqual(['I12']);
  });

  it('breaks I13 when something goes wrong beside the operations', () => {
    expect(broken({ faults: ['the survey of the drives failed'] })).toEqual(['I13']);
  });

  it('breaks I16 when two servers are on one machine', () => {
    const servers = moment.view.servers.map((row) => ({ ...row, machine: 'spare-1' }));
    expect(broken({ view: { ...moment.view, servers } })).toEqual(['I16']);
  });
});
