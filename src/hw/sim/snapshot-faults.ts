/** How a snapshot that is about to be written will end, as the faults on machine and drive say. */
import { failure, strikeDrive, strikeMachine } from './call.js';
import type { FaultName } from './faults.js';
import type { RackState, SnapshotEnding } from './state.js';

interface Write {
  readonly snapshot: string;
  readonly drive: string;
}

/** The first that is set decides. */
const ENDINGS: readonly (readonly [FaultName, (write: Write) => SnapshotEnding])[] = [
  ['snapshot-stalls', () => ({ kind: 'stall' })],
  [
    'snapshot-fails',
    ({ snapshot, drive }) => ({
      kind: 'fail',
      failure: failure('refused', snapshot, `writing ${snapshot} to ${drive} broke off half way`),
      driveFails: false,
    }),
  ],
  [
    'drive-full',
    ({ snapshot, drive }) => ({
      kind: 'fail',
      failure: failure('no-space', drive, `${drive} ran full half way through ${snapshot}`),
      driveFails: false,
    }),
  ],
  [
    'drive-fails',
    ({ snapshot, drive }) => ({
      kind: 'fail',
      failure: failure('drive-failed', drive, `${drive} failed half way through ${snapshot}`),
      driveFails: true,
    }),
  ],
  ['snapshot-damaged', () => ({ kind: 'complete', damage: 'flipped' })],
  ['snapshot-truncated', () => ({ kind: 'complete', damage: 'truncated' })],
];

/** Uses up the fault that decides, on the machine before the drive. */
export function planEnding(
  state: RackState,
  machine: string,
  write: Write,
): { readonly state: RackState; readonly ending: SnapshotEnding } {
  for (const [name, ending] of ENDINGS) {
    const byMachine = strikeMachine(state, machine, name);
    if (byMachine.fault) return { state: byMachine.state, ending: ending(write) };
    const byDrive = strikeDrive(state, write.drive, name);
    if (byDrive.fault) return { state: byDrive.state, ending: ending(write) };
  }
  return { state, ending: { kind: 'complete', damage: null } };
}
