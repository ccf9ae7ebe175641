import type {
  HardwareErrorCode,
  MemoryCapability,
  PowerCapability,
  SnapshotManifest,
  StorageCapability,
} from '../../../src/hw/contract.js';
import { proveOff, type FenceProof } from '../../../src/hw/fence.js';
import { misbehave, type RackControl, type RackState } from '../../../src/hw/sim/index.js';
import { hardwareCode } from '../driver-contract.js';
import { simRig, type SimRig } from './rig.js';

/** A running rack with web-1 on disk-1, web-2 on disk-2, the backup spare-1 and the drives d1 and d2. */
export interface World {
  readonly rig: SimRig;
  readonly control: RackControl;
  readonly signal: AbortSignal;
  power(machine: string): PowerCapability;
  memory(machine: string): MemoryCapability;
  storage(drive: string): StorageCapability;
  readonly run: <T>(work: Promise<T>) => Promise<T>;
  /** The code of the error that the work ends with. */
  codeOf(work: Promise<unknown>): Promise<HardwareErrorCode>;
  /** Sets a fault as a scenario writes it. */
  misbehave(target: string, fault: string): Promise<void>;
  snapshot(id: string, drive: string, options?: SnapshotOptions): Promise<SnapshotManifest>;
  off(machine: string, operation?: string): Promise<void>;
  state(machine: string): Promise<'on' | 'off'>;
  prove(machine: string, operation?: string): Promise<FenceProof>;
  connect(drive: string, machine: string): Promise<void>;
  disconnect(drive: string, machine: string): Promise<void>;
  /** Wakes web-1 from a snapshot on a connected drive. */
  resume(machine: string, snapshot: string, drive: string, proof: FenceProof): Promise<void>;
  boot(machine: string, drive: string, proof: FenceProof): Promise<void>;
  rack(): Promise<RackState>;
}

interface SnapshotOptions {
  readonly machine?: string;
  readonly server?: string;
  readonly signal?: AbortSignal;
}

/** A fresh world; `clock` and `holder` as {@link simRig} makes them. */
export async function simWorld(rig: SimRig = simRig()): Promise<World> {
  const { active, bystander, backup, drives, control, clock } = rig;
  const open = rig.driver.open({ machines: [active, bystander, backup], drives });
  const { signal } = new AbortController();
  const order = { operation: 'op-1', signal };
  const power = (machine: string): PowerCapability => given(open.machine(machine).power);
  const memory = (machine: string): MemoryCapability => given(open.machine(machine).memory);
  const storage = (drive: string): StorageCapability => given(open.drive(drive).storage);
  // The rack must have been filled before a test reaches into it.
  await rig.run(power('web-1').state(signal));
  return {
    rig,
    control,
    signal,
    power,
    memory,
    storage,
    run: rig.run,
    codeOf: (work) => hardwareCode(rig.run(work)),
    async misbehave(target, fault) {
      const parsed = misbehave(target, fault);
      if (!parsed.ok) throw new Error(parsed.message);
      await control.apply(parsed.command);
    },
    snapshot: (snapshot, drive, { machine = 'web-1', server = 'web-1', ...own } = {}) =>
      memory(machine).snapshot({ ...order, ...own, snapshot, server, drive }),
    off: (machine, operation = 'op-1') => power(machine).off({ operation, signal }),
    state: (machine) => power(machine).state(signal),
    prove: (machine, operation = 'op-1') =>
      proveOff({ machine, server: 'web-1', operation, power: power(machine), clock }, signal),
    connect: (drive, machine) => storage(drive).connect({ ...order, machine }),
    disconnect: (drive, machine) => storage(drive).disconnect({ ...order, machine }),
    resume: (machine, snapshot, drive, proof) =>
      memory(machine).resume({ ...order, server: 'web-1', snapshot, drive, proof }),
    boot: (machine, drive, proof) => power(machine).boot({ ...order, server: 'web-1', drive, proof }),
    rack: () => control.state(),
  };
}

/** Turns web-1 off, takes its disk away and connects `drive` to spare-1: all but the start. */
export async function fenceAndConnect(world: World, drive: string): Promise<FenceProof> {
  const { run } = world;
  await run(world.off('web-1'));
  await world.rig.pass(100);
  const proof = await run(world.prove('web-1'));
  await run(world.disconnect('disk-1', 'web-1'));
  await run(world.connect(drive, 'spare-1'));
  return proof;
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the sim driver has every capability');
  return value;
}
