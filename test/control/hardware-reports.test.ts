import { describe, expect, it } from 'vitest';
import { createHardwareReports, eventOf } from '../../src/control/hardware-reports.js';
import type { EngineEvent } from '../../src/engine/event.js';
import type { HardwareReport } from '../../src/hw/contract.js';
import type { Hardware } from '../../src/hw/index.js';
import { createVirtualClock } from '../../src/virtual-clock.js';

const GONE: HardwareReport = {
  kind: 'failure',
  id: 'web-1:1:gone',
  atMs: 1_000_000,
  machine: 'spare-1',
  server: 'web-1',
  cause: 'process-gone',
  causeClass: 'unknown',
  text: 'the process is gone',
};

const IO_ERROR: HardwareReport = {
  kind: 'alert',
  id: 'web-1:1:io',
  atMs: 1_000_000,
  machine: 'spare-1',
  server: 'web-1',
  name: 'BlockIoError',
  labels: { operation: 'write' },
  text: 'a write failed',
};

describe('a report of the hardware', () => {
  it('that a server is gone is the failure of that server', () => {
    expect(eventOf(GONE)).toEqual({
      kind: 'failure',
      id: 'hardware:web-1:1:gone',
      at: '1970-01-01T00:16:40.000Z',
      server: 'web-1',
      subject: 'server',
      cause: 'process-gone',
      causeClass: 'unknown',
    });
  });

  it('of a symptom is an alert that policies can match', () => {
    expect(eventOf(IO_ERROR)).toMatchObject({
      kind: 'alert',
      status: 'firing',
      source: 'hardware',
      labels: { alertname: 'BlockIoError', machine: 'spare-1', operation: 'write' },
      annotations: { summary: 'a write failed' },
    });
  });
});

describe('listening to the hardware', () => {
  it('brings a report again until it is accepted', async () => {
    const { clock, accepted, reports, say, refuse } = scene();
    refuse(2);
    reports.follow(say.hardware);
    say.report(GONE);
    await clock.runUntil(clock.now() + 5_000, settle);
    expect(accepted.map(({ id }) => id)).toEqual(['hardware:web-1:1:gone']);
  });

  it('goes over to the hardware of a new policy set', async () => {
    const { clock, accepted, reports, say } = scene();
    const later = speaker();
    reports.follow(say.hardware);
    reports.follow(later.hardware);
    expect([say.listeners(), later.listeners()]).toEqual([0, 1]);
    later.report(IO_ERROR);
    await clock.runUntil(clock.now() + 100, settle);
    expect(accepted).toHaveLength(1);
  });

  it('ends with the service, also the bringing again', async () => {
    const { clock, accepted, reports, say, refuse } = scene();
    refuse(1);
    reports.follow(say.hardware);
    say.report(GONE);
    await settle();
    reports.close();
    await clock.runUntil(clock.now() + 5_000, settle);
    expect([accepted, say.listeners()]).toEqual([[], 0]);
  });
});

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function scene() {
  const clock = createVirtualClock(2_000_000);
  const accepted: EngineEvent[] = [];
  let refusals = 0;
  const reports = createHardwareReports({
    clock,
    async accept(events) {
      if (refusals > 0) {
        refusals -= 1;
        throw new Error('too many events wait');
      }
      accepted.push(...events);
    },
    onFault: () => undefined,
  });
  const refuse = (times: number): void => {
    refusals = times;
  };
  return { clock, accepted, reports, say: speaker(), refuse };
}

function speaker() {
  const listeners = new Set<(report: HardwareReport) => void>();
  const cannot = (): never => {
    throw new Error('nothing but listening is asked for');
  };
  const hardware: Hardware = {
    power: cannot,
    memory: cannot,
    storage: cannot,
    standby: cannot,
    watch(tell) {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    close: () => Promise.resolve(),
  };
  return {
    hardware,
    listeners: () => listeners.size,
    report(report: HardwareReport) {
      for (const tell of listeners) tell(report);
    },
  };
}
