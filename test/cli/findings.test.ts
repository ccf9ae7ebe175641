/** Formats that CI systems and pull requests show. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/cli/print/finding.js';
import { githubText } from '../../src/cli/print/github.js';
import { markdownText } from '../../src/cli/print/markdown.js';
import { sarifText } from '../../src/cli/print/sarif.js';
import { golden, rekindle } from './harness.js';

const FORMATS = ['github', 'sarif', 'markdown'] as const;

const finding = (more: Partial<Finding> = {}): Finding => ({
  ...{
    code: 'RANGE',
    severity: 'error',
    file: 'policies/web.yaml',
    line: 3,
    column: 5,
    message: 'too much',
    hint: '',
  },
  ...more,
});

const anyFinding = fc.record({
  code: fc.constantFrom('RANGE', 'YAML_SYNTAX'),
  severity: fc.constantFrom('error' as const, 'warning' as const),
  file: fc.string({ unit: 'grapheme', minLength: 1 }),
  line: fc.integer({ min: 1 }),
  column: fc.option(fc.integer({ min: 1 })),
  message: fc.string({ unit: 'binary' }),
  hint: fc.string({ unit: 'binary' }),
});

describe('problems of documents', () => {
  it.each(FORMATS)('as %s', async (format) => {
    const { code, out, err } = await rekindle(['validate', 'broken', '--format', format]);
    await expect(out).toMatchFileSnapshot(golden(`validate-broken.${format}`));
    expect({ code, err }).toEqual({ code: 1, err: '' });
  });

  it.each([
    ['github', ''],
    ['markdown', '**Policies**: nothing found\n'],
  ])('as %s when there are none', async (format, expected) => {
    const { code, out } = await rekindle(['validate', 'policies', '--format', format]);
    expect({ code, out }).toEqual({ code: 0, out: expected });
  });

  it('as a SARIF log without results when there are none, so that old ones are closed', async () => {
    const { code, out } = await rekindle(['validate', 'policies', '--format', 'sarif']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ version: '2.1.0', runs: [{ results: [] }] });
  });
});

describe('steps that failed', () => {
  it.each(['github', 'markdown'])('as %s', async (format) => {
    const { code, out } = await rekindle([
      'test',
      'policies',
      'passing.yaml',
      'failing.yaml',
      '--format',
      format,
    ]);
    await expect(out).toMatchFileSnapshot(golden(`test-failing.${format}`));
    expect(code).toBe(1);
  });
});

describe('a GitHub annotation', () => {
  it('carries place, code, message and what to do', () => {
    const text = githubText([finding({ message: '100% of a,b', hint: 'use c: d' })]);
    expect(text).toBe('::error file=policies/web.yaml,line=3,col=5,title=RANGE::100%25 of a,b%0Ause c: d\n');
  });

  it('keeps the separators of a strange file name apart from its own', () => {
    expect(githubText([finding({ file: 'a:b,c\\d.yaml', column: null })])).toBe(
      '::error file=a%3Ab%2Cc/d.yaml,line=3,title=RANGE::too much\n',
    );
  });

  it('is one line, whatever a document says', () => {
    fc.assert(
      fc.property(anyFinding, (any) => {
        expect(githubText([any])).toMatch(/^::(error|warning) [^\r\n]*::[^\r\n]*\n$/);
      }),
    );
  });
});

describe('a Markdown table', () => {
  it('has one row for each finding, and nothing of a document becomes a mark', () => {
    fc.assert(
      fc.property(fc.array(anyFinding, { minLength: 1 }), (all) => {
        const rows = markdownText(all, 'Policies').trimEnd().split('\n').slice(4);
        expect(rows).toHaveLength(all.length);
        for (const row of rows) expect(row).toMatch(/^\| [^|`*<[\]@]* \| [^|`*<[\]@]* \| [^|`*<[\]@]* \|$/);
      }),
    );
  });
});

describe('a SARIF log', () => {
  it('names the rule of each result, and its place as a URI', () => {
    const text = sarifText([
      finding({ file: 'my policies/ä.yaml' }),
      finding({ code: 'FENCE', column: null }),
    ]);
    expect(JSON.parse(text)).toMatchObject({
      runs: [
        {
          tool: { driver: { name: 'rekindle', rules: [{ id: 'FENCE' }, { id: 'RANGE' }] } },
          results: [
            {
              ...{ ruleId: 'RANGE', ruleIndex: 1, level: 'error' },
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: 'my%20policies/%C3%A4.yaml' },
                    region: { startLine: 3, startColumn: 5 },
                  },
                },
              ],
            },
            { ruleId: 'FENCE', ruleIndex: 0 },
          ],
        },
      ],
    });
  });

  it('is JSON of as many results as there are findings', () => {
    fc.assert(
      fc.property(fc.array(anyFinding), (all) => {
        expect(JSON.parse(sarifText(all))).toMatchObject({ runs: [{ results: { length: all.length } }] });
      }),
    );
  });
});
