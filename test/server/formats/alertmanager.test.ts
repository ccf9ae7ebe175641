import { describe, expect, it } from 'vitest';
import { readAlertmanager } from '../../../src/server/formats/alertmanager.js';
import type { EventItem, Item } from '../../../src/server/formats/item.js';
import { fromNow, NOW } from '../fake-administration.js';
import { fixture } from '../fixture.js';

const reception = { nowMs: Date.parse(NOW), newId: () => 'unused' };

function read(alert: object, nowMs = reception.nowMs): Item | undefined {
  return readAlertmanager({ version: '4', alerts: [alert] }, { ...reception, nowMs }, 10_000)[0];
}

function eventItem(item: Item | undefined): EventItem {
  if (item?.kind !== 'event') throw new Error(`no event but ${JSON.stringify(item)}`);
  return item;
}

/** A firing alert of web-1. */
function firing(changes: object = {}): object {
  return {
    status: 'firing',
    labels: { server: 'web-1' },
    startsAt: fromNow(-30),
    fingerprint: 'f00d',
    ...changes,
  };
}

describe('a notification of Alertmanager', () => {
  it('becomes an alert with labels, annotations and value', () => {
    const [item] = readAlertmanager(JSON.parse(fixture('alertmanager-firing.json')), reception, 10_000);
    expect(eventItem(item).event).toEqual({
      kind: 'alert',
      id: 'alertmanager:0f1e2d3c4b5a6978:2026-11-30T11:59:20.123Z:firing',
      at: '2026-11-30T11:59:20.123Z',
      server: 'web-1',
      source: 'alertmanager',
      status: 'firing',
      labels: { alertname: 'NodeTemperatureHigh', instance: 'web-1:9100', severity: 'warning' },
      annotations: { summary: 'CPU of web-1 is hot', value: '91.5' },
      value: 91.5,
    });
  });

  it('that something is over is dated when it ended', () => {
    const [item] = readAlertmanager(JSON.parse(fixture('alertmanager-resolved.json')), reception, 10_000);
    expect(eventItem(item).event).toMatchObject({ status: 'resolved', at: '2026-11-30T11:58:00.000Z' });
  });

  it.each([
    [{ server: 'a', instance: 'b:1', host: 'c', node: 'd' }, 'a'],
    [{ instance: 'b:9100', host: 'c', node: 'd' }, 'b'],
    [{ instance: 'b' }, 'b'],
    [{ instance: '[::1]:9100' }, '::1'],
    [{ server: 'a:1' }, 'a:1'],
    [{ host: 'c', node: 'd' }, 'c'],
    [{ node: 'd' }, 'd'],
    [{ server: '', node: 'd' }, 'd'],
  ])('with labels %j is about server %s', (labels, server) => {
    expect(eventItem(read(firing({ labels }))).event.server).toBe(server);
  });

  it('without a label that names a server is about none', () => {
    expect(read(firing({ labels: { alertname: 'Watchdog' } }))?.kind).toBe('no-server');
  });

  it('is dated when the alert began, so that the first symptom is not seen too late', () => {
    expect(eventItem(read(firing({ startsAt: fromNow(-300) }))).event.at).toBe(fromNow(-300));
  });

  it('of an alert that has been firing for long is dated when it was received', () => {
    expect(eventItem(read(firing({ startsAt: fromNow(-86_400) }))).event.at).toBe(NOW);
  });

  it('has one id for one alert however often it is reported, and the repeat another', () => {
    const first = eventItem(read(firing()));
    const later = eventItem(read(firing(), reception.nowMs + 60_000));
    expect(later.event.id).toBe(first.event.id);
    if (later.identity.by !== 'occurrence') throw new Error('not an occurrence');
    expect(later.identity.repeat.id).not.toBe(first.event.id);
    expect(later.identity.repeat.at).toBe(fromNow(60));
  });

  it('gives an alert that began anew another id', () => {
    const ids = [-30, -20].map((seconds) => eventItem(read(firing({ startsAt: fromNow(seconds) }))).event.id);
    expect(new Set(ids).size).toBe(2);
  });

  it('without a fingerprint is identified by its labels, in any order', () => {
    const id = (labels: object): string =>
      eventItem(read(firing({ labels, fingerprint: undefined }))).event.id;
    expect(id({ server: 'web-1', a: '1' })).toBe(id({ a: '1', server: 'web-1' }));
    expect(id({ server: 'web-1', a: '1' })).not.toBe(id({ server: 'web-1', a: '2' }));
  });

  it.each([
    ['another version', { version: '1', alerts: [] }, 'SCHEMA_VALUE'],
    ['no version', { alerts: [] }, 'SCHEMA_MISSING_KEY'],
    ['no alerts', { version: '4' }, 'SCHEMA_MISSING_KEY'],
    ['alerts that are no list', { version: '4', alerts: {} }, 'SCHEMA_TYPE'],
    ['a list', [], 'SCHEMA_TYPE'],
    ['null', null, 'SCHEMA_TYPE'],
  ])('is rejected whole with %s', (_what, body, code) => {
    expect(readAlertmanager(body, reception, 10_000)).toEqual([
      { kind: 'rejected', problem: { code, detail: expect.any(String) as string } },
    ]);
  });

  it.each([
    ['a label that is no text', { labels: { server: 1 } }, 'SCHEMA_TYPE'],
    ['an unknown status', { status: 'pending' }, 'SCHEMA_VALUE'],
    ['no beginning', { startsAt: '0001-01-01T00:00:00Z' }, 'TIME_RANGE'],
    ['a beginning in the future', { startsAt: '2099-01-01T00:00:00Z' }, 'TIME_RANGE'],
    ['no end though it is over', { status: 'resolved' }, 'TIME_RANGE'],
    ['a fingerprint that is none', { fingerprint: '../..' }, 'SCHEMA_VALUE'],
  ])('has an alert rejected for %s', (_what, changes, code) => {
    expect(read(firing(changes))).toMatchObject({ kind: 'rejected', problem: { code } });
  });

  it('may have keys of later releases', () => {
    const body = { version: '4', alerts: [firing({ silenceURL: 'x' })], notificationReason: 'x' };
    expect(readAlertmanager(body, reception, 10_000)[0]?.kind).toBe('event');
  });
});
