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

/** The snapshots that a restart tried in vain. */
export function triedBy(result: unknown): readonly string[] {
  if (typeof result !== 'object' || result === null || !('tried' in result)) return [];
  return Array.isArray(result.tried) ? result.tried.flatMap(snapshotOf) : [];
}

function snapshotOf(entry: unknown): readonly string[] {
  const isNamed = typeof entry === 'object' && entry !== null && 'snapshot' in entry;
  return isNamed && typeof entry.snapshot === 'string' ? [entry.snapshot] : [];
}
