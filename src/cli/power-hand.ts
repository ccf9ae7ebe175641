import { resolve } from 'node:path';
import { wallClock } from '../clock.js';
import type { PolicySet } from '../engine/policy-set.js';
import { createDrivers } from '../hw/drivers.js';
import { proveOff } from '../hw/fence.js';
import { openHardware, type Hardware } from '../hw/index.js';
import { CliError, EXIT } from './exit.js';
import { requirePolicies } from './policies.js';
import type { Terminal } from './terminal.js';

/** What a hand does at the machine itself: on, off, and which of them it is. */
interface Hand {
  readonly policySet: PolicySet;
  readonly hardware: Hardware;
  readonly machine: string;
  readonly signal: AbortSignal;
}

const DEEDS = { on, off, state } as const;
const OPERATION = 'rekindle power';
const OFF_WITHIN_MS = 30_000;
const POLL_MS = 100;

/**
 * Does it, and says what became of it.
 * @throws {CliError} when the machine, or our own care, says no.
 */
export async function doByHand(
  terminal: Terminal,
  order: {
    readonly deed: keyof typeof DEEDS;
    readonly machine: string;
    readonly policies?: readonly string[];
    readonly stateDir: string;
  },
): Promise<string> {
  const { deed, machine } = order;
  const policySet = await requirePolicies(terminal, { paths: order.policies ?? [] });
  const stateDir = resolve(terminal.cwd, order.stateDir);
  const hardware = openHardware(policySet.inventory, createDrivers({ stateDir, clock: wallClock }));
  const { signal } = new AbortController();
  try {
    return `${machine} ${await DEEDS[deed]({ policySet, hardware, machine, signal })}`;
  } catch (error) {
    throw explained(error);
  } finally {
    await hardware.close();
  }
}

function explained(error: unknown): unknown {
  return error instanceof Error && error.name === 'HardwareError'
    ? new CliError(EXIT.failed, error.message)
    : error;
}

function state({ hardware, machine, signal }: Hand): Promise<string> {
  return hardware.power(machine).state(signal);
}

async function off({ hardware, machine, signal }: Hand): Promise<string> {
  const power = hardware.power(machine);
  await power.off({ operation: OPERATION, signal });
  const until = wallClock.monotonic() + OFF_WITHIN_MS;
  while ((await power.state(signal)) !== 'off') {
    if (wallClock.monotonic() > until) {
      throw new CliError(EXIT.failed, `${machine} accepted to switch off and still reads back as on`);
    }
    await wallClock.sleep(POLL_MS);
  }
  return 'off';
}

/** The same care as a restart's: a server that may run somewhere is not started a second time. */
async function on({ policySet, hardware, machine, signal }: Hand): Promise<string> {
  const { machines } = policySet.inventory;
  const drive = machines.get(machine)?.disk ?? null;
  if (drive === null) {
    throw new CliError(
      EXIT.failed,
      `${machine} is no active server with a disk of its own`,
      'a backup is started by a restart',
    );
  }
  for (const other of machines.keys()) {
    const guest = await hardware.power(other).guest(signal);
    if (guest?.server === machine) throw new CliError(EXIT.failed, `${machine} runs already, on ${other}`);
  }
  const power = hardware.power(machine);
  const proof = await proveOff(
    { machine, server: machine, operation: OPERATION, power, clock: wallClock },
    signal,
  );
  await power.boot({ operation: OPERATION, signal, server: machine, drive, proof });
  return `on, from ${drive}`;
}
