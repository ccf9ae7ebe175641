import { describe, expect, it } from 'vitest';
import { readFailures } from '../../../src/server/formats/failure.js';
import { readHeartbeats } from '../../../src/server/formats/heartbeat.js';
import { readRestartOrder, readSnapshotOrder } from '../../../src/server/formats/order.js';
import { NOW } from '../fake-administration.js';

const reception = { nowMs: Date.parse(NOW), newId: () => 'fresh' };

describe('a failure', () => {
  it('needs no more than a server', () => {
    expect(readFailures({ server: 'web-1' }, reception)).toMatchObject([
      {
        event: {
          kind: 'failure',
          id: 'fresh',
          at: NOW,
          server: 'web-1',
          subject: 'server',
          cause: 'unspecified',
          causeClass: 'unknown',
        },
      },
    ]);
  });

  it('may be of the active disk', () => {
    expect(readFailures([{ server: 'web-1', subject: 'disk' }], reception)).toMatchObject([
      { event: { subject: 'disk' } },
    ]);
  });

  it.each([
    [{ server: 'web-1', subject: 'rack' }, 'SCHEMA_VALUE'],
    [{ server: 'web-1', causeClass: 'cosmic' }, 'SCHEMA_VALUE'],
    [{ server: 'web-1', cause: '' }, 'SCHEMA_VALUE'],
    [{ cause: 'power' }, 'SCHEMA_MISSING_KEY'],
    ['web-1', 'SCHEMA_TYPE'],
  ])('%j is rejected with %s', (body, code) => {
    expect(readFailures(body, reception)).toMatchObject([{ kind: 'rejected', problem: { code } }]);
  });
});

describe('a heartbeat', () => {
  it('is dated when it was received unless it says otherwise', () => {
    const bodies = [{ server: 'web-1' }, { server: 'web-1', at: '2026-11-30T11:59:59Z' }];
    expect(readHeartbeats(bodies, reception)).toEqual([
      { kind: 'heartbeat', server: 'web-1', at: NOW },
      { kind: 'heartbeat', server: 'web-1', at: '2026-11-30T11:59:59.000Z' },
    ]);
  });
});

describe('an order', () => {
  it('of a snapshot is manual and not pinned unless it says otherwise', () => {
    expect(readSnapshotOrder({ by: 'ada' }, 'web-1', reception)).toMatchObject({
      event: { kind: 'snapshot-order', server: 'web-1', by: 'ada', condition: 'manual', pinned: false },
    });
  });

  it('of a restart needs a reason', () => {
    expect(readRestartOrder({ by: 'ada' }, 'web-1', reception)).toMatchObject({
      kind: 'rejected',
      problem: { code: 'SCHEMA_MISSING_KEY', detail: expect.stringContaining('reason') as string },
    });
    expect(readRestartOrder({ by: 'ada', reason: 'drill' }, 'web-1', reception)).toMatchObject({
      event: { kind: 'restart-order', by: 'ada', reason: 'drill' },
    });
  });

  it('needs a name', () => {
    expect(readSnapshotOrder(undefined, 'web-1', reception)).toMatchObject({
      problem: { code: 'SCHEMA_TYPE' },
    });
    expect(readSnapshotOrder({ by: '' }, 'web-1', reception)).toMatchObject({
      problem: { code: 'SCHEMA_VALUE' },
    });
  });
});
