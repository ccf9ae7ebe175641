/** Editing a policy while the service runs changes the next decision; breaking it does not, and says where. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, prepareSite, startProgram, type RunningService, type Site } from './support/service.js';

interface Status {
  readonly policies: {
    readonly revision: string;
    readonly stale: boolean;
    readonly lastAttemptOk: boolean;
    readonly problems: readonly { readonly code: string; readonly file: string; readonly line: number }[];
  };
}

let site: Site;
let service: RunningService;
let file: string;

beforeAll(async () => {
  site = await prepareSite();
  service = await startProgram(site);
  file = join(site.policies, 'policies.yaml');
});

afterAll(async () => {
  await service.stop();
  await site.remove();
});

it('decides by the edited policy, keeps it when the next edit is broken, and says where it is broken', async () => {
  expect(await outcomeOf('FanBroken', 'before')).toBe('none');

  const text = await readFile(file, 'utf8');
  const edited = text.replace('value: NodeTemperatureHigh', 'value: FanBroken');
  const before = (await status()).policies.revision;
  await writeFile(file, edited);
  const loaded = await eventually(status, ({ policies }) => policies.revision !== before, 'the new revision');
  expect(loaded.policies).toMatchObject({ stale: false, lastAttemptOk: true, problems: [] });
  expect(await outcomeOf('FanBroken', 'after')).toBe('snapshot');

  await writeFile(file, edited.replace('  condition: overheating', '  condtion: overheating'));
  const refused = await eventually(status, ({ policies }) => !policies.lastAttemptOk, 'the refusal');
  expect(refused.policies.revision).toBe(loaded.policies.revision);
  expect(refused.policies.stale).toBe(true);
  const problem = refused.policies.problems.find(({ code }) => code === 'SCHEMA_UNKNOWN_KEY');
  expect(problem).toMatchObject({ line: 9 });
  expect(problem?.file).toMatch(/policies\.yaml$/);
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  expect(metrics).toMatch(/^rekindle_policy_last_reload_successful 0$/m);
  expect(await outcomeOf('FanBroken', 'while-broken')).not.toBe('none');

  await writeFile(file, edited);
  await eventually(status, ({ policies }) => policies.lastAttemptOk && !policies.stale, 'the recovery');
});

it('ends with 0 on SIGTERM after a clean drain', async () => {
  expect(await service.stop()).toBe(0);
});

async function status(): Promise<Status> {
  return (await service.get('/v1/status')) as Status;
}

async function outcomeOf(alertname: string, id: string): Promise<string> {
  const at = new Date().toISOString();
  await service.post('/v1/alerts', { id, at, server: 'web-1', labels: { alertname } });
  const found = await eventually(
    async () =>
      (await service.get('/v1/decisions?limit=50')) as {
        items: { event: { id: string }; outcome: string }[];
      },
    ({ items }) => items.some(({ event }) => event.id === id),
    `the decision about ${id}`,
  );
  return found.items.find(({ event }) => event.id === id)?.outcome ?? '';
}

it('goes on with the last good set when it is started on files that are broken', async () => {
  const own = await prepareSite();
  const first = await startProgram(own);
  const { revision } = ((await first.get('/v1/status')) as Status).policies;
  await first.stop();
  await writeFile(join(own.policies, 'policies.yaml'), 'apiVersion: [');
  const second = await startProgram(own);
  const { policies } = (await second.get('/v1/status')) as Status;
  await second.stop();
  await own.remove();
  expect(policies).toMatchObject({ revision, stale: true, lastAttemptOk: false });
  expect(policies.problems.length).toBeGreaterThan(0);
});
