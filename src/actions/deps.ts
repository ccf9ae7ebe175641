import type { Clock } from '../clock.js';
import { toInstant } from '../engine/time.js';
import type { View } from '../engine/view.js';
import type { Store } from '../store/store.js';
import type { ActionDeps, InDoubt } from './action.js';

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
    async inDoubt(server) {
      const operations = await store.operations({ server, limit: RECENT });
      const last = operations.find(({ kind, state }) => kind === 'restart-server' && state !== 'running');
      return last === undefined ? [] : leftInDoubt(last.result);
    },
  };
}

/** Snapshots are taken and retired between restarts, and a blocked restart is looked at long before this many. */
const RECENT = 1_000;

/** Each restart carries on what the one before left in doubt, or proves it off: the last one knows all. */
function leftInDoubt(result: unknown): readonly InDoubt[] {
  if (!isRecord(result) || !Array.isArray(result.inDoubt)) return [];
  return result.inDoubt.filter(isInDoubt);
}

function isInDoubt(value: unknown): value is InDoubt {
  if (!isRecord(value)) return false;
  return ['machine', 'drive', 'operation'].every((key) => typeof value[key] === 'string');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
