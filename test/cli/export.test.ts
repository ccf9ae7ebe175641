import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EngineEvent } from '../../src/engine/event.js';
import { alert, failure, retentionDue, scheduleDue, snapshotOrder } from '../engine/support/events.js';
import { startFake } from './fake-service.js';
import { FIXTURES, NOW_MS, rekindle } from './harness.js';

const EVENTS: readonly EngineEvent[] = [
  scheduleDue(0),
  retentionDue(1),
  alert(2, { annotations: { text: 'two\nlines' } }),
  snapshotOrder(3, { drive: 'd1' }),
  failure(4),
];

async function serviceWith(events: readonly EngineEvent[]): Promise<string> {
  const { url, administration } = await startFake();
  administration.stored.push(...events);
  return url;
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'rekindle-export-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

describe('rekindle history --export', () => {
  it('writes a header, then each event as it was accepted', async () => {
    const { code, out } = await rekindle(['history', '--export', '--url', await serviceWith(EVENTS)]);
    const [header, ...events] = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(code).toBe(0);
    expect(header).toEqual({
      format: 'rekindle-history',
      version: 1,
      program: '0.0.0',
      policyRevision: 'sha256:0',
      exportedAt: new Date(NOW_MS).toISOString(),
      events: 5,
      state: null,
    });
    expect(events).toEqual(EVENTS);
  });

  it('goes on until the last page', async () => {
    const many = Array.from({ length: 2_000 }, (_, index) => alert(index));
    const { out } = await rekindle(['history', '--export', '--url', await serviceWith(many)]);
    expect(out.trim().split('\n')).toHaveLength(2_001);
  });

  it('is what rekindle diff reads', async () => {
    const url = await serviceWith(EVENTS);
    const cwd = await folder();
    const written = await rekindle(['history', '--export', 'history.ndjson', '--url', url], { cwd });
    expect(written).toMatchObject({ code: 0, out: '', err: '5 events in history.ndjson\n' });
    expect(await readdir(cwd)).toEqual(['history.ndjson']);
    const policies = join(FIXTURES, '../diff/plain');
    const diff = await rekindle(
      ['diff', policies, policies, '--events', 'history.ndjson', '--format', 'json'],
      { cwd },
    );
    expect(JSON.parse(diff.out)).toMatchObject({ events: { count: 5 }, changes: [] });
  });

  it('leaves nothing behind when the file cannot be written', async () => {
    const cwd = await folder();
    await mkdir(join(cwd, 'taken'));
    const url = await serviceWith(EVENTS);
    const { code, err } = await rekindle(['history', '--export', 'taken', '--url', url], { cwd });
    expect(code).toBe(2);
    expect(err).toContain('taken cannot be written');
    expect(await readdir(cwd)).toEqual(['taken']);
  });

  it('leaves the file as it was when the service does not answer', async () => {
    const cwd = await folder();
    const url = await serviceWith(EVENTS);
    await rekindle(['history', '--export', 'history.ndjson', '--url', url], { cwd });
    const before = await readFile(join(cwd, 'history.ndjson'), 'utf8');
    const args = ['history', '--export', 'history.ndjson', '--url', 'http://127.0.0.1:1'];
    expect((await rekindle(args, { cwd })).code).toBe(4);
    expect(await readFile(join(cwd, 'history.ndjson'), 'utf8')).toBe(before);
  });

  it.each([['--server', 'web-1'], ['--limit', '5'], ['--all'], ['--format', 'json']])(
    'is never a part: %s makes no sense beside it',
    async (...option) => {
      expect((await rekindle(['history', ...option, '--export'])).code).toBe(2);
    },
  );
});
