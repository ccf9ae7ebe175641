/** What a restart ended with, when it ended with a server that runs. */
export interface Started {
  readonly backup: string;
  readonly drive: string;
  /** Null after a cold boot. */
  readonly snapshot: string | null;
}

/** Reads the result of an operation, which the store keeps as data; null when it is no restart that succeeded. */
export function startedBy(result: unknown): Started | null {
  if (typeof result !== 'object' || result === null || !('backup' in result) || !('drive' in result))
    return null;
  const { backup, drive } = result;
  if (typeof backup !== 'string' || typeof drive !== 'string') return null;
  const snapshot = 'snapshot' in result && typeof result.snapshot === 'string' ? result.snapshot : null;
  return { backup, drive, snapshot };
}

/** What the entries of a list in the result of a restart name: the snapshots that were tried, the machines in question. */
export function namedIn(result: unknown, list: 'tried', name: 'snapshot'): readonly string[];
export function namedIn(result: unknown, list: 'unproven', name: 'machine'): readonly string[];
export function namedIn(result: unknown, list: string, name: string): readonly string[] {
  const entries = fieldOf(result, list);
  if (!Array.isArray(entries)) return [];
  return entries.map((entry: unknown) => fieldOf(entry, name)).filter((text) => typeof text === 'string');
}

function fieldOf(data: unknown, name: string): unknown {
  return typeof data === 'object' && data !== null
    ? Object.entries(data).find(([key]) => key === name)?.[1]
    : null;
}
