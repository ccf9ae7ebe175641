import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createDrivers, rackFile } from '../../src/hw/drivers.js';
import { openHardware } from '../../src/hw/index.js';
import { createRackControl, FAULT_NAMES, fileRack, type RackState } from '../../src/hw/sim/index.js';
import { fixturePolicies } from './fake-service.js';
import { fakeTerminal, golden, NOW_MS, rekindle } from './harness.js';

/** The state folder of a service that runs on the inventory of the fixtures. */
async function stateDir(): Promise<string> {
  const folder = await emptyFolder();
  const { inventory } = await fixturePolicies();
  const { clock } = fakeTerminal();
  const hardware = openHardware(inventory, createDrivers({ stateDir: folder, clock }));
  await hardware.storage('d1').status(AbortSignal.timeout(5_000));
  await hardware.close();
  return folder;
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rekindle-rack-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function rackOf(folder: string): Promise<RackState> {
  const { clock } = fakeTerminal({ nowMs: NOW_MS + 1_000 });
  return createRackControl(fileRack({ file: rackFile(folder), clock })).state();
}

/** Some seconds after the rack was set up. */
const LATER = { nowMs: NOW_MS + 5_000 };

describe('rekindle rack', () => {
  it('shows machines, what runs on them, and drives', async () => {
    const folder = await stateDir();
    const { code, out } = await rekindle(['rack', '--state-dir', folder], LATER);
    await expect(out).toMatchFileSnapshot(golden('rack.txt'));
    expect(code).toBe(0);
  });

  it('shows what has gone wrong', async () => {
    const folder = await stateDir();
    for (const deed of [
      ['power-cut', 'spare-1'],
      ['panic', 'web-1'],
      ['fail-drive', 'd1'],
      ['fault', 'd2', 'slow=4*2'],
      ['fill-drive', 'd3', '1Gi'],
    ]) {
      const { code, err } = await rekindle(['rack', ...deed, '--state-dir', folder], LATER);
      expect({ code, err }).toEqual({ code: 0, err: '' });
    }
    const { out } = await rekindle(['rack', '--state-dir', folder], { nowMs: NOW_MS + 65_000 });
    await expect(out).toMatchFileSnapshot(golden('rack-broken.txt'));
  });

  it('prints everything as JSON', async () => {
    const folder = await stateDir();
    const { out } = await rekindle(['rack', '--state-dir', folder, '--format', 'json'], LATER);
    expect(JSON.parse(out)).toMatchObject({ format: 'rekindle-rack/1' });
  });

  it('brings the power back and lets the server boot', async () => {
    const folder = await stateDir();
    await rekindle(['rack', 'power-cut', 'web-1', '--state-dir', folder], LATER);
    await rekindle(['rack', 'power-restore', 'web-1', '--state-dir', folder], LATER);
    const machine = (await rackOf(folder)).machines.find(({ name }) => name === 'web-1');
    expect(machine).toMatchObject({ mains: true, power: { is: 'on', guest: { server: 'web-1' } } });
  });

  it('takes what misbehaves back to normal', async () => {
    const folder = await stateDir();
    await rekindle(['rack', 'fault', 'web-1', 'off-ignored', '--state-dir', folder], LATER);
    const before = (await rackOf(folder)).machines.find(({ name }) => name === 'web-1')?.faults;
    await rekindle(['rack', 'clear', 'web-1', '--state-dir', folder], LATER);
    const after = (await rackOf(folder)).machines.find(({ name }) => name === 'web-1')?.faults;
    expect([before?.map(({ name }) => name), after]).toEqual([['off-ignored'], []]);
  });

  it.each([
    [['power-cut', 'nobody'], 1, 'the simulated rack has no nobody'],
    [['powr-cut', 'web-1'], 2, 'did you mean power-cut?'],
    [['fault', 'web-1', 'off-ignore'], 2, 'did you mean off-ignored?'],
    [['fault', 'd1', 'off-ignored'], 1, 'cannot be set on the drive d1'],
    [['fill-drive', 'd1', 'much'], 2, 'is no size'],
    [['power-cut'], 2, "missing required argument 'machine'"],
  ] as const)('refuses %j', async (deed, exitCode, says) => {
    const folder = await stateDir();
    const before = await rackOf(folder);
    const { code, out, err } = await rekindle(['rack', ...deed, '--state-dir', folder]);
    expect({ code, out }).toEqual({ code: exitCode, out: '' });
    expect(err).toContain(says);
    expect(await rackOf(folder)).toEqual(before);
  });

  it('makes no rack where there is none', async () => {
    const folder = join(await emptyFolder(), 'nothing');
    const { code, err } = await rekindle(['rack', '--state-dir', folder]);
    expect(code).toBe(1);
    expect(err).toContain('holds no simulated rack');
    expect(existsSync(folder)).toBe(false);
  });

  it('lists every way to misbehave', async () => {
    const { code, out } = await rekindle(['rack', 'faults']);
    expect(code).toBe(0);
    for (const name of FAULT_NAMES) expect(out).toMatch(new RegExp(`^${name} `, 'm'));
  });
});
