/** How a snapshot that is about to be written will end, as the faults on machine and drive say. */
import { failure, strikeDrive, strikeMachine } from './call.js';
import type { FaultName } from './faults.js';
import type { RackState, SnapshotEnding } from './state.js';

interface Write {
  readonly snapshot: string;
  readonly drive: string;
}

/** The first that is set decides. `percent` is the value of the fault. */
const ENDINGS: readonly (readonly [FaultName, (write: Write, percent: number) => SnapshotEnding])[] = [
  ['snapshot-stalls', () => ({ kind: 'stall' })],
  [
    'snapshot-fails',
    ({ snapshot, drive }, percent) => ({
      ...brokenOff(percent),
      failure: failure('refused', snapshot, `writing ${snapshot} to ${drive} broke off at ${percent} %`),
    }),
  ],
  [
    'drive-full',
    ({ snapshot, drive }, percent) => ({
      ...brokenOff(percent),
      failure: failure('no-space', drive, `${drive} ran full at ${percent} % of ${snapshot}`),
    }),
  ],
  [
    'drive-fails',
    ({ snapshot, drive }, percent) => ({
      ...brokenOff(percent),
      failure: failure('drive-failed', drive, `${drive} failed at ${percent} % of ${snapshot}`),
      driveFails: true,
    }),
  ],
  ['snapshot-damaged', () => ({ kind: 'complete', damage: 'flipped' })],
  ['snapshot-truncated', () => ({ kind: 'complete', damage: 'truncated' })],
];

function brokenOff(percent: number) {
  return { kind: 'fail', driveFails: false, atShare: percent / 100 } as const;
}

/** Uses up the fault that decides, on the machine before the drive. */
export function planEnding(
  state: RackState,
  machine: string,
  write: Write,
): { readonly state: RackState; readonly ending: SnapshotEnding } {
  for (const [name, ending] of ENDINGS) {
    const byMachine = strikeMachine(state, machine, name);
    if (byMachine.fault) return { state: byMachine.state, ending: ending(write, byMachine.fault.value) };
    const byDrive = strikeDrive(state, write.drive, name);
    if (byDrive.fault) return { state: byDrive.state, ending: ending(write, byDrive.fault.value) };
  }
  return { state, ending: { kind: 'complete', damage: null } };
}
