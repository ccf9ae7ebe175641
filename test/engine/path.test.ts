import { describe, expect, it } from 'vitest';
import { parsePath, resolvePath } from '../../src/engine/path.js';

describe('what a path finds', () => {
  const alert = {
    labels: { alertname: 'TooHot', 'node.kubernetes.io/zone': 'b', "it's": 'quoted', 'back\\slash': 'kept' },
    values: [91, { unit: 'C' }],
    nothing: null,
  };

  it.each([
    ['$', alert],
    ['$.labels.alertname', 'TooHot'],
    ["$['labels'].alertname", 'TooHot'],
    ["$.labels['node.kubernetes.io/zone']", 'b'],
    ["$.labels['it\\'s']", 'quoted'],
    ["$.labels['back\\\\slash']", 'kept'],
    ['$.values[0]', 91],
    ['$.values[1].unit', 'C'],
    ['$.nothing', null],
  ])('%s is there', (path, found) => {
    expect(resolvePath(alert, path)).toEqual(found);
  });

  it.each([
    ['$.labels.missing', 'a key that is not there'],
    ['$.values[2]', 'an index past the end'],
    ['$.nothing.more', 'a key of null'],
    ['$.labels.alertname.length', 'a key of text'],
    ['$.labels.alertname[0]', 'a character of text'],
  ])('%s is undefined: %s', (path) => {
    expect(resolvePath(alert, path)).toBeUndefined();
  });
});

describe('only own keys are found', () => {
  it.each(['$.toString', '$.hasOwnProperty', '$.valueOf', "$['__defineGetter__']"])(
    '%s of an empty object is undefined',
    (path) => {
      expect(resolvePath({}, path)).toBeUndefined();
    },
  );

  it('does not find what an object inherits', () => {
    expect(resolvePath(Object.create({ inherited: 1 }), '$.inherited')).toBeUndefined();
  });

  it('finds an own key that hides a method', () => {
    expect(resolvePath({ toString: 'a label' }, '$.toString')).toBe('a label');
  });

  it('does not find the methods of a list', () => {
    expect(resolvePath([1, 2], '$.map')).toBeUndefined();
  });
});

describe('what is refused', () => {
  it.each([
    '$..alertname',
    '$.labels[*]',
    '$.*',
    '$.labels.alertname^',
    '$.labels.alertname~',
    '$.labels@string()',
    '$[?(@.alertname)]',
    '$[(@.length-1)]',
    '$.labels[?(@property)]',
    '$.labels.toString()',
    '$.__proto__',
    '$.labels.constructor',
    '$.labels.constructor.constructor',
    "$['__proto__']",
    "$['prototype'].polluted",
  ])('%s is forbidden', (path) => {
    expect(parsePath(path)).toMatchObject({ ok: false, code: 'PATH_FORBIDDEN' });
  });

  it.each([
    '',
    'labels.alertname',
    '.labels',
    '$[',
    '$.',
    '$labels',
    '$.labels.',
    '$.labels[',
    '$.labels[-1]',
    '$.labels[1.5]',
    '$.labels[0:2]',
    '$.labels[9999999999]',
    '$.labels["alertname"]',
    "$.labels['alertname",
    "$.labels['\\alertname']",
    '$.labels alertname',
    '$.größe',
    '$\n.labels',
  ])('%j is malformed', (path) => {
    expect(parsePath(path)).toMatchObject({ ok: false, code: 'PATH_SYNTAX' });
  });

  it('says where a path stops being one, and what is expected there', () => {
    expect(parsePath('$.labels[x]')).toEqual({
      ok: false,
      code: 'PATH_SYNTAX',
      message: `expected .name, ['name'] or [0] at character 9, found "[x]"`,
    });
  });

  it('quotes no more of a long path than a person wants to read', () => {
    const parsed = parsePath(`$${'!'.repeat(5000)}`);
    expect(parsed.ok ? Infinity : parsed.message.length).toBeLessThan(120);
  });

  it('is an error when it is resolved all the same, whatever it is resolved in', () => {
    expect(() => resolvePath({}, '$..x')).toThrow(SyntaxError);
    expect(() => resolvePath(null, '$..x')).toThrow(SyntaxError);
  });
});

describe('code in a path', () => {
  // The shapes of the published escapes from the sandbox of the library whose resolver is not used here.
  const mark = 'globalThis.__escaped=1';
  it.each([
    `$..[?(${mark})]`,
    `$[?(${mark})]`,
    `$[(${mark})]`,
    `$..[?(@.constructor.constructor("${mark}")())]`,
    `$[?(p="${mark}";a=''[['constructor']][['constructor']](p);a())]`,
    `$..[?(({__proto__:[].constructor}).constructor("${mark}")())]`,
    `$[?(@root.constructor.constructor('${mark}')())]`,
    `$..[?(var _$_root=[].constructor.constructor("${mark}")())]`,
    `$.labels[?(@.toString.call.bind(Function("${mark}"))())]`,
    `$['constructor']['constructor']('${mark}')()`,
    `$.x\`${mark}\``,
    `$.\${${mark}}`,
  ])('%s is refused and does not run', (path) => {
    const labels = { alertname: 'TooHot' };
    expect(parsePath(path).ok).toBe(false);
    expect(() => resolvePath({ labels }, path)).toThrow(SyntaxError);
    expect(globalThis).not.toHaveProperty('__escaped');
  });

  it('does not call a function that lies at the path', () => {
    let called = false;
    const trap = (): void => {
      called = true;
    };
    expect(resolvePath({ trap }, '$.trap')).toBe(trap);
    expect(called).toBe(false);
  });
});

describe('a path that is used more than once', () => {
  it('finds in each value what that value holds', () => {
    expect(resolvePath({ a: 1 }, '$.a')).toBe(1);
    expect(resolvePath({ a: 2 }, '$.a')).toBe(2);
    expect(resolvePath({}, '$.a')).toBeUndefined();
  });

  it('is refused the second time as well', () => {
    expect(() => resolvePath({}, '$.__proto__')).toThrow(SyntaxError);
    expect(() => resolvePath({}, '$.__proto__')).toThrow(SyntaxError);
  });
});
