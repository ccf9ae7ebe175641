import { describe, expect, it } from 'vitest';
import { decisionId } from '../../src/engine/decide.js';
import type { EngineEvent } from '../../src/engine/event.js';
import type { Operation, StepRecord } from '../../src/store/store.js';
import { decided, ended, operationOf, startFake, underWay, type FakeService } from './fake-service.js';
import { golden, rekindle } from './harness.js';

/** What the service knows at one of the times that it is asked about the decision. */
interface Moment {
  readonly end: Parameters<typeof operationOf>[2];
  readonly steps: readonly StepRecord[];
}

/** The service decides about what it accepts; each question about the operation finds it one moment further. */
function script({ administration }: FakeService, kind: Operation['kind'], moments: readonly Moment[]): void {
  let asked = 0;
  administration.decision = async (id) => {
    const event = administration.stored.find((one) => decisionId(one.id) === id);
    if (event === undefined) return null;
    const decision = await decided(event);
    const moment = moments[Math.min(asked, moments.length - 1)];
    asked += 1;
    administration.known.operations.splice(0);
    if (moment !== undefined) {
      const operation = operationOf(decision, kind, moment.end);
      administration.known.operations.push({ operation, steps: [...moment.steps] });
    }
    return decision;
  };
}

const TAKEN: readonly Moment[] = [
  { end: null, steps: [ended('locate', 0), underWay('drive-1/order', 1)] },
  { end: null, steps: [ended('locate', 0), ended('drive-1/order', 1)] },
  {
    end: { state: 'done', reason: null },
    steps: [ended('locate', 0), ended('drive-1/order', 1), ended('drive-1/complete', 2)],
  },
];

function withoutIds(text: string, event: EngineEvent | undefined): string {
  return text.replaceAll(decisionId(event?.id ?? ''), 'd-1').replaceAll('2026-11-30 12:00:00Z', 'now');
}

describe('rekindle snapshot', () => {
  it('orders in the name of the user and says how to look at it', async () => {
    const { url, administration } = await startFake();
    const { code, out } = await rekindle(['snapshot', 'web-1', '--url', url]);
    const [event] = administration.stored;
    expect(event).toMatchObject({
      kind: 'snapshot-order',
      server: 'web-1',
      by: 'ada',
      condition: 'manual',
      pinned: false,
    });
    expect({ code, out: withoutIds(out, event) }).toEqual({
      code: 0,
      out: 'snapshot of web-1 ordered; rekindle why d-1 says what becomes of it\n',
    });
  });

  it('passes on who, under which condition, and that it is to be kept', async () => {
    const { url, administration } = await startFake();
    await rekindle([
      'snapshot',
      'web-1',
      '--url',
      url,
      '--by',
      'bob',
      '--condition',
      'before-upgrade',
      '--pin',
    ]);
    expect(administration.stored[0]).toMatchObject({ by: 'bob', condition: 'before-upgrade', pinned: true });
  });

  it('prints the event and the decision to come as JSON', async () => {
    const { url, administration } = await startFake();
    const { out } = await rekindle(['snapshot', 'web-1', '--url', url, '--format', 'json']);
    const id = administration.stored[0]?.id ?? '';
    expect(JSON.parse(out)).toEqual({ event: id, decision: decisionId(id) });
  });

  it('knows no such server', async () => {
    const { url, administration } = await startFake();
    const { code, err } = await rekindle(['snapshot', 'web-9', '--url', url]);
    expect(code).toBe(1);
    expect(err).toContain('the inventory has no server web-9');
    expect(administration.stored).toEqual([]);
  });

  it('passes on what the service refuses', async () => {
    const { url } = await startFake();
    const { code, err } = await rekindle(['snapshot', 'web-1', '--url', url, '--condition', 'Not A Name']);
    expect(code).toBe(1);
    expect(err).toContain('the service refused (422 SCHEMA_VALUE)');
  });

  it('tells each step once while it waits, and ends well when the snapshot is complete', async () => {
    const fake = await startFake();
    script(fake, 'take-snapshot', TAKEN);
    const { code, out, err } = await rekindle(['snapshot', 'web-1', '--url', fake.url, '--wait']);
    const [event] = fake.administration.stored;
    await expect(withoutIds(err, event)).toMatchFileSnapshot(golden('snapshot-wait.txt'));
    expect({ code, out: withoutIds(out, event) }).toEqual({
      code: 0,
      out: '✓ take-snapshot of web-1 done in 2.5 s; rekindle why d-1 explains it\n',
    });
  });

  it('explains, and fails, when the operation is blocked', async () => {
    const fake = await startFake();
    const reason = 'no drive took the snapshot of web-1. Mend a drive or add one';
    script(fake, 'take-snapshot', [{ end: { state: 'blocked', reason }, steps: [ended('locate', 0)] }]);
    const { code, out } = await rekindle(['snapshot', 'web-1', '--url', fake.url, '--wait']);
    expect(code).toBe(1);
    expect(out).toContain(`because ${reason}`);
    expect(out).toContain('rejected  active-disk');
  });

  it('explains, and fails, when nothing is to be done', async () => {
    const fake = await startFake();
    script(fake, 'take-snapshot', []);
    fake.administration.knows = () => true;
    const { code, out } = await rekindle(['snapshot', 'spare-1', '--url', fake.url, '--wait']);
    expect(code).toBe(1);
    expect(out).toContain('not-active');
  });
});

describe('rekindle restart', () => {
  const args = ['restart', 'web-1', '--reason', 'fan is dying'];

  it('is refused without anybody to ask', async () => {
    const { url, administration } = await startFake();
    const { code, err } = await rekindle([...args, '--url', url]);
    expect(code).toBe(2);
    expect(err).toContain('give --yes');
    expect(administration.stored).toEqual([]);
  });

  it('is ordered without being asked with --yes', async () => {
    const { url, administration } = await startFake();
    const { code } = await rekindle([...args, '--url', url, '--yes']);
    expect(code).toBe(0);
    expect(administration.stored[0]).toMatchObject({
      kind: 'restart-order',
      server: 'web-1',
      by: 'ada',
      reason: 'fan is dying',
    });
  });

  it('is ordered when the person says yes', async () => {
    const { url, administration } = await startFake();
    const { code, err } = await rekindle([...args, '--url', url], { isTty: true, stdin: 'yes\n' });
    expect(code).toBe(0);
    expect(err).toContain('This powers web-1 off');
    expect(administration.stored).toHaveLength(1);
  });

  it.each(['no\n', 'y\n', '\n', ''])('is not ordered when the person says %j', async (stdin) => {
    const { url, administration } = await startFake();
    const { code, err } = await rekindle([...args, '--url', url], { isTty: true, stdin });
    expect(code).toBe(1);
    expect(err).toContain('nothing was ordered');
    expect(administration.stored).toEqual([]);
  });

  it('waits until the server runs on the backup', async () => {
    const fake = await startFake();
    script(fake, 'restart-server', [
      { end: null, steps: [underWay('fence/web-1', 0)] },
      { end: { state: 'done', reason: null }, steps: [ended('fence/web-1', 0), ended('attempt-1/start', 1)] },
    ]);
    const { code, out, err } = await rekindle([
      ...args,
      '--url',
      fake.url,
      '--yes',
      '--wait',
      '--format',
      'json',
    ]);
    expect(code).toBe(0);
    expect(err).toContain('attempt-1/start');
    expect(JSON.parse(out)).toMatchObject({ decision: { outcome: 'restart' }, operation: { state: 'done' } });
  });
});
