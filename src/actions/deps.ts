import type { Clock } from '../clock.js';
import { toInstant } from '../engine/time.js';
import type { View } from '../engine/view.js';
import type { Operation, Store } from '../store/store.js';
import type { ActionDeps, InDoubt } from './action.js';
import { fencedAmong, stillUnproven } from './unproven.js';

/** Answers from the store what actions ask of the administration server. */
export function depsFromStore(store: Store, clock: Clock): ActionDeps {
  // Without histories: only the present is asked for.
  const view = (): Promise<View> => store.view(toInstant(clock.now()));
  return {
    clock,
    async machineOf(server) {
      const { servers } = await view();
      return servers.find(({ name }) => name === server)?.machine ?? null;
    },
    async drives() {
      const { drives } = await view();
      return drives.map(({ name }) => name);
    },
    lastHeartbeat: (server) => store.lastHeartbeat(server),
    async heldForNow(names) {
      const { machines, drives, operations } = await view();
      const running = new Set(operations.flatMap(({ id, state }) => (state === 'running' ? [id] : [])));
      return [...machines, ...drives]
        .filter(
          ({ name, reservedBy }) => names.includes(name) && reservedBy !== null && running.has(reservedBy),
        )
        .map(({ name }) => name);
    },
    async inDoubt(server) {
      const { machines, drives } = await view();
      const found: InDoubt[] = [];
      for (const { name: machine, reservedBy } of machines) {
        const holder = reservedBy === null ? null : await store.operation(reservedBy);
        if (holder === null || !leftBehind(holder, server)) continue;
        const drive = drives.find((one) => one.reservedBy === holder.id)?.name ?? null;
        found.push({ machine, drive, operation: holder.id });
      }
      return found;
    },
    async unproven(server) {
      const { machines } = await view();
      const fenced = fencedAmong(machines);
      const left = (await stillUnproven(store, server)).map(({ machine }) => machine);
      return [...new Set(left)].filter((machine) => fenced.has(machine));
    },
  };
}

/** A restart gives back every machine that it has proven off. What one still holds after its end, it could not. */
function leftBehind({ kind, server, state }: Operation, wanted: string): boolean {
  return kind === 'restart-server' && state !== 'running' && server === wanted;
}
