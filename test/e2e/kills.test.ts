/**
 * The real program is killed, or stopped and let go on, at instants that a seed draws, over and over on one store and
 * one rack. Whatever was acknowledged is decided, whatever was begun ends, and nothing happens twice.
 *
 * crash.test.ts kills at each point of each step; these are the instants in between. `REKINDLE_KILLS=N` sets how many cycles are run, `REKINDLE_KILLS_SEED=S` where they begin.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { wallClock } from '../../src/clock.js';
import { createRackControl, fileRack } from '../../src/hw/sim/index.js';
import { randomOf } from '../../src/simulation/random.js';
import { checkStoreFile } from '../../src/store/sqlite/care.js';
import { figure } from '../support/figures.js';
import { eventually, prepareSite, startProgram, type RunningService } from './support/service.js';

const CYCLES = Number(process.env.REKINDLE_KILLS ?? 150);
const SEED = Number(process.env.REKINDLE_KILLS_SEED ?? 1);
/** Cycles on one store; after them the next begins with a new one. */
const ON_ONE_STORE = 25;
/** The longest that a service is let live, and that one is kept stopped. */
const LIFE_MS = 250;
const PAUSE_MS = 200;

interface Body extends Readonly<Record<string, unknown>> {
  readonly id: string;
}

interface Items<T> {
  readonly items: readonly T[];
}

const SEEDS = Array.from({ length: Math.ceil(CYCLES / ON_ONE_STORE) }, (_, index) => SEED + index);

let kills = 0;

afterAll(() => {
  figure(`real kills at random instants: ${kills}`);
});

describe('a service that dies again and again', () => {
  // Most of a life is waiting, so several of them share the cores.
  it.concurrent.for(SEEDS)(
    'loses nothing that it acknowledged and does nothing twice, seed %i',
    { timeout: 600_000 },
    async (seed, { onTestFinished }) => {
      const random = randomOf(seed);
      const site = await prepareSite();
      onTestFinished(() => site.remove());
      const start = async (): Promise<RunningService> => {
        const service = await startProgram(site);
        onTestFinished(() => {
          service.process.kill('SIGKILL');
        });
        return service;
      };
      const acknowledged: string[] = [];
      for (let cycle = 0; cycle < ON_ONE_STORE; cycle += 1) {
        const service = await start();
        acknowledged.push(...(await live(service, `${seed}-${cycle}`, random.chance(25))));
        await sleep(random.below(LIFE_MS));
        if (random.chance(25)) {
          service.process.kill('SIGSTOP');
          await sleep(random.below(PAUSE_MS));
          service.process.kill('SIGCONT');
        }
        service.process.kill('SIGKILL');
        await service.exited;
        kills += 1;
      }
      const last = await start();
      await atRest(last);
      await expectAllDecided(last, acknowledged);
      await expectOnce(last);
      const rack = createRackControl(fileRack({ file: join(site.stateDir, 'rack.json'), clock: wallClock }));
      expect((await rack.state()).violations).toEqual([]);
      expect(await last.stop()).toBe(0);
      expect((await checkStoreFile(join(site.stateDir, 'rekindle.db'))).damage).toEqual([]);
    },
  );
});

/** Gives the service things to do; returns the ids of those that it acknowledged. */
async function live(service: RunningService, id: string, fails: boolean): Promise<readonly string[]> {
  const bodies: readonly { readonly path: string; readonly body: Body }[] = [
    { path: '/v1/alerts', body: alert(`alert-${id}`) },
    ...(fails ? [{ path: '/v1/failures', body: { id: `down-${id}`, server: 'web-1', cause: 'panic' } }] : []),
  ];
  const answers = await Promise.all(
    bodies.map(async ({ path, body }) => {
      const answer = await service.post(path, body).catch(() => ({ status: 0 }));
      return answer.status === 202 ? [body.id] : [];
    }),
  );
  return answers.flat();
}

function alert(id: string): Body {
  return { id, server: 'web-1', labels: { alertname: 'NodeTemperatureHigh' }, value: 91 };
}

async function atRest(service: RunningService): Promise<void> {
  await eventually(
    async () => (await service.get('/v1/operations?limit=1000')) as Items<{ state: string }>,
    ({ items }) => items.every(({ state }) => state !== 'running'),
    'the end of every operation',
  );
}

async function expectAllDecided(service: RunningService, acknowledged: readonly string[]): Promise<void> {
  expect(acknowledged.length).toBeGreaterThan(0);
  const decided = await eventually(
    async () => {
      const { items } = (await service.get('/v1/decisions?limit=1000')) as Items<{ event: { id: string } }>;
      return new Set(items.map(({ event }) => event.id));
    },
    (ids) => acknowledged.every((id) => ids.has(id)),
    'a decision about everything that was acknowledged',
  );
  expect([...decided]).toEqual(expect.arrayContaining([...acknowledged]));
}

/** No decision has two operations, and no snapshot is on the drive of the one before it. */
async function expectOnce(service: RunningService): Promise<void> {
  const operations = ((await service.get('/v1/operations?limit=1000')) as Items<{ decision: { id: string } }>)
    .items;
  const decisions = operations.map(({ decision }) => decision.id);
  expect(new Set(decisions).size).toBe(decisions.length);
  const { items } = (await service.get('/v1/snapshots')) as Items<{
    generation: number;
    drive: string;
    state: string;
  }>;
  const complete = items
    .filter(({ state }) => state === 'complete')
    .toSorted((a, b) => a.generation - b.generation);
  for (const [index, row] of complete.entries()) {
    const next = complete[index + 1];
    if (next?.generation === row.generation + 1) expect(next.drive).not.toBe(row.drive);
  }
}
