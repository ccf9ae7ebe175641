/**
 * What every driver promises, stated once and run against each. A driver's own test file calls
 * {@link testDriverContract} with a rig of its hardware and adds what is special to it.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Clock } from '../../src/clock.js';
import {
  HardwareError,
  type Driver,
  type DriveEntry,
  type DriverEntries,
  type HardwareErrorCode,
  type MemoryCapability,
  type OpenDriver,
  type PowerCapability,
  type SnapshotManifest,
  type StorageCapability,
} from '../../src/hw/contract.js';
import { PROOF_VALID_MS, proveOff, type FenceProof } from '../../src/hw/fence.js';
import type { ContractEntries } from './contract-entries.js';

/** The hardware that a driver is tried on. */
export interface DriverRig extends ContractEntries {
  readonly driver: Driver;
  readonly clock: Clock;
  /** Lets the rack's time pass until the work ends. */
  readonly run: <T>(work: Promise<T>) => Promise<T>;
  /** Lets so much of the rack's time pass. */
  pass(ms: number): Promise<void>;
  /**
   * Asks what runs on the machine, past the driver: how far it has counted in memory since it was booted, and
   * whether the count that it keeps on its disk is the same. Null when nothing runs.
   */
  ask(machine: string): Promise<{ readonly counted: number; readonly diskAgrees: boolean } | null>;
  close(): Promise<void>;
}

const NEVER = new AbortController().signal;

/** States the contract for one driver. `setup` builds a fresh rig for every test. */
export function testDriverContract(name: string, setup: () => Promise<DriverRig>): void {
  describe(`${name} keeps the driver contract`, () => {
    let rig: DriverRig;
    let open: OpenDriver;

    beforeEach(async () => {
      rig = await setup();
      open = rig.driver.open(entriesOf(rig));
    });
    afterEach(async () => {
      await open.close();
      await rig.close();
    });

    const power = (machine: string): PowerCapability => present(open.machine(machine).power);
    const memory = (machine: string): MemoryCapability => present(open.machine(machine).memory);
    const storage = (drive: string): StorageCapability => present(open.drive(drive).storage);
    const codeOf = (work: Promise<unknown>): Promise<HardwareErrorCode> => hardwareCode(rig.run(work));

    const order = (operation = 'op-1', signal = NEVER): { operation: string; signal: AbortSignal } => ({
      operation,
      signal,
    });
    const orderSnapshot = (snapshot: string, drive: DriveEntry): Promise<SnapshotManifest> =>
      memory(rig.active.name).snapshot({ ...order(), snapshot, server: rig.active.name, drive: drive.name });
    const takeSnapshot = (snapshot: string, drive: DriveEntry): Promise<SnapshotManifest> =>
      rig.run(orderSnapshot(snapshot, drive));
    const readUntilOff = async (machine: string): Promise<void> => {
      while ((await rig.run(power(machine).state(NEVER))) !== 'off') await rig.pass(20);
    };
    const prove = (operation = 'op-1', server = rig.active.name): Promise<FenceProof> =>
      rig.run(
        proveOff(
          {
            machine: rig.active.name,
            server,
            operation,
            power: power(rig.active.name),
            clock: rig.clock,
          },
          NEVER,
        ),
      );
    const fence = async (operation = 'op-1'): Promise<FenceProof> => {
      await rig.run(power(rig.active.name).off(order(operation)));
      await readUntilOff(rig.active.name);
      await rig.run(storage(rig.active.disk).disconnect({ ...order(operation), machine: rig.active.name }));
      return prove(operation);
    };
    const connectBackup = (drive: string): Promise<void> =>
      rig.run(storage(drive).connect({ ...order(), machine: rig.backup.name }));
    const resumeOrder = (proof: FenceProof, snapshot: string): Parameters<MemoryCapability['resume']>[0] => ({
      ...order(),
      server: rig.active.name,
      snapshot,
      drive: rig.first.name,
      proof,
    });
    const counted = async (machine: string): Promise<number> => present(await rig.ask(machine)).counted;

    describe('what it declares', () => {
      it('gives every machine and drive exactly the capabilities that it declares', () => {
        const machine = open.machine(rig.active.name);
        const drive = open.drive(rig.first.name);
        expect({
          power: machine.power !== undefined,
          memory: machine.memory !== undefined,
          storage: drive.storage !== undefined,
        }).toEqual({
          power: rig.driver.capabilities.has('power'),
          memory: rig.driver.capabilities.has('memory'),
          storage: rig.driver.capabilities.has('storage'),
        });
      });

      it('serves no machine and no drive outside its entries', async () => {
        expect(await hardwareCode(attempt(() => open.machine('nobody')))).toBe('unknown-name');
        expect(await hardwareCode(attempt(() => open.drive('nothing')))).toBe('unknown-name');
      });

      it.each(['machine', 'drive'] as const)('accepts no unknown setting of a %s', (kind) => {
        const accepts = new Ajv2020({ strict: true }).compile(rig.driver.settings[kind]);
        expect([accepts({}), accepts({ noSuchSetting: 1 })]).toEqual([true, false]);
      });

      it('opens again on hardware that goes on as it was', async () => {
        await rig.pass(500);
        const before = await counted(rig.active.name);
        await open.close();
        open = rig.driver.open(entriesOf(rig));
        expect(await rig.run(power(rig.active.name).state(NEVER))).toBe('on');
        expect(await counted(rig.active.name)).toBeGreaterThanOrEqual(before);
      });
    });

    describe('power', () => {
      it('reads a running machine as on and an idle backup as off', async () => {
        expect(await rig.run(power(rig.active.name).state(NEVER))).toBe('on');
        expect(await rig.run(power(rig.backup.name).state(NEVER))).toBe('off');
      });

      it('turns a machine off, in time', async () => {
        await rig.run(power(rig.active.name).off(order()));
        await readUntilOff(rig.active.name);
        expect(await rig.ask(rig.active.name)).toBeNull();
      });

      it('takes off for a success when the machine is off', async () => {
        await rig.run(power(rig.backup.name).off(order()));
        expect(await rig.run(power(rig.backup.name).state(NEVER))).toBe('off');
      });

      it('leaves other machines on', async () => {
        await rig.run(power(rig.active.name).off(order()));
        await readUntilOff(rig.active.name);
        expect(await rig.run(power(rig.bystander.name).state(NEVER))).toBe('on');
      });

      it('sees which server runs, and its signs of life going on', async () => {
        await rig.pass(500);
        const early = await rig.run(power(rig.active.name).guest(NEVER));
        await rig.pass(2_000);
        const late = await rig.run(power(rig.active.name).guest(NEVER));
        expect([early?.server, late?.server]).toEqual([rig.active.name, rig.active.name]);
        expect(present(late?.heartbeatAt)).toBeGreaterThan(present(early?.heartbeatAt));
      });

      it('sees nothing on a machine that is off', async () => {
        expect(await rig.run(power(rig.backup.name).guest(NEVER))).toBeNull();
      });

      it('does nothing for an order that was given up before', async () => {
        const givenUp = AbortSignal.abort(new Error('too late'));
        expect(await codeOf(power(rig.active.name).off(order('op-1', givenUp)))).toBe('aborted');
        expect(await rig.run(power(rig.active.name).state(NEVER))).toBe('on');
      });
    });

    describe('access to drives', () => {
      it('reads back who is connected', async () => {
        expect(await rig.run(storage(rig.active.disk).connections(NEVER))).toEqual([rig.active.name]);
        expect(await rig.run(storage(rig.first.name).connections(NEVER))).toEqual([]);
      });

      it('connects once, however often it is asked', async () => {
        await connectBackup(rig.first.name);
        await connectBackup(rig.first.name);
        expect(await rig.run(storage(rig.first.name).connections(NEVER))).toEqual([rig.backup.name]);
      });

      it('disconnects once, however often it is asked', async () => {
        await connectBackup(rig.first.name);
        for (const operation of ['op-1', 'op-1', 'op-2']) {
          await rig.run(
            storage(rig.first.name).disconnect({ ...order(operation), machine: rig.backup.name }),
          );
        }
        expect(await rig.run(storage(rig.first.name).connections(NEVER))).toEqual([]);
      });

      it('connects no machine to a drive that it has no path to', async () => {
        expect(
          await codeOf(storage(rig.outOfReach.name).connect({ ...order(), machine: rig.backup.name })),
        ).toBe('no-path');
      });

      it('tells capacity, free space and health', async () => {
        const status = await rig.run(storage(rig.first.name).status(NEVER));
        expect(status).toMatchObject({ capacityBytes: rig.first.capacityBytes, health: 'ok' });
        expect(status.freeBytes).toBeGreaterThan(0);
        expect(status.freeBytes).toBeLessThanOrEqual(status.capacityBytes);
      });
    });

    describe('snapshots', () => {
      it('are described by a manifest that can be read again', async () => {
        const manifest = await takeSnapshot('s-1', rig.first);
        expect(manifest).toMatchObject({
          snapshot: 's-1',
          server: rig.active.name,
          drive: rig.first.name,
          memoryBytes: expect.any(Number) as number,
          diskBytes: expect.any(Number) as number,
          checksum: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
        });
        expect(await rig.run(storage(rig.first.name).inspect('s-1', NEVER))).toEqual(manifest);
      });

      it('are of an instant between the order and its end', async () => {
        await rig.pass(100);
        const before = rig.clock.now();
        const { takenAtMs } = await takeSnapshot('s-1', rig.first);
        expect(takenAtMs).toBeGreaterThanOrEqual(before);
        expect(takenAtMs).toBeLessThanOrEqual(rig.clock.now());
      });

      it('verify against their checksum', async () => {
        await takeSnapshot('s-1', rig.first);
        expect(await rig.run(storage(rig.first.name).verify('s-1', NEVER))).toBe('ok');
      });

      it('take space on their drive and give it back when discarded', async () => {
        const before = await rig.run(storage(rig.first.name).status(NEVER));
        await takeSnapshot('s-1', rig.first);
        const during = await rig.run(storage(rig.first.name).status(NEVER));
        await rig.run(storage(rig.first.name).discard({ ...order(), snapshot: 's-1' }));
        const after = await rig.run(storage(rig.first.name).status(NEVER));
        expect(during.freeBytes).toBeLessThan(before.freeBytes);
        expect(after.freeBytes).toBe(before.freeBytes);
      });

      it('tell how far they are, growing, up to all of it', async () => {
        const shares: number[] = [];
        await rig.run(
          memory(rig.active.name).snapshot({
            ...order(),
            snapshot: 's-1',
            server: rig.active.name,
            drive: rig.first.name,
            onProgress: (share) => shares.push(share),
          }),
        );
        expect(shares).toEqual([...new Set(shares)].sort((a, b) => a - b));
        expect(shares.length).toBeGreaterThan(1);
        expect(shares.at(-1)).toBe(1);
      });

      it('leave the server running', async () => {
        const before = await counted(rig.active.name);
        await takeSnapshot('s-1', rig.first);
        await rig.pass(500);
        expect(await counted(rig.active.name)).toBeGreaterThan(before);
      });

      it('are not taken twice under one id', async () => {
        const once = await takeSnapshot('s-1', rig.first);
        await rig.pass(500);
        expect(await takeSnapshot('s-1', rig.first)).toEqual(once);
      });

      it('stand beside each other on their drives', async () => {
        const previous = await takeSnapshot('s-1', rig.first);
        await rig.pass(500);
        const additional = await takeSnapshot('s-2', rig.second);
        expect(additional.checksum).not.toBe(previous.checksum);
        expect(await rig.run(storage(rig.first.name).inspect('s-1', NEVER))).toEqual(previous);
        expect(await rig.run(storage(rig.first.name).inspect('s-2', NEVER))).toBe('absent');
      });

      it('are absent before they are taken and after they are discarded, however often', async () => {
        expect(await rig.run(storage(rig.first.name).inspect('s-1', NEVER))).toBe('absent');
        await takeSnapshot('s-1', rig.first);
        for (const operation of ['op-1', 'op-1', 'op-2']) {
          await rig.run(storage(rig.first.name).discard({ ...order(operation), snapshot: 's-1' }));
        }
        expect(await rig.run(storage(rig.first.name).inspect('s-1', NEVER))).toBe('absent');
        expect(await rig.run(storage(rig.first.name).verify('s-1', NEVER))).toBe('absent');
      });

      it('leave nothing behind when they are given up half way, and the server running', async () => {
        const giveUp = new AbortController();
        const before = await counted(rig.active.name);
        const snapshot = memory(rig.active.name).snapshot({
          ...order('op-1', giveUp.signal),
          snapshot: 's-1',
          server: rig.active.name,
          drive: rig.first.name,
          onProgress: (share) => {
            if (share > 0) giveUp.abort(new Error('deadline'));
          },
        });
        expect(await codeOf(snapshot)).toBe('aborted');
        expect(await rig.run(storage(rig.first.name).inspect('s-1', NEVER))).toBe('absent');
        await rig.pass(500);
        expect(await counted(rig.active.name)).toBeGreaterThan(before);
      });

      it('cannot go to a drive without a path', async () => {
        expect(await codeOf(orderSnapshot('s-1', rig.outOfReach))).toBe('no-path');
      });

      it('cannot be taken of a server that does not run there', async () => {
        const snapshot = memory(rig.backup.name).snapshot({
          ...order(),
          snapshot: 's-1',
          server: rig.active.name,
          drive: rig.first.name,
        });
        expect(await codeOf(snapshot)).toBe('refused');
        expect(await rig.run(storage(rig.first.name).inspect('s-1', NEVER))).toBe('absent');
      });
    });

    describe('a takeover', () => {
      it('goes on from the memory of the snapshot, with the disk of the same instant', async () => {
        await rig.pass(2_000);
        const atSnapshot = await counted(rig.active.name);
        await takeSnapshot('s-1', rig.first);
        await rig.pass(10_000);
        const atFailure = await counted(rig.active.name);
        const proof = await fence();
        await connectBackup(rig.first.name);
        await rig.run(memory(rig.backup.name).resume(resumeOrder(proof, 's-1')));
        const woken = present(await rig.ask(rig.backup.name));
        expect(woken.diskAgrees).toBe(true);
        expect(woken.counted).toBeGreaterThanOrEqual(atSnapshot);
        expect(woken.counted).toBeLessThan(atFailure);
        await rig.pass(500);
        expect(await counted(rig.backup.name)).toBeGreaterThan(woken.counted);
      });

      it('shows the server on the backup, alive', async () => {
        await takeSnapshot('s-1', rig.first);
        const proof = await fence();
        await connectBackup(rig.first.name);
        const orderedAt = rig.clock.now();
        await rig.run(memory(rig.backup.name).resume(resumeOrder(proof, 's-1')));
        await rig.pass(1_000);
        const guest = await rig.run(power(rig.backup.name).guest(NEVER));
        expect(guest?.server).toBe(rig.active.name);
        expect(present(guest?.heartbeatAt)).toBeGreaterThanOrEqual(orderedAt);
      });

      it('keeps the snapshot that it started from', async () => {
        const manifest = await takeSnapshot('s-1', rig.first);
        const proof = await fence();
        await connectBackup(rig.first.name);
        await rig.run(memory(rig.backup.name).resume(resumeOrder(proof, 's-1')));
        await rig.pass(500);
        expect(await rig.run(storage(rig.first.name).inspect('s-1', NEVER))).toEqual(manifest);
        expect(await rig.run(storage(rig.first.name).verify('s-1', NEVER))).toBe('ok');
      });

      it('does not start over when it is ordered again by the same operation', async () => {
        await takeSnapshot('s-1', rig.first);
        const proof = await fence();
        await connectBackup(rig.first.name);
        await rig.run(memory(rig.backup.name).resume(resumeOrder(proof, 's-1')));
        await rig.pass(500);
        const before = await counted(rig.backup.name);
        await rig.run(memory(rig.backup.name).resume(resumeOrder(await prove(), 's-1')));
        expect(await counted(rig.backup.name)).toBeGreaterThanOrEqual(before);
      });

      it('can be undone and tried again from the same snapshot', async () => {
        await takeSnapshot('s-1', rig.first);
        const proof = await fence();
        await connectBackup(rig.first.name);
        await rig.run(memory(rig.backup.name).resume(resumeOrder(proof, 's-1')));
        await rig.run(power(rig.backup.name).off(order()));
        await readUntilOff(rig.backup.name);
        await rig.run(memory(rig.backup.name).resume(resumeOrder(await prove(), 's-1')));
        expect(present(await rig.ask(rig.backup.name)).diskAgrees).toBe(true);
      });

      it('is refused on a machine that runs another server', async () => {
        await takeSnapshot('s-1', rig.first);
        const proof = await fence();
        const resumed = memory(rig.bystander.name).resume(resumeOrder(proof, 's-1'));
        expect(await codeOf(resumed)).toBe('refused');
      });

      it('needs the machine connected to the drive', async () => {
        await takeSnapshot('s-1', rig.first);
        const proof = await fence();
        const resumed = memory(rig.backup.name).resume(resumeOrder(proof, 's-1'));
        expect(await codeOf(resumed)).toBe('not-connected');
        expect(await rig.run(power(rig.backup.name).state(NEVER))).toBe('off');
      });

      it('needs a complete snapshot', async () => {
        const proof = await fence();
        await connectBackup(rig.first.name);
        expect(await codeOf(memory(rig.backup.name).resume(resumeOrder(proof, 's-1')))).toBe('absent');
        expect(await rig.run(power(rig.backup.name).state(NEVER))).toBe('off');
      });

      it('does nothing when it was given up before', async () => {
        await takeSnapshot('s-1', rig.first);
        const proof = await fence();
        await connectBackup(rig.first.name);
        const signal = AbortSignal.abort(new Error('too late'));
        const resumed = memory(rig.backup.name).resume({ ...resumeOrder(proof, 's-1'), signal });
        expect(await codeOf(resumed)).toBe('aborted');
        expect(await rig.run(power(rig.backup.name).state(NEVER))).toBe('off');
      });
    });

    describe('a cold boot', () => {
      const bootOrder = (proof: FenceProof): Parameters<PowerCapability['boot']>[0] => ({
        ...order(),
        server: rig.active.name,
        drive: rig.active.disk,
        proof,
      });

      it('goes on with the disk and begins with new memory', async () => {
        await rig.pass(10_000);
        const atFailure = await counted(rig.active.name);
        const proof = await fence();
        await connectBackup(rig.active.disk);
        await rig.run(power(rig.backup.name).boot(bootOrder(proof)));
        await rig.pass(1_000);
        const booted = present(await rig.ask(rig.backup.name));
        expect(booted.counted).toBeLessThan(atFailure);
        expect(booted.diskAgrees).toBe(true);
      });

      it('does not start over when it is ordered again by the same operation', async () => {
        const proof = await fence();
        await connectBackup(rig.active.disk);
        await rig.run(power(rig.backup.name).boot(bootOrder(proof)));
        await rig.pass(2_000);
        const before = await counted(rig.backup.name);
        await rig.run(power(rig.backup.name).boot(bootOrder(await prove())));
        expect(await counted(rig.backup.name)).toBeGreaterThanOrEqual(before);
      });

      it('needs the machine connected to the drive', async () => {
        const proof = await fence();
        expect(await codeOf(power(rig.backup.name).boot(bootOrder(proof)))).toBe('not-connected');
      });
    });

    describe('without a proof that covers it', () => {
      const startWith = async (proof: FenceProof): Promise<HardwareErrorCode[]> => [
        await codeOf(memory(rig.backup.name).resume(resumeOrder(proof, 's-1'))),
        await codeOf(
          power(rig.backup.name).boot({
            ...order(),
            server: rig.active.name,
            drive: rig.first.name,
            proof,
          }),
        ),
      ];

      beforeEach(async () => {
        await takeSnapshot('s-1', rig.first);
        await fence();
        await connectBackup(rig.first.name);
      });
      afterEach(async () => {
        expect(await rig.run(power(rig.backup.name).state(NEVER))).toBe('off');
      });

      it('starts nothing on a proof of another operation', async () => {
        expect(await startWith(await prove('op-2'))).toEqual(['unfenced', 'unfenced']);
      });

      it('starts nothing on a proof of another server', async () => {
        expect(await startWith(await prove('op-1', rig.bystander.name))).toEqual(['unfenced', 'unfenced']);
      });

      it('starts nothing on a proof that has expired', async () => {
        const proof = await prove();
        await rig.pass(PROOF_VALID_MS + 1);
        expect(await startWith(proof)).toEqual(['unfenced', 'unfenced']);
      });
    });
  });
}

function entriesOf({ active, bystander, backup, drives }: DriverRig): DriverEntries {
  return { machines: [active, bystander, backup], drives };
}

function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('expected something, found nothing');
  return value;
}

async function attempt<T>(work: () => T): Promise<T> {
  return work();
}

/** The code of the HardwareError that the work must end with. */
export async function hardwareCode(work: Promise<unknown>): Promise<HardwareErrorCode> {
  try {
    await work;
  } catch (error) {
    if (error instanceof HardwareError) return error.code;
    throw error;
  }
  throw new Error('expected a HardwareError, found success');
}
