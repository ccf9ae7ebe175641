/**
 * The method on two real QEMU machines: brings them up, tells the story with the times that were measured, and takes
 * everything down again.
 *
 *     npm run example:qemu              all three, one after the other
 *     npm run example:qemu -- up        only brings up; then look around, edit policies/, pull plugs
 *     npm run example:qemu -- story     the story, on what is up
 *     npm run example:qemu -- down      takes down, whatever there is
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The inventory names this folder. */
const PLACE = '/tmp/rekindle-example';
const STATE = join(PLACE, 'state');
const LOG = join(PLACE, 'service.log');
const PID = join(PLACE, 'service.pid');
const POLICIES = join(import.meta.dirname, 'policies');
const REKINDLE = join(import.meta.dirname, '../../dist/bin/rekindle.js');
const URL = 'http://127.0.0.1:7412';
const SERVERS = ['web-1', 'db-1'];
const DISK_BYTES = 64 * 2 ** 20;
const PATIENCE_MS = 120_000;

const STEPS = {
  1: 'receive an alert',
  2: 'decide what it means',
  3: 'order a snapshot',
  4: 'on another drive',
  5: 'record it',
  6: 'extract the drives',
  7: 'select one',
  8: 'start the backup',
};

const [command = 'all'] = process.argv.slice(2);
const commands = { up, story, down, all };
if (!Object.hasOwn(commands, command)) {
  console.error(`there is no ${command}: up, story, down, or nothing for all three`);
  process.exit(2);
}
await commands[command]();

async function all() {
  try {
    await up();
    await story();
  } finally {
    await down();
  }
}

async function up() {
  if (existsSync(PLACE)) throw new Error(`${PLACE} is there already: npm run example:qemu -- down`);
  say(
    'Building the guest: a Linux kernel and one program that keeps the same table in memory and on its disk.',
  );
  const guest = JSON.parse(execFileSync(process.execPath, [join(import.meta.dirname, 'guest/build.mjs')]));
  for (const name of ['web-1-disk', 'db-1-disk', 'snap-1', 'snap-2', 'snap-3'])
    mkdirSync(join(PLACE, 'drives', name), { recursive: true, mode: 0o700 });
  copyFileSync(guest.kernel, join(PLACE, 'kernel'));
  copyFileSync(guest.initrd, join(PLACE, 'initrd'));
  for (const server of SERVERS)
    execFileSync('qemu-img', [
      'create',
      '-q',
      join(PLACE, 'drives', `${server}-disk`, 'disk.img'),
      String(DISK_BYTES),
    ]);

  show('rekindle', ['validate', '--probe', POLICIES]);
  for (const server of SERVERS) {
    const began = performance.now();
    show('rekindle', ['power', 'on', server, '--policies', POLICIES, '--state-dir', STATE]);
    await untilConsole(server, /^tick /m);
    say(`${server} works, ${seconds(performance.now() - began)} after it was switched on: a cold boot.`);
    writeFileSync(join(PLACE, `boot-${server}`), String(Math.round(performance.now() - began)));
  }
  const log = openSync(LOG, 'a');
  const args = ['run', '--policies', POLICIES, '--state-dir', STATE, '--port', new globalThis.URL(URL).port];
  say(`\n$ rekindle ${args.join(' ')} &`);
  const service = spawn(process.execPath, [REKINDLE, ...args], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  service.unref();
  writeFileSync(PID, String(service.pid));
  await until(
    () => get('/readyz'),
    (ready) => ready !== null,
    'the service',
  );
  say(`The service runs (pid ${service.pid}, log ${LOG}, ${URL}).`);
}

async function story() {
  let from = await scene('The schedule: each server gets its first snapshot at once.', async () => {
    for (const server of SERVERS) await snapshotsOf(server, 1);
  });
  const [previous] = await snapshotsOf('web-1', 1);

  from = await scene(
    'web-1 gets hot. An alert says so.',
    async () => {
      await post('/v1/alerts', { server: 'web-1', labels: { alertname: 'NodeTemperatureHigh' }, value: 91 });
      await snapshotsOf('web-1', 2);
    },
    from,
  );
  const additional = (await snapshotsOf('web-1', 2)).find(({ condition }) => condition === 'overheating');
  say(`The previous snapshot stays on ${previous.drive}; the additional one is on ${additional.drive}.`);
  for (const taken of [previous, additional]) describe(taken);

  say('\nThe policy of web-1 says standby: armed, so the backup loads what it would wake.');
  await until(
    () => launchOf('spare-1'),
    (launch) => launch?.snapshot === additional.id && launch.pid !== null,
    'a backup that is armed',
  );
  await until(
    () => readFileSync(LOG, 'utf8'),
    (text) => text.includes(`holds ready ${additional.id}`),
    'the news of it',
  );
  say(`spare-1 holds ${additional.id} ready.`);

  const ticks = lastTick('web-1');
  let wokenMs = 0;
  await scene(
    `web-1 has come to tick ${ticks}. Its QEMU gets kill -9. Nobody reports that.`,
    async () => {
      const began = performance.now();
      process.kill(launchOf('web-1').pid, 'SIGKILL');
      await untilConsole('spare-1', /^tick /m);
      wokenMs = performance.now() - began;
      await until(
        () => get('/v1/status'),
        ({ servers }) => isUpOn(servers, 'web-1', 'spare-1'),
        'web-1 on spare-1',
      );
    },
    from,
  );
  const woken = await untilConsole('spare-1', /^check \d+ bad 0$/m);
  const first = Number(/^tick (\d+)/m.exec(woken)[1]);
  const disagreements = woken.split('\n').filter((line) => line.startsWith('disagree')).length;
  const coldMs = Number(readFileSync(join(PLACE, 'boot-web-1'), 'utf8'));
  say(
    `From kill -9 to the first word of web-1 on spare-1: ${seconds(wokenMs)}. A cold boot took ${seconds(coldMs)}.`,
  );
  say(
    `It goes on at tick ${first}, where the snapshot was taken. Memory and disk disagree in ${disagreements} places.`,
  );
  if (disagreements > 0) process.exitCode = 1;

  show('rekindle', ['disks', '--url', URL]);
  show('rekindle', ['history', '--url', URL]);
}

async function down() {
  if (!existsSync(PLACE)) return;
  say('\nTaking everything down.');
  await stopService();
  for (const machine of existsSync(join(STATE, 'qemu/machines'))
    ? readdirSync(join(STATE, 'qemu/machines'))
    : [])
    show('rekindle', ['power', 'off', machine, '--policies', POLICIES, '--state-dir', STATE]);
  rmSync(PLACE, { recursive: true });
}

async function stopService() {
  const pid = existsSync(PID) ? Number(readFileSync(PID, 'utf8')) : 0;
  // The number may belong to somebody else by now.
  const isOurs = () => pid > 0 && commandLineOf(pid).includes(STATE);
  if (isOurs()) process.kill(pid, 'SIGTERM');
  await until(
    () => isOurs(),
    (there) => !there,
    'the end of the service',
  );
}

function commandLineOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Lets something happen, then shows what the service has said about web-1 meanwhile. Answers where its log ends. */
async function scene(title, play, from = 0) {
  say(`\n${title}\n`);
  await play();
  const text = readFileSync(LOG, 'utf8');
  for (const line of text
    .slice(from)
    .split('\n')
    .filter((one) => one.startsWith('{'))) {
    const { methodStep, server, msg } = JSON.parse(line);
    if (methodStep !== undefined && server === 'web-1')
      say(`  ${`[${methodStep} ${STEPS[methodStep]}]`.padEnd(26)} ${msg}`);
  }
  say('');
  return text.length;
}

function describe({ id, drive, condition }) {
  const folder = join(PLACE, 'drives', drive, 'rekindle');
  const { pausedMs, memory, layers, mode } = JSON.parse(
    readFileSync(join(folder, 'snapshots', id, 'manifest.json'), 'utf8'),
  );
  const disk = statSync(join(folder, 'layers', layers.at(-1).file)).blocks * 512;
  say(
    `  ${id} (${condition}) on ${drive}: ${mib(memory.bytes)} of memory, ${mib(disk)} of disk, paused ${pausedMs} ms (${mode})`,
  );
}

/** The complete snapshots of a server, once there are so many. */
async function snapshotsOf(server, count) {
  const { items } = await until(
    () => get('/v1/snapshots'),
    (answer) =>
      answer.items.filter((one) => one.server === server && one.state === 'complete').length >= count,
    `${count} snapshots of ${server}`,
  );
  return items.filter((one) => one.server === server && one.state === 'complete');
}

function isUpOn(servers, name, machine) {
  return servers.some((row) => row.name === name && row.machine === machine && row.state === 'up');
}

/** What was last started on a machine; null when nothing was. */
function launchOf(machine) {
  const file = join(STATE, 'qemu/machines', machine, 'launch.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

function consoleOf(machine) {
  const launch = launchOf(machine);
  const file = launch && join(STATE, 'qemu/machines', machine, launch.launch, 'console.log');
  return file && existsSync(file) ? readFileSync(file, 'utf8').replaceAll('\r', '') : '';
}

function lastTick(machine) {
  return Number([...consoleOf(machine).matchAll(/^tick (\d+)/gm)].at(-1)[1]);
}

function untilConsole(machine, pattern) {
  return until(
    () => consoleOf(machine),
    (text) => pattern.test(text),
    `${machine} to say ${pattern}`,
    5,
  );
}

async function until(ask, fits, what, everyMs = 50) {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(everyMs)) {
    const answer = await ask();
    if (fits(answer)) return answer;
  }
  throw new Error(`waited ${PATIENCE_MS / 1000} s in vain for ${what}; the log of the service is ${LOG}`);
}

async function get(path) {
  try {
    const response = await fetch(`${URL}${path}`);
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

async function post(path, body) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${URL}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
}

/** Runs a command as a person would, and shows what it prints. */
function show(program, args) {
  say(`\n$ ${program} ${args.join(' ')}`);
  execFileSync(process.execPath, [REKINDLE, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
}

function say(text) {
  console.log(text);
}

function seconds(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function mib(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
