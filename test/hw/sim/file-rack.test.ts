import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { wallClock, type Clock } from '../../../src/clock.js';
import { createRackControl, fileRack, simDriver, type RackControl } from '../../../src/hw/sim/index.js';
import { contractEntries } from '../contract-entries.js';
import { prepareChildren, type RackChildren } from './child.js';

describe('a rack in a file', () => {
  let directory: string;
  let file: string;
  let control: RackControl;
  let children: RackChildren;

  beforeAll(() => {
    children = prepareChildren();
  });
  afterAll(() => {
    children.close();
  });
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rekindle-rack-'));
    file = join(directory, 'rack.json');
    const holder = fileRack({ file, clock: wallClock });
    control = createRackControl(holder);
    const { active, bystander, backup, drives } = contractEntries();
    const entries = { machines: [active, bystander, backup], drives };
    await simDriver({ holder, clock: wallClock }).open(entries).close();
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const progress = async (through: RackControl): Promise<string | undefined> => {
    const drive = (await through.state()).drives.find(({ name }) => name === 'd1');
    return drive?.snapshots[0]?.progress.is;
  };
  const marks = async (): Promise<readonly string[]> => (await control.memoryOf('web-1'))?.marks ?? [];

  it('is found again by another holder', async () => {
    await control.apply({ kind: 'mark-memory', machine: 'web-1', mark: 'here' });
    const other = createRackControl(fileRack({ file, clock: wallClock }));
    expect((await other.memoryOf('web-1'))?.marks).toEqual(['here']);
  });

  it('keeps what many callers of one process do at once', async () => {
    const other = createRackControl(fileRack({ file, clock: wallClock }));
    const numbers = Array.from({ length: 40 }, (_, index) => String(index));
    await Promise.all(
      numbers.map((mark, index) =>
        (index % 2 === 0 ? control : other).apply({ kind: 'mark-memory', machine: 'web-1', mark }),
      ),
    );
    expect([...(await marks())].sort()).toEqual([...numbers].sort());
  });

  it('keeps what several processes do at once', async () => {
    const running = [1, 2, 3].map(() => children.start(file, 'mark', 40));
    expect(await Promise.all(running.map(({ ended }) => ended))).toEqual([0, 0, 0]);
    const found = await marks();
    for (const { pid } of running) {
      const ofChild = found.filter((mark) => mark.startsWith(`${pid}/`));
      expect(ofChild).toEqual(Array.from({ length: 40 }, (_, index) => `${pid}/${index + 1}`));
    }
    expect(found).toHaveLength(120);
  });

  it('goes on without a process that was killed while it had the rack', async () => {
    const child = children.start(file, 'hang');
    await child.said((lines) => lines.includes('inside'));
    await child.kill();
    expect(readdirSync(directory)).toHaveLength(2);
    await control.apply({ kind: 'mark-memory', machine: 'web-1', mark: 'after' });
    expect(await marks()).toEqual(['after']);
    expect(readdirSync(directory)).toEqual(['rack.json']);
  });

  it('waits for a process that has the rack and lives', async () => {
    const child = children.start(file, 'hang');
    await child.said((lines) => lines.includes('inside'));
    let done = false;
    const marked = control.apply({ kind: 'mark-memory', machine: 'web-1', mark: 'late' }).then(() => {
      done = true;
    });
    await wallClock.sleep(100);
    expect(done).toBe(false);
    await child.kill();
    await marked;
    expect(await marks()).toEqual(['late']);
  });

  it('gives up on a process that has the rack and does not let go', async () => {
    const child = children.start(file, 'hang');
    await child.said((lines) => lines.includes('inside'));
    let nowMs = 0;
    const hurried: Clock = {
      ...wallClock,
      monotonic: () => nowMs,
      sleep: async () => {
        nowMs += 1_000;
      },
    };
    const impatient = createRackControl(fileRack({ file, clock: hurried }));
    await expect(impatient.state()).rejects.toMatchObject({ code: 'no-answer', subject: file });
  });

  it.each([1, 2, 3, 5, 8])(
    'holds all that was acknowledged when its writer is killed after %i',
    async (count) => {
      const child = children.start(file, 'mark', 100_000);
      await child.said((lines) => lines.length >= count);
      const acknowledged = await child.kill();
      const found = await marks();
      expect(found.length).toBeGreaterThanOrEqual(acknowledged.length);
      expect(found).toEqual(found.map((_, index) => `${child.pid}/${index + 1}`));
    },
  );

  it('finishes the snapshot whose caller was killed', async () => {
    const child = children.start(file, 'snapshot');
    await child.said((lines) => lines.includes('begun'));
    await child.kill();
    await control.apply({ kind: 'mark-memory', machine: 'web-1', mark: 'later' });
    expect(await progress(control)).toBe('writing');
    const hourLater: Clock = { ...wallClock, now: () => wallClock.now() + 3_600_000 };
    expect(await progress(createRackControl(fileRack({ file, clock: hourLater })))).toBe('complete');
    expect((await control.snapshotOf('d1', 's-1'))?.memory?.marks).toEqual([]);
  });

  it('is not held by a later process with the number of a dead one', async () => {
    writeFileSync(`${file}.lock.${process.ppid}.1.0`, '');
    await control.apply({ kind: 'mark-memory', machine: 'web-1', mark: 'here' });
    expect(readdirSync(directory)).toEqual(['rack.json']);
  });

  it.each([
    ['no JSON', '{"format":'],
    ['something else', '{"format":"another"}'],
    ['nothing', ''],
  ])('refuses a file that holds %s, and leaves it alone', async (_, text) => {
    writeFileSync(file, text);
    await expect(control.state()).rejects.toMatchObject({ code: 'unclear', subject: file });
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(readdirSync(directory)).toEqual(['rack.json']);
  });

  it('does not touch the file when nothing has changed', async () => {
    const before = statSync(file).ino;
    await control.memoryOf('web-1');
    await control.state();
    expect(statSync(file).ino).toBe(before);
  });
});
