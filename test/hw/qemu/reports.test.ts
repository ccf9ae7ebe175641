import { describe, expect, it } from 'vitest';
import type { LaunchRecord } from '../../../src/hw/qemu/launch-record.js';
import type { QmpEvent } from '../../../src/hw/qemu/qmp/commands.js';
import { goneReport, isOrderlyShutdown, reportOf, reportOfState } from '../../../src/hw/qemu/reports.js';
import { DEFINITION } from './support/definition.js';

const RECORD: LaunchRecord = {
  launch: '0badcafe',
  phase: 'running',
  server: 'web-1',
  snapshot: null,
  drive: 'disk-1',
  disk: '/drives/disk-1/disk.img',
  operation: 'op-1',
  definition: DEFINITION,
  startedAtMs: 0,
  pid: 4711,
  orderedOffAtMs: null,
  goneAtMs: null,
};

function event(name: string, data: QmpEvent['data'] = {}): QmpEvent {
  return { event: name, data, atMs: 5_000, stamp: '5.7' };
}

describe('what QEMU says', () => {
  it.each([
    ['GUEST_PANICKED', {}, 'failure', 'panic'],
    ['WATCHDOG', { action: 'poweroff' }, 'failure', 'watchdog'],
    ['WATCHDOG', { action: 'pause' }, 'failure', 'watchdog'],
    ['WATCHDOG', { action: 'reset' }, 'alert', 'GuestWatchdog'],
    ['WATCHDOG', { action: 'none' }, 'alert', 'GuestWatchdog'],
    ['SHUTDOWN', { guest: true, reason: 'guest-shutdown' }, 'alert', 'GuestShutdown'],
    ['RESET', { guest: true, reason: 'guest-reset' }, 'alert', 'GuestReset'],
    [
      'BLOCK_IO_ERROR',
      { operation: 'write', action: 'report', reason: 'No space left' },
      'alert',
      'BlockIoError',
    ],
    ['MEMORY_FAILURE', { recipient: 'guest', action: 'inject' }, 'alert', 'MemoryFailure'],
  ])('%s %o is a %s, %s', (name, data, kind, what) => {
    const report = reportOf('spare-1', RECORD, event(name, data));
    expect(report).toMatchObject({ kind, machine: 'spare-1', server: 'web-1', atMs: 5_000 });
    expect(report?.kind === 'failure' ? report.cause : report?.name).toBe(what);
  });

  it.each([
    ['STOP', {}],
    ['RESUME', {}],
    // By our own `quit`, or by a signal: the end of the process says what there is to say.
    ['SHUTDOWN', { guest: false, reason: 'host-qmp-quit' }],
    ['SHUTDOWN', { guest: false, reason: 'host-signal' }],
    ['RESET', { guest: false, reason: 'host-qmp-system-reset' }],
    ['NIC_RX_FILTER_CHANGED', {}],
  ])('%s %o is nothing to report', (name, data) => {
    expect(reportOf('spare-1', RECORD, event(name, data))).toBeNull();
  });

  it('twice in one life are two occurrences, heard twice they are one', () => {
    const ids = ['5.7', '5.8', '5.7'].map(
      (stamp) => reportOf('web-1', RECORD, { ...event('RESET', { guest: true }), stamp })?.id,
    );
    expect([ids[0] === ids[1], ids[0] === ids[2]]).toEqual([false, true]);
  });
});

describe('a machine that is found', () => {
  it('shut down has said so itself, heard or not', () => {
    const heard = reportOf('web-1', RECORD, event('SHUTDOWN', { reason: 'guest-shutdown' }));
    const found = reportOfState('web-1', RECORD, { status: 'shutdown', atMs: 9_000 });
    expect([found?.kind, found?.id]).toEqual(['alert', heard?.id]);
  });

  it('panicked has failed', () => {
    expect(reportOfState('web-1', RECORD, { status: 'guest-panicked', atMs: 9_000 })).toMatchObject({
      kind: 'failure',
      cause: 'panic',
    });
  });

  it.each(['running', 'paused', 'inmigrate', 'io-error'] as const)('%s is nothing to report', (status) => {
    expect(reportOfState('web-1', RECORD, { status, atMs: 9_000 })).toBeNull();
  });
});

it('a process that is gone is the failure of its server, once for each start', () => {
  const first = goneReport('spare-1', RECORD, 1);
  expect(first).toMatchObject({
    kind: 'failure',
    cause: 'process-gone',
    server: 'web-1',
    machine: 'spare-1',
  });
  expect(goneReport('spare-1', RECORD, 2).id).toBe(first.id);
  expect(goneReport('spare-1', { ...RECORD, launch: '0badcaff' }, 1).id).not.toBe(first.id);
});

it('only a guest that switches itself off shuts down in order', () => {
  expect(isOrderlyShutdown(event('SHUTDOWN', { reason: 'guest-shutdown' }))).toBe(true);
  expect(isOrderlyShutdown(event('SHUTDOWN', { reason: 'guest-panic' }))).toBe(false);
  expect(isOrderlyShutdown(event('STOP', { reason: 'guest-shutdown' }))).toBe(false);
});
