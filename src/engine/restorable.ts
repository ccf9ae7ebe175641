import type { PolicySet } from './policy-set.js';
import { REASONS, type ReasonCode } from './reasons.js';
import type { SnapshotView, View } from './view.js';
import { driveState } from './world.js';

/** Why a snapshot may not be started. */
export interface Unfit {
  readonly reason: ReasonCode;
  readonly text: string;
}

export function unfit(reason: ReasonCode, text: string = REASONS[reason]): Unfit {
  return { reason, text };
}

/**
 * Why nobody could be restarted from a snapshot as things stand, whatever a policy says; null when a restart
 * could use it. Selection, retention and placement ask this one question, so that what is kept and what is
 * protected is what would be started.
 */
export function unrestorable(policySet: PolicySet, view: View, row: SnapshotView): Unfit | null {
  if (row.state !== 'complete') return unfit('not-complete', `its state is ${row.state}`);
  if (row.verified === 'failed') return unfit('verification-failed');
  const drive = policySet.inventory.drives.get(row.drive);
  if (drive === undefined) return unfit('drive-missing');
  const state = driveState(view, drive, policySet.inventory);
  if (state.health === 'failed') return unfit('drive-failed');
  if (state.role === 'quarantined') return unfit('quarantined');
  if (state.role === 'active' && state.server !== row.server) {
    return unfit('drive-in-use', `${state.server ?? 'another server'} runs from ${row.drive}`);
  }
  return null;
}
