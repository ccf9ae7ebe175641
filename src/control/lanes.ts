import type { OperationKind } from '../store/store.js';

/** The operation that a server is busy with. */
export interface Busy {
  readonly operation: string;
  readonly kind: OperationKind;
  /** Asks the operation to give up and undo what it began. */
  abort(reason: string): void;
}

/**
 * One operation at a time per server. Servers are found by the name of the server or of the machine that runs
 * it, because reports may use either.
 */
export interface Lanes {
  isFree(name: string): boolean;
  busy(name: string): Busy | null;
  occupy(server: string, busy: Busy): void;
  free(server: string): void;
  /** Follows takeovers: which server each machine runs. */
  follow(servers: readonly { readonly name: string; readonly machine: string }[]): void;
  running(): number;
}

export function createLanes(): Lanes {
  const occupied = new Map<string, Busy>();
  let serverOn = new Map<string, string>();
  const laneOf = (name: string): string => (occupied.has(name) ? name : (serverOn.get(name) ?? name));
  return {
    isFree: (name) => !occupied.has(laneOf(name)),
    busy: (name) => occupied.get(laneOf(name)) ?? null,
    occupy(server, busy) {
      occupied.set(server, busy);
    },
    free(server) {
      occupied.delete(server);
    },
    follow(servers) {
      const names = new Set(servers.map(({ name }) => name));
      serverOn = new Map(
        servers.filter(({ machine }) => !names.has(machine)).map((row) => [row.machine, row.name]),
      );
    },
    running: () => occupied.size,
  };
}
