import { describe, expect, it } from 'vitest';
import {
  readBinaryCloudEvent,
  readCloudEvent,
  readCloudEventBatch,
} from '../../../src/server/formats/cloudevents.js';
import type { Item } from '../../../src/server/formats/item.js';
import { NOW } from '../fake-administration.js';
import { fixture } from '../fixture.js';

const reception = { nowMs: Date.parse(NOW), newId: () => 'unused' };

/** A CloudEvent of web-1. */
function cloudEvent(changes: object = {}): object {
  return { specversion: '1.0', id: '1', source: 's', type: 'rekindle.alert', subject: 'web-1', ...changes };
}

const read = (changes: object): Item => readCloudEvent(cloudEvent(changes), reception);
const idOf = (item: Item): string => (item.kind === 'event' ? item.event.id : item.kind);

describe('a CloudEvent', () => {
  it('of type rekindle.alert becomes an alert', () => {
    expect(readCloudEvent(JSON.parse(fixture('cloudevent-alert.json')), reception)).toMatchObject({
      event: {
        kind: 'alert',
        id: 'cloudevents:urn%3Abmc%3Arack-7:42',
        at: '2026-11-30T10:59:00.000Z',
        server: 'web-1',
        source: 'urn:bmc:rack-7',
        status: 'firing',
        labels: { alertname: 'FanFailed' },
        value: 3,
      },
    });
  });

  it('of type rekindle.failure becomes a failure', () => {
    expect(
      read({ type: 'rekindle.failure', data: { cause: 'power', causeClass: 'hardware' } }),
    ).toMatchObject({
      event: { kind: 'failure', subject: 'server', cause: 'power', causeClass: 'hardware' },
    });
  });

  it('of type rekindle.heartbeat becomes a sign of life', () => {
    expect(read({ type: 'rekindle.heartbeat' })).toEqual({ kind: 'heartbeat', server: 'web-1', at: NOW });
  });

  it('is identified by source and id together', () => {
    const ids = [
      ['a', 'b:c'],
      ['a:b', 'c'],
      ['a', 'b%3Ac'],
      ['a', 'c'],
      ['b', 'c'],
    ].map(([source, id]) => idOf(read({ source, id })));
    expect(new Set(ids).size).toBe(5);
  });

  it.each([
    ['another version', { specversion: '0.3' }, 'SCHEMA_VALUE'],
    ['an unknown type', { type: 'com.example' }, 'SCHEMA_VALUE'],
    ['no server', { subject: undefined }, 'SCHEMA_MISSING_KEY'],
    ['an empty id', { id: '' }, 'SCHEMA_VALUE'],
    ['data that is no object', { data: 'x' }, 'SCHEMA_TYPE'],
    ['data in base64', { data_base64: 'e30=' }, 'SCHEMA_UNKNOWN_KEY'],
    ['data in XML', { datacontenttype: 'text/xml' }, 'SCHEMA_VALUE'],
    ['an unknown key in the data', { data: { server: 'web-2' } }, 'SCHEMA_UNKNOWN_KEY'],
    ['a time in 2099', { time: '2099-01-01T00:00:00Z' }, 'TIME_RANGE'],
  ])('is rejected with %s', (_what, changes, code) => {
    const event = JSON.parse(JSON.stringify(cloudEvent(changes))) as unknown;
    expect(readCloudEvent(event, reception)).toMatchObject({ kind: 'rejected', problem: { code } });
  });

  it('in binary mode has its attributes in headers, percent-encoded', () => {
    const headers = {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': '7',
      'ce-source': 'urn:a%20b',
      'ce-type': 'rekindle.alert',
      'ce-subject': 'web%2D1',
    };
    expect(readBinaryCloudEvent(headers, { value: 4 }, reception)).toMatchObject({
      event: { kind: 'alert', server: 'web-1', source: 'urn:a b', value: 4 },
    });
  });

  it('in binary mode is rejected when a header is not percent-encoded UTF-8', () => {
    const headers = { 'ce-specversion': '1.0', 'ce-id': '%ff' };
    expect(readBinaryCloudEvent(headers, {}, reception)).toMatchObject({
      kind: 'rejected',
      problem: { code: 'SCHEMA_VALUE', detail: expect.stringContaining('ce-id') as string },
    });
  });

  it('in a batch is one item of several', () => {
    const items = readCloudEventBatch([cloudEvent(), cloudEvent({ type: 'x' })], reception);
    expect(items.map(({ kind }) => kind)).toEqual(['event', 'rejected']);
  });

  it('is no batch', () => {
    expect(readCloudEventBatch(cloudEvent(), reception)).toMatchObject([
      { kind: 'rejected', problem: { code: 'SCHEMA_TYPE' } },
    ]);
  });
});
