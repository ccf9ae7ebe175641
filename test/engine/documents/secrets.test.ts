import { describe, expect, it } from 'vitest';
import { BASE_POLICIES, fixture, problemsOf, textFile } from './support.js';

const DRIVER = 'driver: { sim: {} }\n    - { name: spare';

/** The problems of an inventory whose first server has these settings, in flow or block style. */
function problemsWithSettings(settings: string) {
  const inventory = fixture('base/inventory.yaml').replace(
    DRIVER,
    `driver: { sim: ${settings} }\n    - { name: spare`,
  );
  return problemsOf(BASE_POLICIES, textFile('inventory.yaml', inventory));
}

function codesWith(settings: string): readonly string[] {
  return problemsWithSettings(settings).map(({ code }) => code);
}

describe('a secret in the settings of a driver', () => {
  it.each([
    '{ password: hunter2 }',
    '{ Password: "hunter2" }',
    '{ bmcPassword: hunter2 }',
    '{ community: { secret: hunter2 } }',
    '{ tokens: [hunter2] }',
    '{ apiKey: hunter2 }',
    '{ private_key: hunter2, privateKey: hunter2 }',
    '{ passphrase: hunter2 }',
    '{ url: "https://root:hunter2@10.0.0.7/redfish" }',
  ])('is refused and never shown: %s', (settings) => {
    const problems = problemsWithSettings(settings);
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['SECRET_INLINE']));
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  it('may be a number', () => {
    expect(codesWith('{ password: 12345678 }')).toEqual(['SECRET_INLINE']);
    expect(JSON.stringify(problemsWithSettings('{ password: 12345678 }'))).not.toContain('12345678');
  });

  it.each([
    '{ passwordFrom: { env: BMC_PASSWORD } }',
    '{ passwordFrom: { file: /run/secrets/bmc } }',
    '{ passwordFile: /run/secrets/bmc }',
    '{ host: 10.0.0.7, user: root }',
    '{ url: "https://10.0.0.7/redfish" }',
  ])('is none when it says where the secret is: %s', (settings) => {
    expect(codesWith(settings)).toEqual([]);
  });
});

describe('an excerpt never shows a secret', () => {
  const excerptsOf = (text: string): string => JSON.stringify(problemsOf(textFile('a.yaml', text)));

  it.each([
    ['when another problem is on its line', '{ password: hunter2, a: &b 1 }'],
    ['when the line cannot be parsed', 'password: hunter2 "\n'],
    ['when a quote before it was never closed', 'a: "x\npassword: hunter2\n'],
    ['when it is in quotes', '{ "password": "hunter2", a: &b 1 }'],
    ['when it is in a URL', '{ a: &b 1, url: https://root:hunter2@host }'],
  ])('%s', (_, text) => {
    expect(excerptsOf(text)).not.toContain('hunter2');
    expect(excerptsOf(text)).toContain('excerpt');
  });

  it('when it goes over several lines', () => {
    const found = problemsOf(textFile('a.yaml', 'a:\n  password: |\n    hunter2\n    hunter3\nb: &c 1\n'));
    expect(JSON.stringify(found)).not.toMatch(/hunter/);
  });

  it('and does not tell how long it is', () => {
    const excerptOf = (secret: string) => problemsWithSettings(`{ password: ${secret} }`)[0]?.excerpt;
    expect(excerptOf('a-much-longer-secret-than-the-other')).toBe(excerptOf('short'));
  });
});
