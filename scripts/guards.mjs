/**
 * Takes each guard away, one at a time, in a copy of the project, and runs the tests that stand for it: they must go
 * red. A guard that can be taken away without a test noticing is not tested; one whose text is not found any more was
 * changed, and this list must follow.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
/** What the tests need of the project. */
const COPIED = [
  'src',
  'test',
  'policies',
  'schemas',
  'starter',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];

/**
 * @typedef {object} Guard
 * @property {string} name What it guards.
 * @property {readonly (readonly [file: string, text: string, without: string])[]} edits What is there, and what is without the guard.
 * @property {readonly string[]} tests Test files of which one goes red.
 * @property {string} [needs] A program without which those tests are skipped.
 * @property {string} [only] Part of the names of the tests that stand for it, where their files have many others.
 */

/** @type {readonly Guard[]} */
const GUARDS = [
  {
    name: 'a fence is proven by reading the power state back',
    edits: [['src/hw/fence.ts', "if (state !== 'off') {", "if (state === 'never') {"]],
    tests: ['test/hw/fence.test.ts', 'test/actions/restart-server.test.ts'],
  },
  {
    name: 'a fence proof is of one server and one operation, and expires',
    edits: [['src/hw/fence.ts', 'if (!fits || age > PROOF_VALID_MS) {', 'if (!fits && age < 0) {']],
    tests: ['test/hw/fence.test.ts'],
  },
  {
    name: 'a fence proof ages by a clock that nobody sets',
    edits: [
      ['src/hw/fence.ts', 'this.#clock.monotonic() - this', 'this.#clock.now() - this'],
      ['src/hw/fence.ts', 'const readAt = clock.monotonic();', 'const readAt = clock.now();'],
    ],
    tests: ['test/hw/fence.test.ts'],
  },
  {
    name: 'a fence is waited for by a clock that nobody sets',
    edits: [
      ['src/actions/restart/power-off.ts', 'const untilMs = ctx.monotonic()', 'const untilMs = ctx.now()'],
      ['src/actions/restart/power-off.ts', 'ctx.monotonic() >= untilMs', 'ctx.now() >= untilMs'],
    ],
    tests: ['test/actions/restart-server.test.ts'],
  },
  {
    name: 'a sign of life is waited for by a clock that nobody sets',
    edits: [
      ['src/actions/restart/verify.ts', 'const untilMs = ctx.monotonic()', 'const untilMs = ctx.now()'],
      ['src/actions/restart/verify.ts', 'untilMs - ctx.monotonic()', 'untilMs - ctx.now()'],
    ],
    tests: ['test/actions/restart-server.test.ts'],
  },
  {
    name: 'the fence is read back once more by the step that starts',
    edits: [
      [
        'src/actions/restart/fence.ts',
        'power: hardware.power(machine) }, signal);',
        "power: { ...hardware.power(machine), state: async () => 'off' } }, signal);",
      ],
    ],
    tests: ['test/actions/restart-server.test.ts', 'test/actions/chaos.test.ts'],
  },
  {
    name: 'a fenced machine keeps no access that could not be taken away at first',
    edits: [['src/control/isolation.ts', 'if (await isConnected()) {', 'if (storage === null) {']],
    tests: ['test/control/isolation.test.ts'],
  },
  {
    name: 'a machine in use again keeps its access',
    edits: [['src/control/isolation.ts', '!fenced.has(one.machine) || ', '']],
    tests: ['test/control/isolation.test.ts'],
  },
  {
    name: 'a machine that may still have access to its disk is fenced again by the next restart',
    edits: [['src/actions/restart/fence.ts', ', ...unproven])]', '])]']],
    tests: ['test/actions/restart-server.test.ts'],
  },
  {
    name: 'drive law: placement never offers the drive of the previous snapshot',
    edits: [
      ['src/engine/placement.ts', 'if (held) return reject(', 'if (held && held.id === "") return reject('],
    ],
    tests: ['test/engine/placement.test.ts', 'test/engine/laws.test.ts'],
  },
  {
    name: 'drive law: the store in memory refuses the drive of the previous snapshot',
    edits: [
      ['src/store/memory/laws.ts', 'if (previous !== undefined) throw', 'if (previous?.id === "") throw'],
    ],
    only: 'the law of the other drive',
    tests: ['test/store/memory.test.ts'],
  },
  {
    name: 'drive law: the store on a disk refuses the drive of the previous snapshot',
    edits: [['src/store/sqlite/tables/laws.ts', 'if (previous !== null) {', "if (previous?.id === '') {"]],
    only: 'the law of the other drive',
    tests: ['test/store/sqlite.test.ts'],
  },
  {
    name: 'the last restorable snapshot is not deleted, in memory',
    edits: [['src/store/memory/laws.ts', 'if (others.length === 0 ||', 'if (others.length < 0 &&']],
    only: 'the law of the last restorable',
    tests: ['test/store/memory.test.ts'],
  },
  {
    name: 'the last restorable snapshot is not deleted, on a disk',
    edits: [['src/store/sqlite/tables/laws.ts', 'if (lost) {', 'if (lost && counts === null) {']],
    only: 'the law of the last restorable',
    tests: ['test/store/sqlite.test.ts'],
  },
  {
    name: 'a backup is reserved by one operation, in memory',
    edits: [
      [
        'src/store/memory/disk-table.ts',
        'if (machine.reservedBy !== null || machine.missing',
        'if (machine.missing',
      ],
    ],
    only: 'reservations',
    tests: ['test/store/memory.test.ts'],
  },
  {
    name: 'a backup is reserved by one operation, on a disk',
    edits: [
      [
        'src/store/sqlite/tables/reservations.ts',
        'if (machine.reservedBy !== null || machine.missing',
        'if (machine.missing',
      ],
    ],
    only: 'reservations',
    tests: ['test/store/sqlite.test.ts'],
  },
  {
    name: 'one operation at a time for each server',
    edits: [
      ['src/control/lanes.ts', 'isFree: (name) => !occupied.has(laneOf(name)),', 'isFree: () => true,'],
    ],
    tests: ['test/control/lanes.test.ts', 'test/control/dispatcher.test.ts'],
  },
  {
    name: 'an operation that the store stopped is taken up again',
    edits: [['src/control/operations.ts', 'while (!parts.closing.aborted) {', 'for (const _ of [0]) {']],
    tests: ['test/control/store-trouble.test.ts'],
  },
  {
    name: 'a flood of alerts does not keep a failure out',
    edits: [['src/control/index.ts', 'queueLimit * URGENT_SHARE', 'queueLimit']],
    tests: ['test/control/full-queue.test.ts'],
  },
  {
    name: 'an intent is durable before the effect',
    edits: [
      [
        'src/actions/durable.ts',
        'await life.vital(() => steps.intend(id, step, now()));\n    }\n    await reach',
        '}\n    await reach',
      ],
    ],
    tests: ['test/actions/durable.test.ts'],
  },
  {
    name: 'a result is durable before the next step',
    edits: [['src/actions/durable.ts', 'await life.vital(() => steps.conclude(id, step, end, now()));', '']],
    tests: ['test/actions/durable.test.ts'],
  },
  {
    name: 'a snapshot is read back before it is started',
    edits: [
      ['src/actions/restart/inspect.ts', "if (verdict === 'ok') return", "if (verdict !== 'never') return"],
    ],
    tests: ['test/actions/restart-server.test.ts'],
  },
  {
    name: 'a manifest agrees with the disk table',
    edits: [['src/actions/restart/inspect.ts', '|| manifest.checksum !== checksum', '']],
    tests: ['test/actions/restart-server.test.ts'],
  },
  {
    name: 'a server is not taken over again within its cooldown',
    edits: [['src/engine/restart.ts', 'toEpochMs(takenOverAt) < cooldownMs', 'toEpochMs(takenOverAt) < 0']],
    tests: ['test/engine/restart.test.ts'],
  },
  {
    name: 'no more restarts at once than the policy allows',
    edits: [['src/engine/restart.ts', 'if (running >= maxConcurrent) {', 'if (running > 1_000) {']],
    tests: ['test/engine/restart.test.ts'],
  },
  {
    name: 'no restarts while too few servers are up',
    edits: [['src/engine/restart.ts', 'up / others < minHealthy', 'up / others < 0']],
    tests: ['test/engine/restart.test.ts'],
  },
  {
    name: 'no second snapshot for a condition within its cooldown',
    edits: [['src/engine/alert.ts', '< policy.snapshot.cooldownMs,', '< 0,']],
    tests: ['test/engine/alert.test.ts'],
  },
  {
    name: 'every commit is synced',
    edits: [['src/store/sqlite/settings.ts', 'synchronous: 2,', 'synchronous: 0,']],
    needs: 'gcc',
    tests: ['test/store/syncing.test.ts'],
  },
  {
    name: 'nothing is written after an I/O error',
    edits: [
      [
        'src/store/sqlite/connection.ts',
        "new Set(['SQLITE_IOERR', 'SQLITE_CORRUPT', 'SQLITE_NOTADB'])",
        'new Set()',
      ],
    ],
    tests: ['test/store/connection.test.ts'],
  },
  {
    name: 'a changed row is found by its checksum',
    edits: [
      ['src/store/sqlite/seal.ts', 'return row[SUM] !== sumOf(row);', 'return row[SUM] === undefined;'],
    ],
    only: 'a row that something else',
    tests: ['test/store/damage.test.ts'],
  },
  {
    name: 'a changed row is found when it is read',
    edits: [['src/store/sqlite/seal.ts', 'if (sum === undefined || sum === sumOf(row)', 'if (sum !== 0']],
    only: 'a row that something else',
    tests: ['test/store/damage.test.ts'],
  },
  {
    name: 'a rewritten journal is found by its chain',
    edits: [['src/store/sqlite/chain.ts', 'if (entry.hash !== hash)', 'if (entry.hash === undefined)']],
    only: 'the journal',
    tests: ['test/store/damage.test.ts'],
  },
  {
    name: 'an older copy of the store is refused',
    edits: [['src/store/sqlite/mark.ts', 'commits < known.commits', 'commits < 0']],
    only: 'a store that is not the one',
    tests: ['test/store/damage.test.ts'],
  },
  {
    name: 'an exchanged store is refused',
    edits: [['src/store/sqlite/mark.ts', 'known.id !== id', 'known.id === ""']],
    only: 'a store that is not the one',
    tests: ['test/store/damage.test.ts'],
  },
  {
    name: 'a file that vanishes under the service is seen before it acknowledges',
    edits: [['src/store/sqlite/identity.ts', 'if (changed !== undefined)', 'if (changed === "")']],
    only: 'a store that is damaged',
    tests: ['test/store/opening.test.ts'],
  },
  {
    name: 'one service has a store',
    edits: [['src/store/sqlite/file.ts', 'PRAGMA locking_mode = EXCLUSIVE', 'PRAGMA locking_mode = NORMAL']],
    only: 'a store in use',
    tests: ['test/store/opening.test.ts'],
  },
  {
    name: 'nobody is answered without the token',
    edits: [
      [
        'src/server/access/access.ts',
        'tokens.some((known) => timingSafeEqual(known, presented))',
        'tokens.length > 0',
      ],
    ],
    tests: ['test/server/auth.test.ts'],
  },
  {
    name: 'a caller may do no more than its roles',
    edits: [['src/server/access/guard.ts', '!caller.roles.has(needed)', 'caller.roles.size === 0']],
    tests: ['test/server/access.test.ts'],
  },
  {
    name: 'a signature is over id, time and body',
    edits: [
      [
        'src/server/access/signature.ts',
        'one.length === expected.length && timingSafeEqual(one, expected)',
        'one.length > 0',
      ],
    ],
    tests: ['test/server/access.test.ts'],
  },
  {
    name: 'a signature is of now',
    edits: [['src/server/access/signature.ts', '> WINDOW_MS) return null;', '> Infinity) return null;']],
    tests: ['test/server/access.test.ts'],
  },
  {
    name: 'a signed delivery has its effect once',
    edits: [['src/server/access/deliveries.ts', 'if (before === undefined) return', 'return']],
    tests: ['test/server/access.test.ts'],
  },
  {
    name: 'a cut policy file is no edit',
    edits: [['src/truncation.ts', 'if (bytes.length >= whole.length ||', 'if (bytes.length >= 0 ||']],
    tests: ['test/watch/truncation.test.ts'],
  },
  {
    name: 'without a token only this machine is answered',
    edits: [
      [
        'src/server/access/guard.ts',
        'isLoopback(request.hostname)) return ANYONE_HERE;',
        'request.hostname !== "") return ANYONE_HERE;',
      ],
    ],
    tests: ['test/server/auth.test.ts'],
  },
  {
    name: 'no key of a body poisons a prototype',
    edits: [['src/server/json.ts', "new Set(['__proto__', 'constructor', 'prototype'])", 'new Set()']],
    tests: ['test/server/json.test.ts'],
  },
  {
    name: 'a path of a condition sees own keys only',
    edits: [['src/engine/path.ts', '!Object.hasOwn(found, segment)', '!(segment in found)']],
    tests: ['test/engine/path.test.ts'],
  },
  {
    name: 'policies that do not load change nothing',
    edits: [['src/watch.ts', 'if (!result.ok) {', "if (!result.ok && result.problems[0]?.code === '') {"]],
    tests: ['test/watch/refusals.test.ts'],
  },
  {
    name: 'policies that all vanish change nothing',
    edits: [['src/watch.ts', 'if (before === 0 || policyCount(next) > 0)', 'if (before >= 0)']],
    tests: ['test/watch/refusals.test.ts', 'test/watch/saves.test.ts'],
  },
];

/** A copy of the project that guards can be taken out of. */
async function copyProject() {
  const folder = await mkdtemp(join(tmpdir(), 'rekindle-guards-'));
  for (const name of COPIED) await cp(join(ROOT, name), join(folder, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/**
 * Whether a test goes red without the guard.
 * @param {string} folder
 * @param {Guard} guard
 */
async function goesRed(folder, { name, edits, tests, only }) {
  const originals = new Map();
  for (const [file, text, without] of edits) {
    const path = join(folder, file);
    const source = await readFile(path, 'utf8');
    if (source.split(text).length !== 2) throw new Error(`${name}: ${file} does not hold once: ${text}`);
    if (!originals.has(path)) originals.set(path, source);
    await writeFile(
      path,
      source.replace(text, () => without),
    );
  }
  try {
    return (await failedTests(folder, only === undefined ? tests : [...tests, '-t', only])) > 0;
  } finally {
    for (const [path, source] of originals) await writeFile(path, source);
  }
}

/**
 * How many tests fail; files that cannot even be loaded are none.
 * @param {string} folder
 * @param {readonly string[]} tests what vitest is asked to run
 * @returns {Promise<number>}
 */
async function failedTests(folder, tests) {
  const report = join(folder, 'report.json');
  const args = [
    'vitest',
    'run',
    '--project',
    'unit',
    '--bail',
    '1',
    // What waits for what the guard would have brought about waits in vain.
    '--testTimeout=20000',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...tests,
  ];
  await rm(report, { force: true });
  await new Promise((done, fail) => {
    // What is tried without a guard is no figure of the project.
    const env = { ...process.env, REKINDLE_FIGURES: '' };
    spawn('npx', args, { cwd: folder, env, stdio: 'ignore' }).once('error', fail).once('exit', done);
  });
  const { numFailedTests } = JSON.parse(await readFile(report, 'utf8'));
  return numFailedTests;
}

const [only] = process.argv.slice(2);
const waiting = GUARDS.filter(({ name }) => only === undefined || name.includes(only)).filter(isTestable);

let found = 0;
const unnoticed = [];

/** @param {Guard} guard */
function isTestable({ name, needs }) {
  const canRun = needs === undefined || spawnSync(needs, ['--version']).status === 0;
  if (!canRun) console.log(`left out, for want of ${needs}: ${name}`);
  return canRun;
}

/** Takes one guard after the other from the list until it is empty. */
async function lane() {
  const folder = await copyProject();
  try {
    for (let guard = waiting.shift(); guard !== undefined; guard = waiting.shift()) {
      const red = await goesRed(folder, guard);
      if (red) found += 1;
      else unnoticed.push(guard.name);
      console.log(`${red ? 'red' : 'STILL GREEN'} without: ${guard.name}`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, lane));
console.log(`${found} guards cannot be taken away without a test going red, ${unnoticed.length} can`);
if (unnoticed.length > 0 || found === 0) process.exitCode = 1;
