import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, parseJson } from '../../src/server/json.js';
import { HttpProblem } from '../../src/server/problem.js';

const parse = (text: string): unknown => parseJson(Buffer.from(text));

/** The code with which a text is refused, and where. */
function refusal(bytes: Uint8Array | string): { code: string; offset: unknown } | null {
  try {
    parseJson(Buffer.from(bytes));
    return null;
  } catch (error) {
    if (!(error instanceof HttpProblem)) throw error;
    return { code: error.code, offset: error.extra.offset };
  }
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('a JSON body', () => {
  it.each([
    ['empty', '', 0],
    ['blank', '  ', 2],
    ['cut off in an object', '{"a":1', 6],
    ['cut off in a string', '{"a":"b', 7],
    ['a trailing comma', '[1,]', 3],
    ['a trailing comma in an object', '{"a":1,}', 7],
    ['two values', '1 2', 2],
    ['single quotes', "{'a':1}", 1],
    ['a comment', '// x', 0],
    ['a leading zero', '01', 1],
    ['a bare fraction', '.5', 0],
    ['NaN', 'NaN', 0],
    ['an unknown escape', '"\\x41"', 1],
    ['a raw line break in a string', '"a\nb"', 2],
    ['half of a surrogate pair', '["\\ud800"]', 1],
    ['a key without a value', '{"a"}', 4],
  ])('is refused with the offset when it is %s', (_what, text, offset) => {
    expect(refusal(text)).toEqual({ code: 'JSON_SYNTAX', offset });
  });

  it('is refused when it is not UTF-8', () => {
    expect(refusal(new Uint8Array([0x22, 0xff, 0x22]))?.code).toBe('JSON_SYNTAX');
  });

  it(`may nest ${MAX_DEPTH} deep and no deeper`, () => {
    expect(refusal(nested(MAX_DEPTH))).toBeNull();
    expect(refusal(nested(MAX_DEPTH + 1))).toEqual({ code: 'JSON_TOO_DEEP', offset: MAX_DEPTH });
  });

  it('that nests 200,000 deep is refused without walking it', () => {
    expect(refusal('['.repeat(200_000))?.code).toBe('JSON_TOO_DEEP');
    expect(refusal('{"a":'.repeat(200_000))?.code).toBe('JSON_TOO_DEEP');
  });

  it.each(['__proto__', 'constructor', 'prototype', '\\u005f_proto__'])('may not have the key %s', (key) => {
    expect(refusal(`{"labels":[{"${key}":1}]}`)).toEqual({ code: 'KEY_FORBIDDEN', offset: 12 });
  });

  it('may have a forbidden word as a value', () => {
    expect(parse('["__proto__"]')).toEqual(['__proto__']);
  });

  it('may not have a key twice in one object', () => {
    expect(refusal('{"host":1,"host":2}')).toEqual({ code: 'JSON_DUPLICATE_KEY', offset: 10 });
    expect(refusal('{"host":1,"\\u0068ost":2}')?.code).toBe('JSON_DUPLICATE_KEY');
  });

  it('may have a key in several objects', () => {
    expect(parse('[{"a":{"a":1}},{"a":2}]')).toEqual([{ a: { a: 1 } }, { a: 2 }]);
  });

  it('may begin with a byte order mark', () => {
    expect(parse('\ufeff1')).toBe(1);
  });

  it('may hold a long string', () => {
    const long = 'x'.repeat(1_000_000);
    expect(parse(`["${long}"]`)).toEqual([long]);
  });

  it('that is good JSON is what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(fc.json({ depthSize: 'small' }), (text) => {
        const value: unknown = JSON.parse(text);
        const refused = refusal(text);
        // fast-check may make a key that is forbidden, or half a surrogate pair.
        fc.pre(refused?.code !== 'KEY_FORBIDDEN');
        expect(refused).toBeNull();
        expect(parse(text)).toEqual(value);
      }),
    );
  });

  it('is never taken where JSON.parse would refuse it', () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from('{}[]",:0123.eE-+ tfn\\u\n')) });
    const mutated = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom(...Array.from('{}[]",:0-. \\')))
      .map(([json, at, char]) => {
        const place = at % (json.length + 1);
        return json.slice(0, place) + char + json.slice(place + 1);
      });
    fc.assert(
      fc.property(fc.oneof(text, mutated), (candidate) => {
        if (refusal(candidate) === null) expect(() => JSON.parse(candidate) as unknown).not.toThrow();
        else if (refusal(candidate)?.code === 'JSON_SYNTAX')
          expect(() => JSON.parse(candidate) as unknown).toThrow();
      }),
      { numRuns: 2000 },
    );
  });
});
