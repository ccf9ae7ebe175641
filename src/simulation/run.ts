import { createHash } from 'node:crypto';
import { fencedAmong, unprovenIn } from '../actions/unproven.js';
import type { Decision } from '../engine/decision.js';
import type { EngineEvent } from '../engine/event.js';
import type { PolicySet, Scenario } from '../engine/policy-set.js';
import { toInstant } from '../engine/time.js';
import { HardwareError } from '../hw/contract.js';
import { perform } from '../scenario/perform.js';
import { setStage, type Stage } from '../scenario/stage.js';
import { startedBy, triedBy } from '../scenario/started.js';
import { createFaultyStore, type FaultyStore } from './faulty-store.js';
import type { Step, Story } from './generate.js';
import { breachesIn, momentOf, type Breach } from './invariants.js';

export interface Run {
  /** How many things went wrong: misbehaviour, failures and cuts that were ordered, crashes that came. */
  readonly faults: number;
  readonly breaches: readonly Breach[];
  /** Of all that was decided and done: equal for equal runs. */
  readonly digest: string;
}

/** What nothing that the service does outlasts once the faults are over. */
const CALM_MS = 2 * 3_600_000;

/** What is left to do beside operations takes no longer. */
const MADE_UP_FOR_MS = 60_000;

/**
 * Plays a schedule of faults, looks at every invariant after each of its steps, then lets everything work again:
 * what was begun must end, and what can be restarted must run.
 */
export async function simulate(policySet: PolicySet, story: Story): Promise<Run> {
  const decided: Decision[] = [];
  const faulty = createFaultyStore(({ seenAfterMs }) => {
    void stage.clock.sleep(seenAfterMs).then(() => {
      stage.kill(1);
    });
  });
  const stage: Stage = await setStage(policySet, emptyScenario(policySet, story), {
    audience: {
      decided: (decision) => {
        decided.push(decision);
      },
      ended: () => undefined,
    },
    between: faulty.around,
    isMeant: faulty.isFault,
    mortal: true,
  });
  const found = new Map<string, Breach>();
  const find = (breaches: readonly Breach[]): void => {
    for (const breach of breaches) found.set(`${breach.invariant} ${breach.text}`, breach);
  };
  const keepers = new Set<string>();
  const look = async (): Promise<void> => {
    const moment = await momentOf(stage, policySet, keepers);
    find(breachesIn(moment));
    for (const { server, state } of moment.snapshots) if (state === 'complete') keepers.add(server);
  };
  const told: EngineEvent[] = [];
  const servers = [...policySet.inventory.machines.values()].flatMap(({ name, role }) =>
    role === 'active' ? [name] : [],
  );
  const world: World = { policySet, stage, faulty, servers, decayed: new Set() };
  try {
    for (const [index, { atMs, act }] of story.steps.entries()) {
      await stage.runTo(atMs);
      const event = await attempted(() => happen(world, act, index), faulty);
      if (event !== null) told.push(event);
      await look();
      await stage.runOut(story.steps[index + 1]?.atMs ?? atMs);
      // Senders repeat themselves: what was told once changes nothing when it is told again.
      if (event !== null) await attempted(() => tellAgain(world, event), faulty);
      await look();
    }
    const faults =
      strikesIn(story) - stage.trap.waiting.length + (dooms(story) - stage.doomed()) + faulty.came;
    await makeWhole(world);
    // What is made up for without an operation is not waited for below.
    await stage.runTo(stage.clock.now() - stage.startMs + MADE_UP_FOR_MS);
    await stage.runOut(stage.clock.now() - stage.startMs + CALM_MS);
    await look();
    find(await unended(stage, told));
    find(await stillConnected(stage));
    find(await unrestarted(world));
    await look();
    const { log } = await stage.rack.state();
    const digest = createHash('sha256')
      .update(JSON.stringify([decided, log]))
      .digest('hex');
    return { faults, breaches: [...found.values()], digest };
  } finally {
    await stage.strike();
  }
}

interface World {
  readonly policySet: PolicySet;
  /** The active servers. */
  readonly servers: readonly string[];
  readonly stage: Stage;
  readonly faulty: FaultyStore;
  /** Snapshots of which a bit flipped since they were taken. */
  readonly decayed: Set<string>;
}

/** Another set, of which every part passed the checks that the first one passed. */
function withoutConditions(policySet: PolicySet): PolicySet {
  return { ...policySet, revision: `${policySet.revision}-without`, alertPolicies: [] };
}

/** The stage is that of scenarios; what happens on it comes from the story. */
function emptyScenario({ inventory }: PolicySet, { schedules }: Story): Scenario {
  const origin = { file: 'simulation', line: 1 };
  return { name: 'simulation', origin, inventory: inventory.name, schedules, steps: [] };
}

async function happen(
  { policySet, stage, faulty, servers, decayed }: World,
  act: Step['act'],
  index: number,
): Promise<EngineEvent | null> {
  switch (act.kind) {
    case 'clock':
      stage.setClock(act.byMs);
      return null;
    case 'reload':
      await stage.reload(act.without ? withoutConditions(policySet) : policySet);
      return null;
    case 'fill': {
      const { drive, freeBytes } = act;
      await stage.rack.apply({ kind: 'fill-drive', drive, freeBytes });
      return null;
    }
    case 'decay': {
      const { drives } = await stage.rack.state();
      const whole = drives.flatMap(({ name, snapshots }) =>
        snapshots.flatMap(({ id, progress }) =>
          progress.is === 'complete' ? [{ drive: name, snapshot: id }] : [],
        ),
      );
      const struck = whole[act.number % whole.length];
      if (struck === undefined) return null;
      await stage.rack.apply({ kind: 'damage-snapshot', ...struck });
      decayed.add(struck.snapshot);
      return null;
    }
    case 'comeback':
      await stage.rack.apply({ kind: 'power-restore', machine: act.machine, start: true });
      return null;
    case 'heartbeat': {
      const { server, aheadMs } = act;
      if ((await stage.rack.machinesRunning(server)).length > 0)
        await stage.store.heartbeat(server, toInstant(stage.clock.now() + aheadMs));
      return null;
    }
    case 'mass': {
      const { cause } = act;
      for (const [number, server] of servers.entries())
        await perform(
          stage,
          { kind: 'failure', server, cause, subject: 'server' },
          1_000 * (index + 1) + number,
        );
      return null;
    }
    case 'flood': {
      const { kind, server, status, labels, annotations } = act.alert;
      const nowMs = stage.clock.now();
      await stage.accept(
        act.shiftsMs.map((shiftMs, number) => ({
          ...{ kind, server, status, labels, annotations, source: 'flood' },
          id: `flood-${index}-${number}`,
          at: toInstant(nowMs + shiftMs),
        })),
      );
      return null;
    }
    case 'death': {
      const { calls, again, downForMs } = act;
      stage.doom([{ calls, downForMs }, ...(again === null ? [] : [{ calls: again, downForMs }])]);
      return null;
    }
    case 'store':
      faulty.failAt(act);
      return null;
    case 'alert':
    case 'crash':
    case 'drive':
    case 'failure':
    case 'misbehave':
    case 'path':
    case 'snapshot':
      return perform(stage, act, index);
  }
}

async function tellAgain({ stage }: World, event: EngineEvent): Promise<null> {
  await stage.accept([event]);
  return null;
}

function dooms({ steps }: Story): number {
  return steps.reduce((sum, { act }) => sum + (act.kind !== 'death' ? 0 : act.again === null ? 1 : 2), 0);
}

/** What was done to the rack, and the crashes that were planned. */
function strikesIn({ steps }: Story): number {
  return steps.filter(({ act }) => {
    switch (act.kind) {
      case 'failure':
      case 'misbehave':
      case 'crash':
      case 'mass':
      case 'flood':
      case 'clock':
      case 'fill':
      case 'decay':
      case 'comeback':
        return true;
      case 'drive':
        return act.health !== 'ok';
      case 'path':
        return act.isCut;
      case 'alert':
      case 'snapshot':
      case 'death':
      case 'store':
      case 'reload':
      case 'heartbeat':
        return false;
    }
  }).length;
}

/**
 * An order that the rack cannot follow, such as to let a machine panic that is off, does nothing, and what the store
 * did not take was not acknowledged.
 */
async function attempted(
  act: () => Promise<EngineEvent | null>,
  faulty: FaultyStore,
): Promise<EngineEvent | null> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof HardwareError || faulty.isFault(error)) return null;
    throw error;
  }
}

async function makeWhole({ policySet, stage, faulty }: World): Promise<void> {
  const { inventory } = policySet;
  const { rack, trap } = stage;
  trap.clear();
  stage.spare();
  faulty.spare();
  // A store that is damaged takes nothing more until a person has seen to it and started the service again.
  stage.kill(1);
  for (const target of [...inventory.machines.keys(), ...inventory.drives.keys()])
    await rack.apply({ kind: 'clear-faults', target });
  for (const drive of inventory.drives.keys()) await rack.apply({ kind: 'set-health', drive, health: 'ok' });
  for (const { name, reaches } of inventory.machines.values())
    for (const device of reaches) await rack.apply({ kind: 'restore-path', machine: name, device });
  await stage.reload(policySet);
}

/** I10 and I18: what was accepted is known and decided, and nothing runs for ever. */
async function unended({ store }: Stage, told: readonly EngineEvent[]): Promise<readonly Breach[]> {
  const lost: Breach[] = [];
  for (const { id } of told)
    if ((await store.event(id)) === null)
      lost.push({ invariant: 'I10', text: `the event ${id} was accepted and is gone` });
  const pending = await store.pendingCount();
  const unfinished = await store.unfinishedOperations();
  return [
    ...lost,
    ...(pending > 0 ? [{ invariant: 'I18', text: `${pending} events are not decided` }] : []),
    ...unfinished.map(({ id, kind, server }) => ({
      invariant: 'I18',
      text: `${kind} ${id} of ${server} does not end`,
    })),
  ];
}

/** What could not be proven when a machine was fenced is made up for when its drive answers again. */
async function stillConnected({ store, rack, clock }: Stage): Promise<readonly Breach[]> {
  const { machines } = await store.view(toInstant(clock.now()));
  const fenced = fencedAmong(machines);
  const { drives } = await rack.state();
  return (await store.operations({ limit: 1_000 })).flatMap(({ id, result }) =>
    unprovenIn(result)
      .filter(({ machine }) => fenced.has(machine))
      .filter(({ drive, machine }) =>
        drives.some(({ name, connections }) => name === drive && connections.includes(machine)),
      )
      .map(({ drive, machine }) => ({
        invariant: 'I18',
        text: `all works, but ${machine}, fenced by ${id}, still has access to ${drive}`,
      })),
  );
}

/** Everything works, so a person who orders a restart gets one, unless the policies refuse it with a reason. */
async function unrestarted({ stage, policySet: { inventory }, decayed }: World): Promise<readonly Breach[]> {
  const breaches: Breach[] = [];
  const servers = [...inventory.machines.values()].filter(({ role }) => role === 'active');
  for (const { name } of servers) {
    if ((await stage.rack.machinesRunning(name)).length > 0) continue;
    const id = `afterwards-${name}`;
    const at = toInstant(stage.clock.now());
    await stage.accept([
      { kind: 'restart-order', id, at, server: name, by: 'a person', reason: 'all is well again' },
    ]);
    await stage.runOut(stage.clock.now() - stage.startMs + CALM_MS);
    const decision = stage.decisionAbout(id);
    if (decision === null) breaches.push({ invariant: 'I18', text: `the restart of ${name} is not decided` });
    if (decision?.outcome !== 'restart') continue;
    const operation = await stage.store.operationOf(decision.id);
    // Bits that flipped where no other snapshot will do leave it to a person, who is told which.
    const tried = triedBy(operation?.result);
    if (tried.length > 0 && tried.every((snapshot) => decayed.has(snapshot))) continue;
    const started = startedBy(operation?.result);
    const runs = await stage.rack.machinesRunning(name);
    if (operation?.state !== 'done' || runs.join() !== started?.backup)
      breaches.push({
        invariant: 'I18',
        text: `all works, but the restart of ${name} is ${operation?.state ?? 'gone'} and it runs on ${runs.join(' and ') || 'nothing'}`,
      });
  }
  return breaches;
}
