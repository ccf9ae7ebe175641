import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../clock.js';
import { HardwareError } from '../../contract.js';
import type { QmpConnection } from '../qmp/connection.js';
import { freezeView, type ViewOrder } from './view.js';

export interface PauseOrder {
  readonly control: QmpConnection;
  readonly clock: Clock;
  readonly machine: string;
  readonly mode: 'background' | 'stop';
  readonly memoryUri: string;
  readonly view: ViewOrder;
  /** Ends the waiting; the caller then lets the server run on. */
  readonly signal: AbortSignal;
}

/** The one instant of which memory and disk are. */
export interface Instant {
  readonly takenAtMs: number;
  readonly pausedMs: number;
  /** Resolves when QEMU has sent all of the memory. */
  readonly memorySent: Promise<void>;
}

/**
 * Pauses the server, freezes memory and disk of that instant, and lets it run on.
 *
 * With `background` QEMU write-protects the memory and saves it while the server runs. With `stop` it saves it
 * while the server stands still. There the view of the disk comes after the memory: QEMU gives up all write access
 * to disks at the end of a transfer, and could not while the filter demands it.
 */
export async function freeze(order: PauseOrder): Promise<Instant> {
  const { control, clock, view, signal } = order;
  const began = performance.now();
  const memorySent = sent(order);
  // A freeze that fails before anybody looks at it must not end the process.
  memorySent.catch(() => undefined);
  await control.execute('stop', {}, { signal });
  const takenAtMs = clock.now();
  if (order.mode === 'background') {
    await freezeView(control, view, signal);
    await control.execute('migrate', { uri: order.memoryUri }, { signal });
    await untilProtected(order);
  } else {
    await control.execute('migrate', { uri: order.memoryUri }, { signal });
    await memorySent;
    await freezeView(control, view, signal);
  }
  await control.execute('cont', {}, { signal });
  return { takenAtMs, pausedMs: performance.now() - began, memorySent };
}

async function sent({ control, machine, signal }: PauseOrder): Promise<void> {
  const { data } = await control.next(
    ({ event, data: { status } }) =>
      event === 'MIGRATION' && (status === 'completed' || status === 'failed' || status === 'cancelled'),
    signal,
  );
  if (data.status === 'completed') return;
  throw await transferFailure(control, machine, signal);
}

async function transferFailure(
  control: QmpConnection,
  machine: string,
  signal: AbortSignal,
): Promise<HardwareError> {
  const { status, 'error-desc': said } = await control.execute('query-migrate', {}, { signal });
  const words = said ?? 'it gave no reason';
  const text = `${machine}: QEMU could not send the memory (${status ?? 'unknown'}): ${words}`;
  return new HardwareError('refused', machine, text);
}

/** The first counted page says that the device state is saved and the memory protected: only then may it run on. */
async function untilProtected({ control, machine, signal }: PauseOrder): Promise<void> {
  for (;;) {
    const { status, ram } = await control.execute('query-migrate', {}, { signal });
    if (ram !== undefined && ram.normal + ram.duplicate > 0) return;
    if (status === 'completed') return;
    if (status === 'failed' || status === 'cancelled') throw await transferFailure(control, machine, signal);
    await nextTurn();
  }
}
