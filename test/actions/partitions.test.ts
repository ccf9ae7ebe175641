/**
 * Networks that are cut: what the service reaches and what the backups reach, in every combination and in either
 * direction, from before, in the middle of or after the fence. The server itself is well: whoever told of its failure
 * had lost sight of it, and that is when two of it could run.
 */
import { afterAll, expect, it } from 'vitest';
import type { ActionEnd } from '../../src/actions/action.js';
import { HardwareError } from '../../src/hw/contract.js';
import { intercepted, type Call } from './calls.js';
import { expectFencedBeforeEachStart, expectNoHarm, expectRestorable } from './truth.js';
import { DISK, openWorldWithSnapshots, restartPlan, SERVER, type How, type World } from './world.js';
import { figure } from '../support/figures.js';

/** What the service reaches by a network of its own. */
const NETS = {
  'the power control of the server': [SERVER],
  'the power control of the backups': ['spare-1', 'spare-2'],
  'the disk of the server': [DISK],
  'the drives of its snapshots': ['d1', 'd2'],
} as const satisfies Record<string, readonly string[]>;

/** `deaf`: what is asked for arrives and is done; no answer comes back. */
type Link = 'whole' | 'dead' | 'deaf';
const LINKS: readonly Link[] = ['whole', 'dead', 'deaf'];

/** When the cut comes. */
const MOMENTS = {
  'before the restart': null,
  'while the server is being fenced': 'after-intent',
  'when the server is fenced': 'after-result',
} as const;

interface Partition {
  readonly links: Readonly<Record<string, Link>>;
  /** The first backup reaches the array of the newest snapshot. */
  readonly reaches: boolean;
}

const PARTITIONS: readonly Partition[] = Object.keys(NETS)
  .reduce<readonly Readonly<Record<string, Link>>[]>(
    (all, net) => all.flatMap((links) => LINKS.map((link) => ({ ...links, [net]: link }))),
    [{}],
  )
  .flatMap((links) => [true, false].map((reaches) => ({ links, reaches })));

let tried = 0;

afterAll(() => {
  figure(`networks cut in every way, around the fence: ${tried}`);
});

/** The hardware as it is reached while `isCut` says so. */
function cut(world: World, { links }: Partition, isCut: () => boolean) {
  const linkTo = new Map<string, Link | undefined>(
    Object.entries(NETS).flatMap(([net, subjects]) => subjects.map((one) => [one, links[net]] as const)),
  );
  return intercepted(world.hardware, async (call: Call, subject) => {
    const link = isCut() ? linkTo.get(subject) : 'whole';
    if (link === 'dead') await world.clock.sleep(1_000);
    if (link === 'deaf') await call().catch(() => undefined);
    if (link === 'dead' || link === 'deaf')
      throw new HardwareError('no-answer', subject, 'the network is cut');
    return call();
  });
}

async function expectSafe(world: World): Promise<void> {
  await expectNoHarm(world);
  await expectFencedBeforeEachStart(world);
  await expectRestorable(world);
}

/** Orders a restart while the networks are cut from the given moment on. */
async function restartBehind(
  world: World,
  partition: Partition,
  from: (typeof MOMENTS)[keyof typeof MOMENTS],
): Promise<ActionEnd> {
  let isCut = from === null;
  const how: How = {
    hardware: cut(world, partition, () => isCut),
    async observe({ step, at }) {
      if (step === `fence/${SERVER}` && at === from) isCut = true;
    },
  };
  return world.operate('restart-server', { restart: restartPlan() }, how);
}

it.each(Object.entries(MOMENTS))(
  'a network that is cut %s, whichever and in whichever direction, never lets a server run twice',
  async (_when, from) => {
    for (const partition of PARTITIONS) {
      const world = await openWorldWithSnapshots();
      try {
        const path = { machine: 'spare-1', device: 'array-2' };
        if (!partition.reaches) await world.rack.apply({ kind: 'cut-path', ...path });
        const end = await restartBehind(world, partition, from);
        await expectSafe(world);
        expectSaid(partition, end);
        // What was on its way arrives.
        await world.wait(200_000);
        await expectSafe(world);
        if (end.state === 'blocked') await expectRecovers(world, path);
        tried += 1;
      } catch (error) {
        throw new Error(JSON.stringify(partition), { cause: error });
      } finally {
        await world.close();
      }
    }
  },
);

/** Unknown is not off; and what is not in the way stops nothing. */
function expectSaid({ links, reaches }: Partition, end: ActionEnd): void {
  if (links['the power control of the server'] !== 'whole') expect(end.state).toBe('blocked');
  if (reaches && Object.values(links).every((link) => link === 'whole')) expect(end.state).toBe('done');
  if (end.state === 'blocked') expect(end.reason.length).toBeGreaterThan(20);
}

/** The networks are whole again, and a person orders the restart. */
async function expectRecovers(
  world: World,
  path: { readonly machine: string; readonly device: string },
): Promise<void> {
  await world.rack.apply({ kind: 'restore-path', ...path });
  expect(await world.operate('restart-server', { restart: restartPlan() })).toMatchObject({ state: 'done' });
  await expectSafe(world);
}
