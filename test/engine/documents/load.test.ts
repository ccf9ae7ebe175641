import { describe, expect, it } from 'vitest';
import type { SourceFile } from '../../../src/engine/problem.js';
import {
  BASE_INVENTORY,
  BASE_POLICIES,
  fixture,
  inShort,
  load,
  loadedWith,
  problemsOf,
  problemsWith,
  textFile,
} from './support.js';

function alertPolicy(name: string, spec: string): string {
  return `apiVersion: rekindle/v1
kind: AlertPolicy
metadata: { name: ${name} }
spec:
  when:
    all:
      - { fact: alert, path: $.labels.alertname, operator: equal, value: Hot }
  condition: hot
  snapshot: { placement: spread }
${spec}`;
}

describe('loading reports', () => {
  it('every problem of every file at once, by file, line and column', () => {
    const found = problemsWith(
      textFile(
        'b.yaml',
        `${alertPolicy('b', '  mode: watch\n')}---\n${alertPolicy('c', '  cause: bad\n  prority: 3\n')}`,
      ),
      textFile('a.yaml', `${'#\n'.repeat(20)}${alertPolicy('a', '  modus: observe\n')}`),
    );
    expect(found.map(inShort)).toEqual([
      'SCHEMA_UNKNOWN_KEY policies/a.yaml:30:3',
      'SCHEMA_VALUE policies/b.yaml:10:9',
      'SCHEMA_VALUE policies/b.yaml:21:10',
      'SCHEMA_UNKNOWN_KEY policies/b.yaml:22:3',
    ]);
  });

  it('what a schema finds beside what is wrong with a condition', () => {
    const text = alertPolicy('a', '  modus: observe\n').replace('operator: equal', 'operator: eqqual');
    expect(problemsWith(textFile('a.yaml', text)).map(({ code }) => code)).toEqual([
      'RULE_UNKNOWN_OPERATOR',
      'SCHEMA_UNKNOWN_KEY',
    ]);
  });

  it('no reference to a document as unknown because that document is wrong', () => {
    const broken = fixture('base/policies.yaml').replace('spec: {}', 'spec: { prefr: [] }');
    expect(problemsOf(textFile('a.yaml', broken), BASE_INVENTORY).map(({ code }) => code)).toEqual([
      'SCHEMA_UNKNOWN_KEY',
    ]);
  });

  it('nothing as missing that may stand in a file that could not be read', () => {
    const found = problemsOf(textFile('a.yaml', 'kind: "Inven'), textFile('b.yaml', alertPolicy('a', '')));
    expect(found.map(({ code }) => code)).toEqual(['YAML_SYNTAX']);
  });

  it('the rest of a file behind a document with a syntax error', () => {
    const text = `a: b: c\n---\n${alertPolicy('a', '  modus: observe\n')}`;
    expect(problemsWith(textFile('a.yaml', text)).map(inShort)).toEqual([
      'YAML_SYNTAX policies/a.yaml:1:4',
      'SCHEMA_UNKNOWN_KEY policies/a.yaml:12:3',
    ]);
  });

  it('a missing inventory', () => {
    expect(problemsOf(BASE_POLICIES).map(({ code }) => code)).toEqual(['INVENTORY_MISSING']);
    expect(problemsOf().map(({ code }) => code)).toEqual(['INVENTORY_MISSING']);
  });

  it('at most 50 problems of a document, and how many there are beyond', () => {
    const keys = Array.from({ length: 60 }, (_, index) => `  key-${index}: 1\n`).join('');
    const found = problemsWith(textFile('a.yaml', alertPolicy('a', keys)));
    expect(found).toHaveLength(50);
    expect(found.at(-1)?.hint).toContain('(10 more problems in this document)');
  });
});

describe('a scenario', () => {
  const scenario = (expectation: string): string => `apiVersion: rekindle/v1
kind: Scenario
metadata: { name: nothing is left }
spec:
  inventory: small
  steps:
    - { at: 0s, failure: { server: web-1 }, expect: ${expectation} }
`;

  it.each([
    '{ alive: { web-1: nowhere } }',
    '{ restart: { condition: cold boot } }',
    '{ reason: no-attempt }',
  ])('may expect %s', (expectation) => {
    expect(problemsWith(textFile('a.yaml', scenario(expectation)))).toEqual([]);
  });

  it.each([
    '{ alive: { web-1: spare-2 } }',
    '{ alive: { web-2: nowhere } }',
    '{ restart: { condition: warm } }',
  ])('may not expect %s, which cannot be', (expectation) => {
    expect(problemsWith(textFile('a.yaml', scenario(expectation))).map(({ code }) => code)).toEqual([
      'REF_UNKNOWN',
    ]);
  });
});

describe('a policy set', () => {
  it('has alert policies by priority, highest first, then by name', () => {
    const { alertPolicies } = loadedWith(
      textFile('a.yaml', alertPolicy('b', '  priority: 300\n')),
      textFile('b.yaml', alertPolicy('a', '')),
      textFile('c.yaml', alertPolicy('c', '  priority: 300\n')),
    );
    expect(alertPolicies.map(({ name }) => name)).toEqual(['b', 'c', 'a', 'overheating']);
  });

  it('says of each policy on which line its name stands', () => {
    const [policy] = loadedWith(
      textFile('a.yaml', `# first\n${alertPolicy('a', '  priority: 300\n')}`),
    ).alertPolicies;
    expect(policy?.origin).toEqual({ file: 'policies/a.yaml', line: 4 });
  });

  it('takes several documents from a file, and overlooks empty ones', () => {
    const text = `---\n${alertPolicy('a', '')}---\n# nothing\n---\n${alertPolicy('b', '')}...\n---\n`;
    expect(loadedWith(textFile('a.yaml', text)).alertPolicies).toHaveLength(3);
  });

  it('reads CRLF line ends and a byte order mark', () => {
    const text = `\ufeff${alertPolicy('a', '  priority: 300\n')}`.replaceAll('\n', '\r\n');
    expect(loadedWith(textFile('a.yaml', text)).alertPolicies[0]).toMatchObject({ name: 'a', priority: 300 });
  });

  it('gives drives the labels of their device under their own', () => {
    const inventory = fixture('base/inventory.yaml')
      .replace('labels: { enclosure: a }', 'labels: { enclosure: a, medium: hdd }')
      .replace('name: snap-1, device', 'name: snap-1, labels: { medium: nvme }, device');
    const result = load(BASE_POLICIES, textFile('i.yaml', inventory));
    const drive = result.ok ? result.policySet.inventory.drives.get('snap-1') : undefined;
    expect(drive?.labels).toEqual({ enclosure: 'a', medium: 'nvme' });
  });

  it('takes one distrust or a list of them', () => {
    const policy = (never: string): string => `apiVersion: rekindle/v1
kind: RestartPolicy
metadata: { name: a }
spec:
  snapshots: [{ condition: any }]
  afterTakeover: nothing
  never: ${never}
`;
    const one = '{ cause: software, takenAfter: first-symptom }';
    const another = '{ cause: unknown, takenAfter: first-symptom }';
    const neverOf = (text: string) => loadedWith(textFile('a.yaml', policy(text))).restartPolicies[0]?.never;
    expect(neverOf(one)).toEqual(['software']);
    expect(neverOf(`[${one}, ${another}, ${one}]`)).toEqual(['software', 'unknown']);
  });

  it('cannot be written to', () => {
    const { alertPolicies, inventory } = loadedWith();
    expect(Object.isFrozen(alertPolicies)).toBe(true);
    expect(Object.isFrozen(alertPolicies[0]?.snapshot)).toBe(true);
    expect(Object.isFrozen(inventory.machines.get('web-1')?.reaches)).toBe(true);
  });
});

describe('the revision', () => {
  const revisionOf = (...files: readonly SourceFile[]): string => {
    const result = load(...files);
    return result.ok ? result.policySet.revision : 'refused';
  };
  const comment = (name: string, text: string) =>
    textFile(name, `${alertPolicy(name[0] ?? '', '')}# ${text}`);

  it('is the same in whatever order and from whatever folder the files were read', () => {
    const moved = [BASE_INVENTORY, BASE_POLICIES].map((file) => ({
      ...file,
      path: `elsewhere/${file.name}`,
    }));
    expect(revisionOf(...moved)).toBe(revisionOf(BASE_POLICIES, BASE_INVENTORY));
    expect(revisionOf(...moved)).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('changes with every byte of a content and of a name', () => {
    const revisions = [
      revisionOf(BASE_POLICIES, BASE_INVENTORY),
      revisionOf(BASE_POLICIES, BASE_INVENTORY, comment('a.yaml', 'x')),
      revisionOf(BASE_POLICIES, BASE_INVENTORY, comment('a.yaml', 'y')),
      revisionOf(BASE_POLICIES, BASE_INVENTORY, comment('aa.yaml', 'x')),
    ];
    expect(new Set(revisions).size).toBe(revisions.length);
    expect(revisions).not.toContain('refused');
  });

  it('tells a name from a content that begins with its last character', () => {
    const text = `\n${alertPolicy('a', '')}`;
    const revisions = [
      revisionOf(BASE_POLICIES, BASE_INVENTORY, textFile('a', ` ${text}`)),
      revisionOf(BASE_POLICIES, BASE_INVENTORY, textFile('a ', text)),
    ];
    expect(revisions[0]).not.toBe(revisions[1]);
    expect(revisions).not.toContain('refused');
  });
});

describe('the digest of an alert policy', () => {
  const digestOf = (text: string): string | undefined =>
    loadedWith(textFile('a.yaml', text)).alertPolicies.find(({ name }) => name === 'a')?.digest;

  it('stays when something changes that does not decide what is counted', () => {
    const text = alertPolicy('a', '  priority: 3\n').replace(
      '{ placement: spread }',
      '{ placement: spread, cooldown: 1h }',
    );
    expect(digestOf(text)).toBe(digestOf(alertPolicy('a', '')));
  });

  it.each([
    ['the condition', (text: string) => text.replace('value: Hot', 'value: Hotter')],
    ['the servers', (text: string) => `${text}  servers: { tier: web }\n`],
    ['the repetition', (text: string) => `${text}  repeated: { times: 2, within: 1m }\n`],
  ])('changes with %s', (_, edit) => {
    const text = alertPolicy('a', '');
    expect(digestOf(edit(text))).not.toBe(digestOf(text));
  });
});
