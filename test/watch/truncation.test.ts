import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadPolicySet } from '../../src/engine/load.js';
import type { SourceFile } from '../../src/engine/problem.js';
import { DRIVER_CATALOGUE } from '../../src/hw/drivers.js';
import { cutFiles } from '../../src/truncation.js';
import { figure } from '../support/figures.js';
import { contentsOf, newRig, rejected } from './rig.js';

const FOLDER = new URL('../../policies/', import.meta.url);
/** The files that decide; the others are their tests. */
const DECIDING = ['alerts.yaml', 'inventory.yaml', 'placement.yaml', 'restarts.yaml', 'schedules.yaml'];

const shipped = readdirSync(FOLDER).map((name): SourceFile => ({
  path: `policies/${name}`,
  name,
  bytes: readFileSync(new URL(name, FOLDER)),
}));

let prefixes = 0;

afterAll(() => {
  figure(`prefixes of ${DECIDING.length} policy files: ${prefixes}`);
});

describe('a policy file that is cut off', () => {
  it.each(DECIDING)('at any byte is not taken for an edit: %s', (name) => {
    const whole = shipped.find((file) => file.name === name);
    if (whole === undefined) throw new Error(`${name} is not there`);
    const accepted: number[] = [];
    for (let length = 0; length < whole.bytes.length; length += 1) {
      prefixes += 1;
      const cut = { ...whole, bytes: whole.bytes.subarray(0, length) };
      const files = shipped.map((file) => (file === whole ? cut : file));
      if (cutFiles(shipped, files).length === 0) accepted.push(length);
    }
    // All that may be missing is the line feed at the end.
    expect(accepted).toEqual([whole.bytes.length - 1]);
  });

  it('would load in some places, as less than it was', () => {
    const alerts = shipped.find((file) => file.name === 'alerts.yaml');
    const text = Buffer.from(alerts?.bytes ?? []).toString();
    const cut = Buffer.from(text.slice(0, text.lastIndexOf('---')));
    const files = shipped
      .filter(({ name }) => DECIDING.includes(name))
      .map((file) => (file === alerts ? { ...file, bytes: cut } : file));
    const loaded = loadPolicySet(files, DRIVER_CATALOGUE);
    expect(loaded.ok).toBe(true);
    expect(cutFiles(shipped, files).map(({ code }) => code)).toEqual(['POLICY_INCOMPLETE']);
  });

  it('keeps the running set deciding, until somebody asks for a reload', async () => {
    const rig = await newRig();
    await rig.put('inventory.yaml', 'rack');
    await rig.put('a.yaml', 'one and the rest');
    const watcher = await rig.watch();
    const before = watcher.current();
    await rig.eventsSeen('b.yaml');

    await writeFile(join(rig.folder, 'a.yaml'), 'one and');
    await rig.told(rejected);
    expect(watcher.status().problems).toMatchObject([{ code: 'POLICY_INCOMPLETE', line: 1, column: 8 }]);
    expect(contentsOf(watcher.current())).toContain('one and the rest');
    expect(contentsOf(before)).toContain('one and the rest');

    expect((await watcher.reload()).lastAttemptOk).toBe(true);
    expect(contentsOf(watcher.current())).not.toContain('the rest');
  });
});
