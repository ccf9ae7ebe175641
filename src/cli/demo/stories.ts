import { renderRows, snapshotsOf, type Row } from './disk-table.js';
import type { Stage } from './stage.js';

/** Something that happens to a server, and what the policies make of it. */
export interface Story {
  readonly title: string;
  readonly server: string;
  /** What the reader is about to see, and why it is the interesting case. */
  readonly opening: string;
  play(stage: Stage, say: (text: string) => void): Promise<void>;
}

/** The alert names and thresholds are those of `policies/alerts.yaml`. */
export const overheating: Story = {
  title: 'A server overheats, then loses its power',
  server: 'web-1',
  opening:
    'A hot processor still computes correctly: memory saved while it overheats is worth having, and newer\n' +
    'than the last periodic snapshot. The restart should wake from the additional snapshot.',
  async play(stage, say) {
    const before = await beginning(stage, this.server, say);
    say('\n  web-1 gets hotter: three alerts with rising values.');
    for (const value of [86, 89, 93]) await sendAlert(stage, this.server, 'NodeTemperatureHigh', value);
    await another(stage, this.server, before, say);
    say('\n  The power of web-1 fails.');
    await stage.rack.apply({ kind: 'power-cut', machine: 'web-1' });
    await stage.post('/v1/failures', { server: this.server, cause: 'power' });
    await ending(stage, this.server, say);
  },
};

export const leaking: Story = {
  title: 'A server leaks memory, then hangs',
  server: 'db-1',
  opening:
    'Here the newest snapshot is the wrong one: its memory already holds the leak. The restart should wake\n' +
    'from the periodic snapshot before the first symptom.',
  async play(stage, say) {
    const before = await beginning(stage, this.server, say);
    say('\n  db-1 begins to leak; alerts follow.');
    await stage.rack.apply({ kind: 'mark-memory', machine: 'db-1', mark: 'leak' });
    for (const value of [88, 93, 97]) await sendAlert(stage, this.server, 'HighMemoryGrowth', value);
    await another(stage, this.server, before, say);
    say('\n  db-1 hangs.');
    await stage.rack.apply({ kind: 'panic', machine: 'db-1' });
    await stage.post('/v1/failures', { server: this.server, cause: 'hang' });
    await ending(stage, this.server, say);
  },
};

async function beginning(stage: Stage, server: string, say: (text: string) => void): Promise<readonly Row[]> {
  const rows = await stage.until(
    () => snapshotsOf(stage, server),
    (found) => found.length > 0,
    `the periodic snapshot of ${server}`,
  );
  say(`  The disk table of ${server} before:\n${renderRows(rows)}`);
  return rows;
}

async function another(
  stage: Stage,
  server: string,
  before: readonly Row[],
  say: (text: string) => void,
): Promise<void> {
  const rows = await stage.until(
    () => snapshotsOf(stage, server),
    (found) => found.length > before.length,
    `the additional snapshot of ${server}`,
  );
  say(`\n  The disk table of ${server} now:\n${renderRows(rows)}`);
}

/** What the rack itself says about where the server runs and what it remembers. */
async function ending(stage: Stage, server: string, say: (text: string) => void): Promise<void> {
  const [machine = ''] = await stage.until(
    () => stage.rack.machinesRunning(server),
    (machines) => machines.some((name) => name !== server),
    `the takeover of ${server}`,
  );
  await stage.until(
    () => snapshotsOf(stage, server),
    (rows) => rows.some((row) => row.condition === 'after-takeover'),
    `the snapshot after the takeover of ${server}`,
  );
  const rows = await snapshotsOf(stage, server);
  say(`\n  The disk table of ${server} after:\n${renderRows(rows)}`);
  say(`\n  ${await wokenFrom(stage, server, machine, rows)}`);
}

/** Compares what the backup has in memory with what each snapshot holds: content, not records. */
async function wokenFrom(
  stage: Stage,
  server: string,
  machine: string,
  rows: readonly Row[],
): Promise<string> {
  const memory = await stage.rack.memoryOf(machine);
  const held = await Promise.all(
    rows
      .filter((row) => row.condition !== 'after-takeover')
      .map(async (row) => ({ row, saved: (await stage.rack.snapshotOf(row.drive, row.id))?.memory ?? null })),
  );
  const marks = memory?.marks.join(' ');
  const source = held.findLast(
    ({ saved }) =>
      saved !== null &&
      saved.boot === memory?.boot &&
      saved.ticks <= memory.ticks &&
      saved.marks.join(' ') === marks,
  );
  const leak = memory?.marks.includes('leak') ? 'The leak is in it.' : 'No leak is in it.';
  return (
    `${server} runs on ${machine}. Its memory is that of the snapshot taken because of ` +
    `${source?.row.condition ?? 'nothing known'}, ${memory?.ticks ?? 0} ticks old by now. ${leak}`
  );
}

async function sendAlert(stage: Stage, server: string, alertname: string, value: number): Promise<void> {
  await stage.post('/v1/alerts', { server, labels: { alertname }, value });
}
