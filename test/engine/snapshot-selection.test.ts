import { describe, expect, it } from 'vitest';
import type { RestartPolicy } from '../../src/engine/policy-set.js';
import type { View } from '../../src/engine/view.js';
import { alert, failure, restartOrder } from './support/events.js';
import { alertPolicy, policySet, restartPolicy, rule } from './support/policies.js';
import { attempts, decided, snapshots } from './support/read.js';
import { at, HOUR, MINUTE } from './support/time.js';
import { snapshot, symptom, view } from './support/view.js';

/** The ranks of a server that fails an hour after noon. */
async function ranks(known: View, policy: RestartPolicy = restartPolicy()) {
  return snapshots(await decided(failure(60), { policies: policySet({ restarts: [policy] }), view: known }));
}

const any = restartPolicy({ snapshots: [rule('any', { newest: false })] });

describe('extracting', () => {
  it('lists every snapshot of the server, newest first, wherever it is', async () => {
    const known = view({
      snapshots: [
        snapshot('s1', 'd1'),
        snapshot('s3', 'd3', { state: 'failed' }),
        snapshot('s2', 'd9'),
        snapshot('s4', 'd2', { state: 'writing' }),
      ],
    });
    const decision = await decided(failure(60), { view: known });
    expect(decision.restart?.candidates.map((one) => one.snapshot)).toEqual(['s4', 's3', 's2', 's1']);
  });

  it('leaves out the snapshots of other servers', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1', { server: 'web-2' }), snapshot('s2', 'd1')] });
    expect(await ranks(known)).toEqual({ s2: 1 });
  });

  it('says of each on which drive it is, under which condition, and when it was taken', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1', { condition: 'overheating' })] });
    const decision = await decided(failure(60), { view: known });
    expect(decision.restart?.candidates).toEqual([
      {
        snapshot: 's1',
        drive: 'd1',
        condition: 'overheating',
        takenAt: at(1),
        accepted: true,
        rank: 1,
        rule: 1,
      },
    ]);
  });
});

describe('a snapshot is never started', () => {
  it.each(['writing', 'failed', 'deleting'] as const)('when it is %s', async (state) => {
    expect(await ranks(view({ snapshots: [snapshot('s1', 'd1', { state })] }))).toEqual({
      s1: 'not-complete',
    });
  });

  it('when its checksum did not verify', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1', { verified: 'failed' })] });
    expect(await ranks(known)).toEqual({ s1: 'verification-failed' });
  });

  it('but may be when nobody has verified it yet', async () => {
    expect(await ranks(view({ snapshots: [snapshot('s1', 'd1', { verified: null })] }))).toEqual({ s1: 1 });
  });

  it('when its drive is gone from the inventory', async () => {
    expect(await ranks(view({ snapshots: [snapshot('s1', 'd9')] }))).toEqual({ s1: 'drive-missing' });
  });

  it('when its drive has failed', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1')], drives: [{ name: 'd1', health: 'failed' }] });
    expect(await ranks(known)).toEqual({ s1: 'drive-failed' });
  });

  it('when its drive is quarantined', async () => {
    const known = view({ snapshots: [snapshot('s1', 'd1')], drives: [{ name: 'd1', role: 'quarantined' }] });
    expect(await ranks(known)).toEqual({ s1: 'quarantined' });
  });

  it('when another server runs from its drive', async () => {
    const known = view({
      snapshots: [snapshot('s1', 'd1')],
      drives: [{ name: 'd1', role: 'active', server: 'db-1' }],
    });
    expect(await ranks(known)).toEqual({ s1: 'drive-in-use' });
  });

  it('but may be when the failed server itself ran from its drive', async () => {
    const known = view({
      servers: [{ name: 'web-1', machine: 'spare-1', disk: 'd1' }],
      snapshots: [snapshot('s1', 'd1')],
      drives: [{ name: 'd1', role: 'active', server: 'web-1' }],
    });
    expect(await ranks(known)).toEqual({ s1: 1 });
  });
});

describe('the rules of the policy', () => {
  const known = view({
    snapshots: [
      snapshot('s1', 'd1'),
      snapshot('s2', 'd2', { condition: 'overheating' }),
      snapshot('s3', 'd3'),
      snapshot('s4', 'd1', { condition: 'memory-leak' }),
    ],
  });

  it('rank in their order', async () => {
    const policy = restartPolicy({ snapshots: [rule('overheating'), rule('scheduled'), rule('any')] });
    expect(await ranks(known, policy)).toEqual({ s2: 1, s3: 2, s4: 3, s1: 'no-rule' });
  });

  it('say which of them asked for the snapshot', async () => {
    const policy = restartPolicy({ snapshots: [rule('overheating'), rule('scheduled')] });
    const decision = await decided(failure(60), { policies: policySet({ restarts: [policy] }), view: known });
    expect(decision.restart?.candidates).toMatchObject([
      { snapshot: 's4', accepted: false },
      { snapshot: 's3', rule: 1 },
      { snapshot: 's2', rule: 0 },
      { snapshot: 's1', accepted: false },
    ]);
  });

  it('ask for the newest that they describe', async () => {
    expect(await ranks(known, restartPolicy({ snapshots: [rule('scheduled')] }))).toMatchObject({
      s3: 1,
      s1: 'no-rule',
    });
  });

  it('or for all of them, newest first', async () => {
    const policy = restartPolicy({ snapshots: [rule('scheduled', { newest: false })] });
    expect(await ranks(known, policy)).toMatchObject({ s3: 1, s1: 2 });
  });

  it('count a snapshot once, for the first rule that asks for it', async () => {
    const policy = restartPolicy({ snapshots: [rule('scheduled'), rule('any', { newest: false })] });
    expect(await ranks(known, policy)).toEqual({ s3: 1, s4: 2, s2: 3, s1: 4 });
  });

  it('pass over a newest one that may not be started', async () => {
    const spoilt = view({ snapshots: [snapshot('s1', 'd1'), snapshot('s3', 'd3', { verified: 'failed' })] });
    expect(await ranks(spoilt, restartPolicy({ snapshots: [rule('scheduled')] }))).toEqual({
      s1: 1,
      s3: 'verification-failed',
    });
  });

  it('go by generation and not by clock', async () => {
    const confused = view({
      snapshots: [snapshot('s1', 'd1', { takenAt: at(50) }), snapshot('s2', 'd2', { takenAt: at(-50) })],
    });
    expect(await ranks(confused, any)).toEqual({ s2: 1, s1: 2 });
  });

  it('have a limit of age, measured from the failure', async () => {
    const policy = restartPolicy({ snapshots: [rule('any', { newest: false, maxAgeMs: 30 * MINUTE })] });
    const aged = view({
      snapshots: [
        snapshot('s1', 'd1', { takenAt: at(29.999) }),
        snapshot('s2', 'd2', { takenAt: at(30) }),
        snapshot('s3', 'd3', { takenAt: at(59) }),
      ],
    });
    expect(await ranks(aged, policy)).toEqual({ s3: 1, s2: 2, s1: 'no-rule' });
  });

  it('do not take a snapshot that seems to be from after the failure for too old', async () => {
    const policy = restartPolicy({ snapshots: [rule('any', { maxAgeMs: MINUTE })] });
    expect(await ranks(view({ snapshots: [snapshot('s1', 'd1', { takenAt: at(90) })] }), policy)).toEqual({
      s1: 1,
    });
  });
});

describe('the condition that announced the failure', () => {
  const known = {
    snapshots: [
      snapshot('s1', 'd1', { condition: 'overheating' }),
      snapshot('s2', 'd2', { condition: 'memory-leak' }),
    ],
  };
  const hot = symptom({ firstAt: at(10), lastAt: at(50) });
  const leak = symptom({ policy: 'memory-leak', cause: 'software', firstAt: at(20), lastAt: at(40) });

  it('is that of the symptom met last', async () => {
    const decision = await decided(failure(60), { view: view({ ...known, symptoms: [hot, leak] }) });
    expect(decision.restart).toMatchObject({
      condition: 'overheating',
      cause: 'hardware',
      firstSymptomAt: at(10),
    });
    expect(snapshots(decision)).toEqual({ s1: 1, s2: 2 });
  });

  it('does not depend on the order in which symptoms are listed', async () => {
    const decision = await decided(failure(60), { view: view({ ...known, symptoms: [leak, hot] }) });
    expect(decision.restart?.condition).toBe('overheating');
  });

  it('is none without symptoms: no snapshot matches then', async () => {
    const decision = await decided(failure(60), { view: view(known) });
    expect(decision.restart).toMatchObject({ condition: null, cause: 'unknown', firstSymptomAt: null });
    expect(snapshots(decision)).toEqual({ s1: 'no-rule', s2: 1 });
    expect(decision.reasons[0]?.text).toContain('no alert announced it');
  });

  it('is none while a symptom shows that was never met', async () => {
    const counting = symptom({ firstAt: at(10), met: false });
    const decision = await decided(failure(60), { view: view({ ...known, symptoms: [counting] }) });
    expect(decision.restart).toMatchObject({ condition: null, firstSymptomAt: at(10) });
    expect(decision.reasons[0]?.text).toContain('no condition was met');
  });

  it('is not that of another server', async () => {
    const elsewhere = symptom({ server: 'web-2', firstAt: at(50) });
    const decision = await decided(failure(60), { view: view({ ...known, symptoms: [elsewhere] }) });
    expect(decision.restart?.condition).toBeNull();
  });

  it('is not that of a symptom last seen longer ago than the policy looks back', async () => {
    const policies = policySet({ restarts: [restartPolicy({ symptomsWithinMs: 10 * MINUTE })] });
    const decision = await decided(failure(60.001), { policies, view: view({ ...known, symptoms: [hot] }) });
    expect(decision.restart?.condition).toBeNull();
    const inTime = await decided(failure(60), { policies, view: view({ ...known, symptoms: [hot] }) });
    expect(inTime.restart?.condition).toBe('overheating');
  });

  it('is not that of a symptom that began after the failure', async () => {
    const after = symptom({ firstAt: at(61) });
    const decision = await decided(failure(60), { view: view({ ...known, symptoms: [after] }) });
    expect(decision.restart?.condition).toBeNull();
  });

  it('is the one whose policy ordered the snapshot when one alert met several', async () => {
    const alerts = [
      alertPolicy({ name: 'anything', priority: 1 }),
      alertPolicy({ name: 'overheating', priority: 200 }),
      alertPolicy({ name: 'trial', priority: 900, mode: 'observe' }),
    ];
    const policies = policySet({ alerts });
    const { snapshot: plan, remember } = await decided(alert(50), { policies });
    const symptoms = remember.symptoms.map((seen) => symptom({ ...seen, firstAt: at(50) }));
    for (const listed of [symptoms, symptoms.toReversed()]) {
      const decision = await decided(failure(60), { policies, view: view({ ...known, symptoms: listed }) });
      expect(decision.restart?.condition).toBe(plan?.condition);
    }
  });

  it('gives way to the cause that the report itself names', async () => {
    const decision = await decided(failure(60, { causeClass: 'software' }), {
      view: view({ ...known, symptoms: [hot] }),
    });
    expect(decision.restart).toMatchObject({ condition: 'overheating', cause: 'software' });
  });
});

describe('before the first symptom', () => {
  const before = restartPolicy({ snapshots: [rule('any', { newest: false, before: 'first-symptom' })] });
  const taken = [
    snapshot('s1', 'd1', { takenAt: at(10) }),
    snapshot('s2', 'd2', { takenAt: at(20) }),
    snapshot('s3', 'd3', { takenAt: at(30) }),
  ];

  it('means older than the earliest of all symptoms', async () => {
    const symptoms = [symptom({ firstAt: at(40) }), symptom({ policy: 'memory-leak', firstAt: at(20) })];
    expect(await ranks(view({ snapshots: taken, symptoms }), before)).toEqual({
      s1: 1,
      s2: 'no-rule',
      s3: 'no-rule',
    });
  });

  it('counts a symptom that shows and is not met yet', async () => {
    const symptoms = [symptom({ firstAt: at(20), met: false })];
    expect(await ranks(view({ snapshots: taken, symptoms }), before)).toMatchObject({ s1: 1, s2: 'no-rule' });
  });

  it('excludes nothing when there was no symptom', async () => {
    expect(await ranks(view({ snapshots: taken }), before)).toEqual({ s3: 1, s2: 2, s1: 3 });
  });
});

describe('memory that was taken while the software was already ill', () => {
  const wary = restartPolicy({ snapshots: [rule('any', { newest: false })], never: ['software'] });
  const taken = [
    snapshot('s1', 'd1', { takenAt: at(20 - 1 / 60_000) }),
    snapshot('s2', 'd2', { takenAt: at(20) }),
    snapshot('s3', 'd3', { takenAt: at(30) }),
  ];
  const leak = symptom({ policy: 'memory-leak', cause: 'software', firstAt: at(20), lastAt: at(50) });

  it('is suspect from the first symptom on', async () => {
    expect(await ranks(view({ snapshots: taken, symptoms: [leak] }), wary)).toEqual({
      s1: 1,
      s2: 'memory-suspect',
      s3: 'memory-suspect',
    });
  });

  it('is suspect even when the symptom shows and is not met', async () => {
    const showing = { ...leak, met: false };
    expect(await ranks(view({ snapshots: taken, symptoms: [showing] }), wary)).toMatchObject({
      s3: 'memory-suspect',
    });
  });

  it('is suspect whatever condition it was taken under', async () => {
    const matching = { ...wary, snapshots: [rule('matching'), rule('any')] };
    const known = view({
      snapshots: [snapshot('s3', 'd3', { takenAt: at(30), condition: 'memory-leak' })],
      symptoms: [leak],
    });
    expect(await ranks(known, matching)).toEqual({ s3: 'memory-suspect' });
  });

  it('says since when', async () => {
    const decision = await decided(failure(60), {
      policies: policySet({ restarts: [wary] }),
      view: view({ snapshots: taken, symptoms: [leak] }),
    });
    expect(decision.restart?.candidates[0]).toMatchObject({
      text: `taken ${at(30)}, after the first software symptom at ${at(20)}`,
    });
  });

  it('is not suspect for a symptom of another cause', async () => {
    const hot = symptom({ cause: 'hardware', firstAt: at(20) });
    expect(await ranks(view({ snapshots: taken, symptoms: [hot] }), wary)).toEqual({ s3: 1, s2: 2, s1: 3 });
  });

  it('is not suspect when the policy does not say never', async () => {
    expect(await ranks(view({ snapshots: taken, symptoms: [leak] }), any)).toEqual({ s3: 1, s2: 2, s1: 3 });
  });

  it('is suspect for each cause that the policy names', async () => {
    const warier = { ...wary, never: ['software', 'unknown'] } as const;
    const vague = symptom({ policy: 'slow', cause: 'unknown', firstAt: at(10), lastAt: at(50) });
    expect(await ranks(view({ snapshots: taken, symptoms: [leak, vague] }), warier)).toEqual({
      s1: 'memory-suspect',
      s2: 'memory-suspect',
      s3: 'memory-suspect',
    });
  });

  it('stays suspect when a person orders the restart hours after the failure', async () => {
    const known = view({
      servers: [{ name: 'web-1', state: 'failed', failedAt: at(60) }],
      snapshots: taken,
      symptoms: [leak],
    });
    const decision = await decided(restartOrder(60 + 5 * 60), {
      policies: policySet({ restarts: [wary] }),
      view: known,
    });
    expect(snapshots(decision)).toMatchObject({ s2: 'memory-suspect', s3: 'memory-suspect' });
    expect(attempts(decision)[0]).toBe('s1 on spare-1');
  });

  it('stays suspect when the failure is reported again hours later', async () => {
    const known = view({
      servers: [{ name: 'web-1', state: 'failed', failedAt: at(60) }],
      snapshots: taken,
      symptoms: [leak],
    });
    const policies = policySet({ restarts: [{ ...wary, symptomsWithinMs: HOUR }] });
    expect(snapshots(await decided(failure(60 + 5 * 60), { policies, view: known }))).toMatchObject({
      s3: 'memory-suspect',
    });
  });
});
