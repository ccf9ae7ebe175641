import type { MachineView } from '../engine/view.js';
import type { JournalEntry, Operation, Store } from '../store/store.js';

/** A drive that did not say, when a machine was fenced or given up, whether that still has access to it. */
export interface Unproven {
  readonly drive: string;
  readonly machine: string;
}

/** Reads them out of the result of an operation, which the store keeps as data. */
export function unprovenIn(result: unknown): readonly Unproven[] {
  if (typeof result !== 'object' || result === null || !('unproven' in result)) return [];
  return Array.isArray(result.unproven) ? result.unproven.flatMap(asUnproven) : [];
}

function asUnproven(entry: unknown): readonly Unproven[] {
  if (typeof entry !== 'object' || entry === null || !('drive' in entry) || !('machine' in entry)) return [];
  const { drive, machine } = entry;
  return typeof drive === 'string' && typeof machine === 'string' ? [{ drive, machine }] : [];
}

/** What the restart of a server left unproven, and which operation that was. */
export interface LeftUnproven extends Unproven {
  readonly operation: string;
  readonly server: string;
}

/** Machines that were proven off and have not been taken into service since: only of these is it of any concern. */
export function fencedAmong(machines: readonly MachineView[]): ReadonlySet<string> {
  return new Set(machines.flatMap(({ name, state }) => (state === 'fenced' ? [name] : [])));
}

/** Longer than any list of operations that matter: older machines were mended or taken out since. */
const LOOKED_BACK = 1_000;

/** What no reading has proven since: of one server, or of all. */
export async function stillUnproven(
  store: Pick<Store, 'operations' | 'journal'>,
  server?: string,
): Promise<readonly LeftUnproven[]> {
  const operations = await store.operations({
    limit: LOOKED_BACK,
    ...(server === undefined ? {} : { server }),
  });
  const left = await Promise.all(operations.map((operation) => leftBy(store, operation)));
  return left.flat();
}

async function leftBy(
  store: Pick<Store, 'journal'>,
  { id, server, result }: Operation,
): Promise<readonly LeftUnproven[]> {
  const unproven = unprovenIn(result);
  if (unproven.length === 0) return [];
  const entries = await store.journal({ subject: `operation:${id}`, limit: LOOKED_BACK });
  const proven = entries.flatMap(provenBy);
  return unproven
    .filter(({ drive, machine }) => !proven.some((one) => one.drive === drive && one.machine === machine))
    .map((one) => ({ ...one, operation: id, server }));
}

function provenBy({ change, detail }: JournalEntry): readonly Unproven[] {
  return change === 'isolated' ? unprovenIn({ unproven: [detail] }) : [];
}
