import { describe, expect, it } from 'vitest';
import { readAlerts } from '../../../src/server/formats/alert.js';
import { NOW } from '../fake-administration.js';

const reception = { nowMs: Date.parse(NOW), newId: () => 'fresh' };
const read = (alert: object): unknown => {
  const [item] = readAlerts(alert, reception);
  return item?.kind === 'event' ? item.event : item;
};

describe('an alert in our own form', () => {
  it('needs no more than a server', () => {
    expect(read({ server: 'web-1' })).toEqual({
      kind: 'alert',
      id: 'fresh',
      at: NOW,
      server: 'web-1',
      source: 'http',
      status: 'firing',
      labels: {},
      annotations: {},
    });
  });

  it('keeps what it says', () => {
    const alert = {
      id: 'a-1',
      server: 'web-1',
      at: '2026-11-30T11:00:00.000Z',
      status: 'resolved',
      source: 'bmc',
      labels: { alertname: 'FanFailed' },
      annotations: { summary: 'a fan' },
      value: -3.5,
    };
    expect(read(alert)).toEqual({ kind: 'alert', ...alert });
  });

  it.each([
    ['the annotation', { annotations: { value: '91' } }, 91],
    ['the label', { labels: { value: '9.1e1' } }, 91],
    ['the annotation before the label', { annotations: { value: '91' }, labels: { value: '1' } }, 91],
    [
      'the label when the annotation is no number',
      { annotations: { value: 'high' }, labels: { value: '1' } },
      1,
    ],
    ['its own value before both', { value: 5, annotations: { value: '91' } }, 5],
  ])('has the value of %s', (_what, content, value) => {
    expect(read({ server: 'web-1', ...content })).toMatchObject({ value });
  });

  it.each(['91 °C', '91%', '', ' 91', '0x5b', 'Infinity', 'NaN', '1e999', '1_000', '.'])(
    'has no value when the annotation is %j',
    (value) => {
      expect(read({ server: 'web-1', annotations: { value } })).not.toHaveProperty('value');
    },
  );

  it.each([
    ['a reserved name at the top', { snapshotAgeSec: 1 }, 'SCHEMA_UNKNOWN_KEY', 'snapshotAgeSec'],
    ['a misspelt key', { lables: {} }, 'SCHEMA_UNKNOWN_KEY', 'did you mean "labels"?'],
    ['a value in quotes', { value: '91' }, 'SCHEMA_TYPE', 'value must be number'],
    ['a label that is no text', { labels: { a: { b: 1 } } }, 'SCHEMA_TYPE', 'labels.a must be string'],
    ['an unknown status', { status: 'on' }, 'SCHEMA_VALUE', '"firing", "resolved"'],
    ['an empty server', { server: '' }, 'SCHEMA_VALUE', 'server'],
    ['a server that is no text', { server: null }, 'SCHEMA_TYPE', 'server must be string'],
    ['an id that could be one of ours', { id: '~internal' }, 'SCHEMA_VALUE', 'id'],
    ['a source with a line break', { source: 'a\nb' }, 'SCHEMA_VALUE', 'source'],
    ['a time in 2099', { at: '2099-01-01T00:00:00Z' }, 'TIME_RANGE', 'ahead'],
    ['a time that is none', { at: 'now' }, 'TIME_RANGE', 'RFC 3339'],
  ])('is rejected with %s', (_what, content, code, detail) => {
    expect(read({ server: 'web-1', ...content })).toEqual({
      kind: 'rejected',
      problem: { code, detail: expect.stringContaining(detail) as string },
    });
  });

  it('may have a reserved name as a label', () => {
    expect(read({ server: 'web-1', labels: { snapshotAgeSec: '1' } })).toMatchObject({ kind: 'alert' });
  });
});
