import { describe, expect, it } from 'vitest';
import { FACT_SHAPES } from '../../../src/engine/documents/facts.js';
import {
  initialView,
  backupFact,
  driveFact,
  findServer,
  serverFact,
  snapshotFact,
} from '../../../src/engine/world.js';
import type { SnapshotView } from '../../../src/engine/view.js';
import { loadedWith, problemsWith, textFile } from './support.js';

function withComparison(comparison: string): string {
  return `apiVersion: rekindle/v1
kind: AlertPolicy
metadata: { name: another }
spec:
  when: { all: [ ${comparison} ] }
  condition: hot
  snapshot: { placement: spread }
`;
}

function codesOf(text: string): readonly string[] {
  return problemsWith(textFile('a.yaml', text)).map(({ code }) => code);
}

describe('a comparison', () => {
  it.each([
    '{ fact: alert, path: $.labels.alertname, operator: equal, value: Hot }',
    '{ fact: alert, path: "$.labels[\'node.kubernetes.io/zone\']", operator: notEqual, value: a }',
    '{ fact: alert, path: $.value, operator: lessThan, value: -3.5 }',
    '{ fact: alert, path: $.value, operator: equal, value: null }',
    '{ fact: alert, path: $.status, operator: in, value: [firing, resolved] }',
    '{ fact: alert, path: $.labels.temperature, operator: greaterThan, value: 85 }',
    '{ fact: server, path: $.labels.tier, operator: equal, value: { fact: alert, path: $.labels.tier } }',
    '{ fact: server, path: $.machine.labels.feed, operator: notIn, value: [left] }',
    '{ not: { any: [ { fact: alert, path: $.value, operator: equal, value: 1 } ] } }',
  ])('may say %s', (comparison) => {
    expect(codesOf(withComparison(comparison))).toEqual([]);
  });

  it.each([
    ['{ fact: alert, path: $.value, operator: equal, value: "85" }', 'RULE_VALUE_TYPE'],
    ['{ fact: alert, path: $.value, operator: greaterThan, value: [1] }', 'RULE_VALUE_TYPE'],
    ['{ fact: alert, path: $.value, operator: equal, value: [1] }', 'RULE_VALUE_TYPE'],
    ['{ fact: alert, path: $.value, operator: in, value: [] }', 'RULE_VALUE_TYPE'],
    ['{ fact: alert, path: $.labels.a, operator: equal, value: true }', 'RULE_VALUE_TYPE'],
    [
      '{ fact: alert, path: $.labels.a, operator: equal, value: { fact: alert, path: $.labels.b, params: 1 } }',
      'RULE_VALUE_TYPE',
    ],
    [
      '{ fact: alert, path: $.labels.a, operator: equal, value: { fact: drive, path: $.name } }',
      'RULE_UNKNOWN_FACT',
    ],
    [
      '{ fact: alert, path: $.labels.a, operator: equal, value: { fact: alert, path: "$..b" } }',
      'PATH_FORBIDDEN',
    ],
    ['{ fact: alert, path: 5, operator: equal, value: 1 }', 'SCHEMA_TYPE'],
    ['{ fact: 5, path: $.value, operator: equal, value: 1 }', 'RULE_UNKNOWN_FACT'],
    ['{ fact: alert, path: $.value, operator: [equal], value: 1 }', 'RULE_UNKNOWN_OPERATOR'],
    ['{ fact: alert, path: $.value, operator: toString, value: 1 }', 'RULE_UNKNOWN_OPERATOR'],
    ['{ fact: alert, path: $.toString, operator: equal, value: 1 }', 'PATH_UNKNOWN'],
    ['{ fact: alert, path: $, operator: equal, value: 1 }', 'PATH_UNKNOWN'],
    ['{ fact: alert, path: $.value.x, operator: equal, value: 1 }', 'PATH_UNKNOWN'],
    ['{ fact: alert, path: $.labels.a.b, operator: equal, value: x }', 'PATH_UNKNOWN'],
    ['{ condition: shared }', 'SCHEMA_UNKNOWN_KEY'],
  ])('may not say %s', (comparison, code) => {
    expect(codesOf(withComparison(comparison))).toContain(code);
  });

  it('is one problem for each thing that is wrong with it', () => {
    const comparison = '{ fact: alrt, path: value, operator: eqal, value: 1 }';
    expect(codesOf(withComparison(comparison))).toEqual([
      'RULE_UNKNOWN_FACT',
      'PATH_SYNTAX',
      'RULE_UNKNOWN_OPERATOR',
    ]);
  });

  it('may look into a list of the fact', () => {
    const text = `apiVersion: rekindle/v1
kind: RestartPolicy
metadata: { name: another }
spec:
  snapshots: [{ condition: any }]
  placement: spread
  backups:
    require: { all: [ { fact: backup, path: $.reaches, operator: contains, value: array-1 } ] }
    prefer:
      - weight: 5
        when: { any: [ { fact: snapshot, path: $.cause, operator: equal, value: hardware } ] }
`;
    expect(codesOf(text)).toEqual([]);
    expect(codesOf(text.replace('fact: snapshot', 'fact: alert'))).toEqual(['RULE_UNKNOWN_FACT']);
  });
});

describe('the facts that conditions may ask about', () => {
  const { inventory, ...set } = loadedWith();
  const view = initialView(inventory);
  const lookup = findServer({ inventory, ...set }, view, 'web-1');
  const [drive] = inventory.drives.values();
  const [state] = view.drives;
  const backup = inventory.machines.get('spare-1');
  const snapshot: SnapshotView = {
    id: 's1',
    server: 'web-1',
    generation: 1,
    kind: 'scheduled',
    condition: 'scheduled',
    cause: 'unknown',
    drive: 'snap-1',
    takenAt: '2026-11-22T00:00:00.000Z',
    memoryBytes: 1,
    diskBytes: 1,
    state: 'complete',
    checksum: null,
    verified: null,
    pinned: false,
  };

  it.each([
    ['server', lookup.found === 'active' ? serverFact(lookup.server) : {}],
    ['drive', drive && state ? driveFact(drive, state) : {}],
    ['backup', backup ? backupFact(backup) : {}],
    ['snapshot', snapshotFact(snapshot)],
  ] as const)('are those that decisions are made on: %s', (name, fact) => {
    expect(Object.keys(FACT_SHAPES[name]).toSorted()).toEqual(Object.keys(fact).toSorted());
  });
});
