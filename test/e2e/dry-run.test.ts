/** A dry run in CI and the running service are the same engine: byte-equal decisions for equal input. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  eventually,
  prepareSite,
  runProgram,
  startProgram,
  type RunningService,
  type Site,
} from './support/service.js';

let site: Site;
let service: RunningService;

beforeAll(async () => {
  site = await prepareSite();
  service = await startProgram(site);
  await service.post('/v1/servers/web-1/snapshot', { by: 'test', condition: 'scheduled' });
  await quiet();
  // So that the state has every list filled: a snapshot, a match, a symptom and an order.
  await service.post('/v1/alerts', {
    server: 'web-1',
    labels: { alertname: 'NodeTemperatureHigh' },
    value: 88,
  });
  // Between a decision and the beginning of its operation the service looks quiet.
  await eventually(
    async () => (await service.get('/v1/snapshots')) as { items: { state: string }[] },
    ({ items }) => items.filter(({ state }) => state === 'complete').length === 2,
    'the snapshot that the alert asks for',
  );
  await quiet();
});

afterAll(async () => {
  await service.stop();
  await site.remove();
});

const events = [
  [
    'an alert that meets a condition',
    'hot',
    '/v1/alerts',
    { labels: { alertname: 'NodeTemperatureHigh' }, value: 91 },
  ],
  ['an alert that meets none', 'full', '/v1/alerts', { labels: { alertname: 'DiskAlmostFull' } }],
  ['a failure', 'down', '/v1/failures', { cause: 'power' }],
] as const;

it.each(events)('decides %s like the dry run, to the byte', async (_, id, route, content) => {
  const event = { id, at: new Date().toISOString(), server: 'web-1', ...content };
  const state = await service.get('/v1/state');
  expect((await service.post(route, event)).status).toBe(202);
  const decided = await eventually(
    () => decisionAbout(id),
    (found) => found !== null,
    'the decision',
  );
  const detail = (await service.get(`/v1/decisions/${decided?.id ?? ''}`)) as { event: unknown };
  await quiet();

  await writeFile(join(site.folder, 'state.json'), JSON.stringify(state));
  const dry = await runProgram(
    ['eval', '--event', '-', '--state', join(site.folder, 'state.json'), '--format', 'json', site.policies],
    { input: JSON.stringify(detail.event), cwd: site.folder },
  );
  expect(dry.code).toBe(0);
  expect(dry.stdout.trimEnd()).toBe(JSON.stringify(decided));
});

async function decisionAbout(event: string): Promise<{ id: string } | null> {
  const { items } = (await service.get('/v1/decisions?limit=50')) as {
    items: { id: string; event: { id: string } }[];
  };
  return items.find((decision) => decision.event.id === event) ?? null;
}

async function quiet(): Promise<void> {
  await eventually(
    async () => (await service.get('/v1/status')) as { pendingEvents: number; runningOperations: number },
    ({ pendingEvents, runningOperations }) => pendingEvents === 0 && runningOperations === 0,
    'a quiet service',
  );
}
