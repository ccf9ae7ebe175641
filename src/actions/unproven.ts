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
