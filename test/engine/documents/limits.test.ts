import { describe, expect, it } from 'vitest';
import { bytesFile, inShort, problemsWith, textFile } from './support.js';

function shortOf(text: string): readonly string[] {
  return problemsWith(textFile('a.yaml', text)).map(inShort);
}

describe('before a file is parsed', () => {
  it('it is refused when it has more than a mebibyte', () => {
    expect(shortOf(`# ${'x'.repeat(1024 * 1024)}`)).toEqual(['POLICY_TOO_LARGE policies/a.yaml:1:1']);
    expect(shortOf('x'.repeat(10 * 1024 * 1024))).toEqual(['POLICY_TOO_LARGE policies/a.yaml:1:1']);
  });

  it('it is refused where it is not UTF-8', () => {
    const bytes = Uint8Array.from([...new TextEncoder().encode('# größer\nkind: '), 0xff, 0xfe, 0x41]);
    expect(problemsWith(bytesFile('a.yaml', bytes)).map(inShort)).toEqual([
      'FILE_ENCODING policies/a.yaml:2:7',
    ]);
  });

  it('it is refused where a character is cut off at its end', () => {
    const bytes = new TextEncoder().encode('# größer\n# ß').subarray(0, -1);
    expect(problemsWith(bytesFile('a.yaml', bytes)).map(inShort)).toEqual([
      'FILE_ENCODING policies/a.yaml:2:3',
    ]);
  });

  it.each([
    ['NUL', '\u0000'],
    ['escape', '\u001b'],
    ['delete', '\u007f'],
  ])('it is refused where the control character %s stands', (_, character) => {
    expect(shortOf(`a: 1\nb: x${character}`)).toEqual(['FILE_ENCODING policies/a.yaml:2:5']);
  });

  it('counts columns in characters', () => {
    expect(shortOf('# 🔥\n"🔥🔥": &a 1')).toEqual(['YAML_ALIAS_FORBIDDEN policies/a.yaml:2:7']);
  });
});

describe('nesting', () => {
  const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

  it('goes down to 32 maps and lists', () => {
    expect(shortOf(nested(32))).toEqual(['SCHEMA_TYPE policies/a.yaml:1:1']);
    expect(shortOf(nested(33))).toEqual(['YAML_TOO_DEEP policies/a.yaml:1:33']);
  });

  it.each([
    ['lists', '['.repeat(20_000)],
    ['maps', '{a: '.repeat(20_000)],
    ['lists by dashes', '- '.repeat(20_000)],
    ['maps by indentation', Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
    ['explicit keys', '? '.repeat(20_000)],
  ])('of 20,000 %s is refused without being followed', (_, text) => {
    expect(problemsWith(textFile('a.yaml', text)).map(({ code }) => code)).toEqual(['YAML_TOO_DEEP']);
  });
});

describe('an excerpt', () => {
  it('shows a piece of a long line', () => {
    const [problem] = problemsWith(
      textFile('a.yaml', `{ a: ${'x'.repeat(5000)}, b: &c 1, d: ${'y'.repeat(5000)} }`),
    );
    expect(problem?.column).toBe(5011);
    expect(problem?.excerpt.length).toBeLessThan(500);
    expect(problem?.excerpt).toContain('b: &c 1');
  });

  it('keeps its caret under a place behind tabs', () => {
    const [problem] = problemsWith(textFile('a.yaml', '{\t\ta: &b 1 }'));
    expect(problem?.excerpt).toBe('1 | {\t\ta: &b 1 }\n  |  \t\t   ^^');
  });

  it('does not steer the terminal', () => {
    const [problem] = problemsWith(textFile('a.yaml', '{ "a\u202eb\u009b": &b 1 }'));
    expect(problem?.excerpt).not.toMatch(/[\u202e\u009b]/);
  });
});
