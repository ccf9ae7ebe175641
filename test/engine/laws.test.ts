import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance } from '../../src/engine/advance.js';
import { decide } from '../../src/engine/decide.js';
import type { Decision } from '../../src/engine/decision.js';
import type { EngineEvent } from '../../src/engine/event.js';
import type { SnapshotView, View } from '../../src/engine/view.js';
import { alerts, events, shuffled, wildAlerts, worlds, type World } from './support/arbitrary.js';
import { retentionDue } from './support/events.js';

/** Whatever the world and the event: the law holds for the decision. */
async function always(law: (world: World, decision: Decision, event: EngineEvent) => void): Promise<void> {
  await fc.assert(
    fc.asyncProperty(worlds, events, async (world, event) => {
      law(world, await decide(world.policies, event, world.view), event);
    }),
    { numRuns: 400 },
  );
}

/** Name and, where it has one, serial number: what makes a drive the drive that it is. */
function identities({ policies }: World, name: string): readonly string[] {
  const serial = policies.inventory.drives.get(name)?.serial;
  return serial ? [`name ${name}`, `serial ${serial}`] : [`name ${name}`];
}

function snapshotsOf({ view }: World, server: string): readonly SnapshotView[] {
  return view.snapshots
    .filter((row) => row.server === server)
    .toSorted((a, b) => b.generation - a.generation);
}

/** Stated anew rather than asked of the engine. */
function canBeStarted({ policies, view }: World, row: SnapshotView): boolean {
  const drive = view.drives.find(({ name }) => name === row.drive);
  return (
    row.state === 'complete' &&
    row.verified !== 'failed' &&
    policies.inventory.drives.has(row.drive) &&
    drive !== undefined &&
    drive.health !== 'failed' &&
    drive.role !== 'quarantined' &&
    (drive.role !== 'active' || drive.server === row.server)
  );
}

describe('the law of the other drive', () => {
  it('no snapshot is ordered onto the drive of the newest complete one, under any name', async () => {
    await always((world, { event, snapshot }) => {
      const previous = snapshotsOf(world, event.server).find(({ state }) => state === 'complete');
      const forbidden = previous ? identities(world, previous.drive) : [];
      const chosen = (snapshot?.drives ?? []).flatMap((name) => identities(world, name));
      expect(chosen.filter((identity) => forbidden.includes(identity))).toEqual([]);
    });
  });

  it('nor onto the drive of one that is being written', async () => {
    await always((world, { event, snapshot }) => {
      const writing = snapshotsOf(world, event.server).filter(({ state }) => state === 'writing');
      const forbidden = writing.flatMap((row) => identities(world, row.drive));
      const chosen = (snapshot?.drives ?? []).flatMap((name) => identities(world, name));
      expect(chosen.filter((identity) => forbidden.includes(identity))).toEqual([]);
    });
  });

  it('nor onto the drive of the newest one that could be started', async () => {
    await always((world, { event, snapshot }) => {
      const lifeline = snapshotsOf(world, event.server).find((row) => canBeStarted(world, row));
      const forbidden = lifeline ? identities(world, lifeline.drive) : [];
      const chosen = (snapshot?.drives ?? []).flatMap((name) => identities(world, name));
      expect(chosen.filter((identity) => forbidden.includes(identity))).toEqual([]);
    });
  });
});

describe('a drive that is accepted', () => {
  it('can be reached, works, is no active disk, is not quarantined, is not reserved and has room', async () => {
    await always((world, { event, snapshot }) => {
      const server = world.view.servers.find(({ name }) => name === event.server);
      const machine = world.policies.inventory.machines.get(server?.machine ?? '');
      for (const name of snapshot?.drives ?? []) {
        const row = world.view.drives.find((drive) => drive.name === name);
        const declared = world.policies.inventory.drives.get(name);
        expect(row).toMatchObject({ role: 'snapshots', reservedBy: null });
        expect(row?.health).not.toBe('failed');
        expect(row?.freeBytes).toBeGreaterThanOrEqual(snapshot?.estimatedBytes ?? Infinity);
        expect(declared?.quarantined).toBe(false);
        expect(machine?.reaches).toContain(declared?.device);
        expect(world.view.servers.map(({ disk }) => disk)).not.toContain(name);
      }
    });
  });

  it('is chosen, when there is one, and every drive of the inventory is accounted for', async () => {
    await always((world, { outcome, snapshot }) => {
      if (!snapshot) return;
      expect(snapshot.candidates.map(({ drive }) => drive)).toEqual(
        [...world.policies.inventory.drives.keys()].toSorted(),
      );
      expect(snapshot.candidates.filter(({ accepted }) => accepted)).toHaveLength(snapshot.drives.length);
      expect(snapshot.drive).toBe(snapshot.drives[0] ?? null);
      expect(outcome).toBe(snapshot.drive === null ? 'refused' : 'snapshot');
    });
  });
});

describe('an attempt', () => {
  it('never wakes a snapshot that is not complete, is damaged, or cannot be reached', async () => {
    await always((world, { event, restart }) => {
      for (const { snapshot, drive } of restart?.attempts ?? []) {
        if (snapshot === null) continue;
        const row = snapshotsOf(world, event.server).find(({ id }) => id === snapshot);
        expect(row && canBeStarted(world, row)).toBe(true);
        expect(row?.drive).toBe(drive);
      }
    });
  });

  it('never wakes memory that the policy distrusts', async () => {
    await always((world, { at, event, restart }) => {
      if (!restart) return;
      const [policy] = world.policies.restartPolicies;
      const failedAt = world.view.servers.find(({ name }) => name === event.server)?.failedAt ?? at;
      const since = failedAt < at ? failedAt : at;
      const observing = new Set(
        world.policies.alertPolicies.filter(({ mode }) => mode === 'observe').map(({ name }) => name),
      );
      const distrusted = world.view.symptoms.filter(
        (symptom) =>
          symptom.server === event.server &&
          !observing.has(symptom.policy) &&
          policy?.never.includes(symptom.cause) &&
          symptom.firstAt <= since &&
          Date.parse(since) - Date.parse(symptom.lastAt) <= policy.symptomsWithinMs,
      );
      for (const { snapshot } of restart.attempts) {
        const takenAt = world.view.snapshots.find(({ id }) => id === snapshot)?.takenAt ?? '';
        expect(distrusted.filter(({ firstAt }) => takenAt >= firstAt)).toEqual([]);
      }
    });
  });

  it('never uses a machine that runs, is reserved, is not idle, is no backup, or is the one that failed', async () => {
    await always(({ policies, view }, { restart }) => {
      for (const { backup } of restart?.attempts ?? []) {
        expect(backup).not.toBe(restart?.machine);
        expect(policies.inventory.machines.get(backup)?.role).toBe('backup');
        expect(view.servers.map(({ machine }) => machine)).not.toContain(backup);
        expect(view.machines.find(({ name }) => name === backup)).toMatchObject({
          state: 'idle',
          reservedBy: null,
        });
      }
    });
  });

  it('never uses a machine without a path to the drive or without room for the memory', async () => {
    await always(({ policies, view }, { restart }) => {
      for (const { backup, drive, snapshot } of restart?.attempts ?? []) {
        const machine = policies.inventory.machines.get(backup);
        const memoryBytes = view.snapshots.find(({ id }) => id === snapshot)?.memoryBytes ?? 0;
        expect(machine?.reaches).toContain(policies.inventory.drives.get(drive)?.device);
        expect(machine?.memoryBytes).toBeGreaterThanOrEqual(memoryBytes);
      }
    });
  });

  it('is not made twice', async () => {
    await always((_, { restart }) => {
      const pairs = (restart?.attempts ?? []).map(
        ({ snapshot, backup }) => `${snapshot ?? 'cold'} on ${backup}`,
      );
      expect(new Set(pairs).size).toBe(pairs.length);
    });
  });

  it('by cold boot comes last, and never when the disk has failed', async () => {
    await always(({ view }, { restart }, event) => {
      const kinds = (restart?.attempts ?? []).map(({ snapshot }) => snapshot === null);
      expect(kinds).toEqual(kinds.toSorted((a, b) => Number(a) - Number(b)));
      if (!kinds.includes(true)) return;
      expect(event.kind === 'failure' && event.subject === 'disk').toBe(false);
      expect(view.drives.find(({ name }) => name === restart?.disk)?.health).not.toBe('failed');
    });
  });
});

describe('retention', () => {
  /** What is left after retention for `web-1` in an arbitrary world. */
  async function retained(
    law: (world: World, decision: Decision, left: View) => void | Promise<void>,
  ): Promise<void> {
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        const decision = await decide(world.policies, retentionDue(), world.view);
        await law(world, decision, advance(world.policies, world.view, decision));
      }),
      { numRuns: 400 },
    );
  }

  it('leaves a server that could be restarted from a snapshot one that it can be restarted from', async () => {
    await retained((world, _, view) => {
      const before = snapshotsOf(world, 'web-1').filter((row) => canBeStarted(world, row));
      const left = snapshotsOf({ ...world, view }, 'web-1').filter((row) => canBeStarted(world, row));
      expect(left[0]).toEqual(before[0]);
    });
  });

  it('leaves a server that has a complete snapshot a complete snapshot', async () => {
    await retained((world, _, view) => {
      const complete = (known: View) =>
        snapshotsOf({ ...world, view: known }, 'web-1').some(({ state }) => state === 'complete');
      expect(complete(view)).toBe(complete(world.view));
    });
  });

  it('has nothing more to retire when it is decided again', async () => {
    await retained(async (world, _, left) => {
      expect((await decide(world.policies, retentionDue(), left)).outcome).toBe('none');
    });
  });

  it('speaks of every snapshot of the server that is not being written, and retires none that is complete and pinned', async () => {
    await retained((world, { retire }) => {
      const written = snapshotsOf(world, 'web-1').filter(({ state }) => state !== 'writing');
      const complete = written.filter(({ state }) => state === 'complete');
      const named = [...(retire?.snapshots ?? []), ...(retire?.kept ?? [])].map(({ snapshot }) => snapshot);
      expect(named.toSorted()).toEqual(written.map(({ id }) => id).toSorted());
      const pinned = complete.filter((row) => row.pinned).map(({ id }) => id);
      expect(retire?.snapshots.filter(({ snapshot }) => pinned.includes(snapshot))).toEqual([]);
    });
  });
});

describe('a decision', () => {
  it('is the same for the same inputs, in whatever order lists and maps are', async () => {
    const twice = worlds.chain((world) => fc.tuple(fc.constant(world), shuffled(world)));
    await fc.assert(
      fc.asyncProperty(twice, events, async ([world, other], event) => {
        const once = JSON.stringify(await decide(world.policies, event, world.view));
        expect(JSON.stringify(await decide(world.policies, event, world.view))).toBe(once);
        expect(JSON.stringify(await decide(other.policies, structuredClone(event), other.view))).toBe(once);
      }),
      { numRuns: 400 },
    );
  });

  it('is the same whether it is made alone or among others', async () => {
    await fc.assert(
      fc.asyncProperty(
        worlds,
        fc.array(alerts, { minLength: 2, maxLength: 6 }),
        async ({ policies, view }, many) => {
          const together = await Promise.all(many.map((event) => decide(policies, event, view)));
          for (const [index, event] of many.entries()) {
            expect(together[index]).toEqual(await decide(policies, event, view));
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('goes through JSON unchanged', async () => {
    await always((_, decision) => {
      expect(JSON.parse(JSON.stringify(decision))).toStrictEqual(decision);
    });
  });

  it('says why', async () => {
    await always((_, { outcome, reasons }) => {
      expect(reasons.length).toBeGreaterThan(0);
      expect(['snapshot', 'restart', 'retire', 'refused', 'none']).toContain(outcome);
    });
  });
});

describe('an alert from outside, whatever it contains', () => {
  it('is decided, and the decision goes through JSON unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, wildAlerts, async ({ policies, view }, alert) => {
        const decision = await decide(policies, alert, view);
        expect(JSON.parse(JSON.stringify(decision))).toStrictEqual(decision);
      }),
      { numRuns: 400 },
    );
  });

  it('leaves objects in general as they were', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, wildAlerts, async ({ policies, view }, alert) => {
        await decide(policies, alert, view);
        expect(Object.keys(Object.prototype)).toEqual([]);
        expect({}).not.toHaveProperty('alertname');
      }),
      { numRuns: 50 },
    );
  });
});

describe('a story of events, each decided on the world that the one before left', () => {
  async function told(law: (before: World, decision: Decision, after: World) => void): Promise<void> {
    await fc.assert(
      fc.asyncProperty(worlds, fc.array(events, { maxLength: 12 }), async (world, story) => {
        let known = world;
        for (const event of story) {
          const decision = await decide(known.policies, event, known.view);
          const next = { ...known, view: advance(known.policies, known.view, decision) };
          law(known, decision, next);
          known = next;
        }
      }),
      { numRuns: 150 },
    );
  }

  it('never takes from a server the last snapshot that it could be restarted from', async () => {
    await told((before, { event }, after) => {
      const could = snapshotsOf(before, event.server).some((row) => canBeStarted(before, row));
      const can = snapshotsOf(after, event.server).some((row) => canBeStarted(after, row));
      if (could) expect(can).toBe(true);
    });
  });

  it('never has two servers on one machine or on one drive', async () => {
    await told((_, __, { view }) => {
      expect(new Set(view.servers.map(({ machine }) => machine)).size).toBe(view.servers.length);
      expect(new Set(view.servers.map(({ disk }) => disk)).size).toBe(view.servers.length);
    });
  });

  it('never has a server run from a drive that is not its active disk', async () => {
    await told((_, __, { view }) => {
      for (const { name, disk } of view.servers) {
        expect(view.drives.find((row) => row.name === disk)).toMatchObject({ role: 'active', server: name });
      }
    });
  });
});
