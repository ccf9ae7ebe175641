import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rekindle } from './harness.js';

const COMMANDS = [
  ...[
    'validate',
    'eval',
    'test',
    'schema',
    'run',
    'status',
    'disks',
    'history',
    'why',
    'snapshot',
    'restart',
    'rack',
  ],
];

describe('rekindle', () => {
  it('lists every command in its help', async () => {
    const { code, out } = await rekindle(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(out).toContain(`\n  ${command} `);
  });

  it.each(COMMANDS)('explains %s with its exit codes and at least two examples', async (command) => {
    const { code, out } = await rekindle([command, '--help']);
    expect(code).toBe(0);
    expect(out.match(/^ {2}\$ rekindle /gm)?.length).toBeGreaterThanOrEqual(2);
    expect(out).toContain('Exit codes: 0 ');
  });

  it('prints the version of the package', async () => {
    const manifest = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as object;
    const { code, out } = await rekindle(['--version']);
    expect({ code, version: out.trim() }).toMatchObject({
      code: 0,
      ...('version' in manifest && { version: manifest.version }),
    });
  });

  it('takes a missing command for wrong usage, and helps', async () => {
    const { code, out, err } = await rekindle([]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('Usage: rekindle');
  });

  const wrong: readonly (readonly [line: string, says: string])[] = [
    ['validat', 'Did you mean validate?'],
    ['validate --formt json', 'Did you mean --format?'],
    ['validate --format yaml', 'Allowed choices are pretty, json'],
    ['eval', "required option '--event <file>' not specified"],
    ['history --limit many', 'a whole number from 1 to 1000'],
    ['history --limit 0', 'a whole number from 1 to 1000'],
    ['run --port 99999', 'a whole number from 0 to 65535'],
    ['run --drain-timeout soon', 'a duration such as 30s'],
    ['why', 'expected is one id, or --event'],
    ['status web-1', 'too many arguments'],
    ['restart web-1 --yes', "required option '--reason <text>' not specified"],
  ];

  it.each(wrong)('refuses `%s` as wrong usage, and says what was expected', async (line, says) => {
    const { code, out, err } = await rekindle(line.split(' '));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(says);
  });
});

describe('a command that has not run yet', () => {
  it('has loaded nothing but what reads the command line', () => {
    expect([...packagesReachedFrom('src/cli/main.ts')].sort()).toEqual(['commander', 'picocolors']);
  });
});

/** The packages that a module imports, and the modules that it imports, before any of its functions is called. */
function packagesReachedFrom(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  const queue = [new URL(`../../${file}`, import.meta.url)];
  for (let module = queue.pop(); module !== undefined; module = queue.pop()) {
    if (seen.has(module.href)) continue;
    seen.add(module.href);
    const source = readFileSync(module, 'utf8');
    for (const [, name = ''] of source.matchAll(/^(?:import|export)(?! type)[^;]*? from '([^']+)';/gm)) {
      if (name.startsWith('.')) queue.push(new URL(name.replace(/\.js$/, '.ts'), module));
      else if (!name.startsWith('node:')) packages.add(name);
    }
  }
  return packages;
}
