import type { StorageCapability } from '../../hw/contract.js';
import { bounded } from '../bounded.js';
import { messageUnlessCrash } from '../crash.js';
import type { Restart } from './job.js';

/** Whether machines still have access to a drive, as far as the drive says. */
export interface DriveAccess {
  readonly drive: string;
  readonly state: 'clear' | 'still-connected' | 'unreadable';
  /** Machines whose access was taken away. */
  readonly disconnected: readonly string[];
  /** Why it is not clear. */
  readonly reason: string;
}

/**
 * Takes the access of machines to one drive away and reads back that it is gone. Tries as often as the plan
 * allows, and never throws for hardware: a drive that does not answer is a result.
 */
export async function takeAccess(
  restart: Restart,
  machines: readonly string[],
  drive: string,
  signal: AbortSignal,
): Promise<DriveAccess> {
  const { attempts } = restart.plan.sequence.connect;
  for (let attempt = 1; ; attempt += 1) {
    const access = await takeOnce(restart, machines, drive, signal);
    if (access.state === 'clear' || attempt >= attempts || signal.aborted) return access;
  }
}

async function takeOnce(
  restart: Restart,
  machines: readonly string[],
  drive: string,
  signal: AbortSignal,
): Promise<DriveAccess> {
  const { timeoutMs } = restart.plan.sequence.connect;
  const end = await bounded((until) => disconnectAll(restart, machines, drive, until), {
    clock: restart.deps.clock,
    timeoutMs,
    abort: signal,
  });
  if (end.end === 'value') return end.value;
  const reason = end.error === undefined ? `no answer within ${timeoutMs} ms` : messageUnlessCrash(end.error);
  return { drive, state: 'unreadable', disconnected: [], reason };
}

async function disconnectAll(
  { ctx, hardware }: Restart,
  machines: readonly string[],
  drive: string,
  signal: AbortSignal,
): Promise<DriveAccess> {
  const storage = hardware.storage(drive);
  const connected = await connectedOf(storage, machines, signal);
  const refusals: string[] = [];
  for (const machine of connected) {
    try {
      await storage.disconnect({ operation: ctx.operation, signal, machine });
    } catch (error) {
      // Only the reading that follows says whether the access is gone.
      refusals.push(`: ${messageUnlessCrash(error)}`);
    }
  }
  const still = connected.length === 0 ? [] : await connectedOf(storage, machines, signal);
  const disconnected = connected.filter((machine) => !still.includes(machine));
  if (still.length === 0) return { drive, state: 'clear', disconnected, reason: '' };
  const reason = `${still.join(', ')} still has access to ${drive}${refusals.join('')}`;
  return { drive, state: 'still-connected', disconnected, reason };
}

async function connectedOf(
  storage: StorageCapability,
  machines: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const connections = await storage.connections(signal);
  return connections.filter((machine) => machines.includes(machine));
}

/** Long enough for all attempts of {@link takeAccess}, each with its grace. */
export function accessTimeoutMs({ plan }: Restart): number {
  const { timeoutMs, attempts } = plan.sequence.connect;
  return attempts * (timeoutMs + 5_000);
}
