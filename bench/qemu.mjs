/**
 * Snapshots and restarts of a QEMU machine: ours beside the bare QMP sequence driven by a minimal script, on the same
 * guest and in one run. Figures are medians; what counts are the ratios.
 *
 *     npm run bench:qemu [-- --json] [--runs N]
 *
 * Snapshots are taken of one server by turns, ours by the driver. Restarts begin with a SIGKILL of the server's QEMU
 * and end with the first line that the guest says; ours go through the whole service: noticed, decided, journaled,
 * fenced, disconnected, verified by checksum. REKINDLE_QEMU and REKINDLE_QEMU_IMG choose another QEMU.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bareLoad, bareSnapshot, bareStart, openQmp } from './qemu/bare.mjs';
import { bareArguments, createWorld, DISK_BYTES, startService } from './qemu/ours.mjs';
import { median, tool, untilConsole } from './qemu/tools.mjs';
import { setTimeout as sleep } from 'node:timers/promises';

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, runs: { type: 'string', default: '5' } },
});
const RUNS = Number(values.runs);
const SNAPSHOTS_PER_RUN = 3;
/** The first line of a guest that works: not those of a kernel that boots. */
const TICK = /^tick /m;

const snapshots = await measureSnapshots();
const restarts = await measureRestarts();
report();

async function measureSnapshots() {
  const world = await createWorld();
  const rows = { ours: [], bare: [] };
  let qemu = '';
  let mode = '';
  try {
    const folder = join(world.folder, 'bare');
    mkdirSync(folder);
    // One more than is counted: the first goes to an empty drive.
    for (let run = 0; run <= RUNS * SNAPSHOTS_PER_RUN; run += 1) {
      const ours = await world.snapshot(`s${run}`, 'd1');
      ({ qemu, mode } = ours);
      const layer = ours.manifest.layers.at(-1).file;
      const diskBytes = statSync(join(world.folder, 'd1/rekindle/layers', layer)).blocks * 512;
      rows.ours.push({ ...ours, diskBytes });
      const qmp = await openQmp(world.monitorOf('web-1', 'guard'));
      const background = mode === 'background';
      const order = { folder, name: `s${run}`, background, diskBytes: DISK_BYTES, first: run === 0 };
      rows.bare.push(await bareSnapshot(qmp, order));
      qmp.close();
    }
  } finally {
    await world.close();
  }
  return { qemu, mode, ours: rows.ours, bare: rows.bare };
}

async function measureRestarts() {
  const rows = { resumed: [], bareResumed: [], armed: [], bareArmed: [], bareCold: [], peakMiB: [] };
  for (let run = 0; run < RUNS; run += 1) {
    const plain = await restartOurs('none');
    rows.resumed.push(plain.tookMs);
    rows.peakMiB.push(plain.peakMiB);
    rows.armed.push((await restartOurs('armed')).tookMs);
    rows.bareResumed.push(await restartBare('resumed'));
    rows.bareArmed.push(await restartBare('armed'));
    rows.bareCold.push(await restartBare('cold'));
  }
  return rows;
}

async function restartOurs(standby) {
  const world = await createWorld({ standby });
  const service = await startService(world);
  try {
    await service.snapshot(1);
    if (standby === 'armed') await untilArmed(world);
    else await sleep(500);
    const began = performance.now();
    process.kill(world.pidOf('web-1'), 'SIGKILL');
    await untilWoken(world);
    return { tookMs: performance.now() - began, peakMiB: service.peakMiB() };
  } finally {
    await service.stop();
    await world.close();
  }
}

async function untilArmed(world) {
  for (;;) {
    try {
      const { phase, pid } = world.recordOf('spare-1');
      if (phase === 'armed' && pid !== null) break;
    } catch {
      // Nothing was started there yet.
    }
    await sleep(20);
  }
  await sleep(1_000);
}

async function untilWoken(world) {
  for (;;) {
    try {
      return await untilConsole(world.consoleOf('spare-1'), TICK);
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      await sleep(2);
    }
  }
}

async function restartBare(how) {
  const world = await createWorld();
  const started = [];
  const start = (name, disk, more) => {
    const machine = bareStart({ folder: world.folder, name, args: bareArguments(), disk, ...more });
    started.push(machine.child);
    return machine;
  };
  try {
    const qmp = await openQmp(world.monitorOf('web-1', 'guard'));
    const { mode } = snapshots;
    const order = { folder: world.folder, name: 'bare', background: mode === 'background' };
    const taken = await bareSnapshot(qmp, { ...order, diskBytes: DISK_BYTES, first: true });
    const image = join(world.folder, 'run.qcow2');
    const overlay = () =>
      execFileSync(tool.img, ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', taken.disk, image]);
    const load = async () => {
      overlay();
      const machine = start('spare', image, { incoming: true });
      const control = await openQmp(machine.qmpPath);
      await bareLoad(control, taken.memory);
      return { ...machine, control };
    };
    const held = how === 'armed' ? await load() : null;
    await sleep(500);
    const began = performance.now();
    process.kill(world.pidOf('web-1'), 'SIGKILL');
    await qmp.closed;
    if (how === 'cold') {
      const machine = start('spare', join(world.folder, 'disk-1/disk.img'), { format: 'raw' });
      await untilConsole(machine.console, TICK);
    } else {
      const machine = held ?? (await load());
      await machine.control.execute('cont');
      await untilConsole(machine.console, TICK);
    }
    return performance.now() - began;
  } finally {
    for (const child of started) child.kill('SIGKILL');
    await world.close();
  }
}

function report() {
  const later = ({ ours, bare }) => ({ ours: ours.slice(1), bare: bare.slice(1) });
  const of = (rows, key) => median(rows.map((row) => row[key]));
  const both = later(snapshots);
  const cold = median(restarts.bareCold);
  const figures = {
    qemu: snapshots.qemu,
    mode: snapshots.mode,
    runs: RUNS,
    snapshot: compare(of(both.ours, 'tookMs'), of(both.bare, 'tookMs'), 'ms'),
    pause: compare(of(both.ours, 'pausedMs'), of(both.bare, 'pausedMs'), 'ms'),
    firstCopy: compare(snapshots.ours[0].diskBytes / 2 ** 20, snapshots.bare[0].diskBytes / 2 ** 20, 'MiB'),
    laterCopy: compare(of(both.ours, 'diskBytes') / 2 ** 20, of(both.bare, 'diskBytes') / 2 ** 20, 'MiB'),
    resumed: {
      ...compare(median(restarts.resumed), median(restarts.bareResumed), 'ms'),
      ofCold: round(median(restarts.resumed) / cold),
    },
    armed: {
      ...compare(median(restarts.armed), median(restarts.bareArmed), 'ms'),
      ofCold: round(median(restarts.armed) / cold),
    },
    cold: { bare: Math.round(cold), unit: 'ms' },
    serviceMiB: Math.round(Math.max(...restarts.peakMiB)),
  };
  if (values.json) {
    console.log(JSON.stringify(figures, null, 2));
    return;
  }
  const line = (what, { ours, bare, ratio, unit, ofCold }) => {
    const share = ofCold === undefined ? '' : `   ${ofCold} of a cold boot`;
    console.log(
      `${what.padEnd(26)}${`${ours} ${unit}`.padStart(12)}${`${bare} ${unit}`.padStart(12)}${String(ratio).padStart(8)}${share}`,
    );
  };
  console.log(`QEMU ${figures.qemu}, memory saved in mode ${figures.mode}, medians of ${RUNS} runs\n`);
  console.log(`${''.padEnd(26)}${'ours'.padStart(12)}${'bare QMP'.padStart(12)}${'ratio'.padStart(8)}`);
  line('snapshot', figures.snapshot);
  line('server paused', figures.pause);
  line('disk copied, first time', figures.firstCopy);
  line('disk copied, later', figures.laterCopy);
  line('kill -> awake, resumed', figures.resumed);
  line('kill -> awake, armed', figures.armed);
  console.log(`${'kill -> awake, cold boot'.padEnd(38)}${`${figures.cold.bare} ms`.padStart(12)}`);
  console.log(`\nmemory of the service: ${figures.serviceMiB} MiB at most`);
}

function compare(ours, bare, unit) {
  return { ours: round(ours), bare: round(bare), ratio: round(ours / bare), unit };
}

function round(value) {
  return value >= 10 ? Math.round(value * 10) / 10 : Math.round(value * 1000) / 1000;
}
