import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PROBLEM_CODES, type SourceFile } from '../../../src/engine/problem.js';
import { BASE_INVENTORY, BASE_POLICIES, bytesFile, load, textFile } from './support.js';

const POLICIES = new URL('../../../policies/', import.meta.url);
/** What once was not answered, or looks as if it might not be. */
const CORPUS = new URL('../../fixtures/corpus/policies/', import.meta.url);
const shipped = readdirSync(POLICIES).map((name) => ({
  name,
  text: readFileSync(new URL(name, POLICIES), 'utf8'),
}));

/** Loading ends with a set or with problems that a person can find, whatever the bytes are. */
function expectAnAnswer(...files: readonly SourceFile[]): void {
  const result = load(...files);
  if (result.ok) return;
  expect(result.problems.length).toBeGreaterThan(0);
  for (const { code, line, column, message } of result.problems) {
    expect(PROBLEM_CODES).toContain(code);
    expect(line).toBeGreaterThanOrEqual(1);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(message).not.toBe('');
  }
}

describe('loading answers', () => {
  // Every byte of the small files, and of the others enough that each line is cut in several places.
  it.each(shipped.map(({ name, text }) => [name, text] as const))('to a prefix of %s', (name, text) => {
    const bytes = new TextEncoder().encode(text);
    const step = bytes.byteLength < 1000 ? 1 : 13;
    for (let length = 0; length <= bytes.byteLength; length += step) {
      expectAnAnswer(bytesFile(name, bytes.subarray(0, length)));
    }
  });

  it.each(readdirSync(CORPUS))('to %s of the corpus, with problems', (name) => {
    const bytes = readFileSync(new URL(name, CORPUS));
    expectAnAnswer(BASE_POLICIES, BASE_INVENTORY, bytesFile(name, bytes));
    expect(load(BASE_POLICIES, BASE_INVENTORY, bytesFile(name, bytes)).ok).toBe(false);
  });

  it('to a shipped file with a piece taken out, put in or moved', () => {
    const file = fc.constantFrom(...shipped);
    const piece = fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom(
        '\n',
        '\n  ',
        '- ',
        ': ',
        '{',
        ']',
        '"',
        "'",
        '|',
        '&a ',
        '*a',
        '!t ',
        '---\n',
        '\t',
        '#',
        '%',
        'null',
        '.inf',
      ),
    );
    fc.assert(
      fc.property(file, fc.nat(), fc.nat({ max: 40 }), piece, ({ name, text }, at, cut, put) => {
        const start = at % (text.length + 1);
        expectAnAnswer(textFile(name, text.slice(0, start) + put + text.slice(start + cut)));
      }),
      { numRuns: 200 },
    );
  });

  it('to any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expectAnAnswer(textFile('a.yaml', text));
      }),
      { numRuns: 300 },
    );
  });

  it('to any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expectAnAnswer(bytesFile('a.yaml', bytes));
      }),
      { numRuns: 300 },
    );
  });

  it('to any value in the place of any value of a document', () => {
    const kinds = [
      'AlertPolicy',
      'SchedulePolicy',
      'PlacementPolicy',
      'RestartPolicy',
      'Inventory',
      'Scenario',
    ];
    const keys = [
      'when',
      'all',
      'any',
      'not',
      'fact',
      'path',
      'operator',
      'value',
      'snapshots',
      'prefer',
      'steps',
      'drives',
      'every',
    ];
    const value = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom(...keys), tie('tree'), { maxKeys: 4 }),
        fc.array(tie('tree'), { maxLength: 3 }),
      ),
    })).tree;
    fc.assert(
      fc.property(fc.constantFrom(...kinds), value, (kind, spec) => {
        const document = { apiVersion: 'rekindle/v1', kind, metadata: { name: 'a' }, spec };
        expectAnAnswer(BASE_POLICIES, BASE_INVENTORY, textFile('a.yaml', JSON.stringify(document)));
      }),
      { numRuns: 300 },
    );
  });
});
