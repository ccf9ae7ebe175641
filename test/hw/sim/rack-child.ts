/** A process that uses a rack in a file, for tests that kill it: `rack-child.ts FILE ROLE [COUNT]`. */
import { wallClock } from '../../../src/clock.js';
import { createRackControl, fileRack, simDriver } from '../../../src/hw/sim/index.js';
import { contractEntries } from '../contract-entries.js';

const [, , file = '', role = '', count = '0'] = process.argv;
const holder = fileRack({ file, clock: wallClock });
const control = createRackControl(holder);

async function mark(times: number): Promise<void> {
  for (let number = 1; number <= times; number += 1) {
    await control.apply({ kind: 'mark-memory', machine: 'web-1', mark: `${process.pid}/${number}` });
    console.log(number);
  }
}

/** Takes the rack and never lets go of it. */
async function hang(): Promise<void> {
  await holder.apply(() => {
    console.log('inside');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    throw new Error('unreachable');
  });
}

/** Begins a snapshot that nobody will wait for the end of. */
async function snapshot(): Promise<void> {
  const { active, bystander, backup, drives } = contractEntries();
  const open = simDriver({ holder, clock: wallClock }).open({
    machines: [active, bystander, backup],
    drives,
  });
  const { signal } = new AbortController();
  await open.machine('web-1').memory?.snapshot({
    operation: 'op-1',
    signal,
    snapshot: 's-1',
    server: 'web-1',
    drive: 'd1',
    onProgress: () => {
      console.log('begun');
    },
  });
}

switch (role) {
  case 'mark':
    await mark(Number(count));
    break;
  case 'hang':
    await hang();
    break;
  case 'snapshot':
    await snapshot();
    break;
  default:
    throw new Error(`no role ${role}`);
}
