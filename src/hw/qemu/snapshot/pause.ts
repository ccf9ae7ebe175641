import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../clock.js';
import { HardwareError } from '../../contract.js';
import type { QmpConnection } from '../qmp/connection.js';
import type { Sink } from './sink.js';
import { freezeView, type ViewOrder } from './view.js';

/** How long QEMU's word that it could not send waits for the receiver's own; the server may stand still meanwhile. */
const SINK_SAYS_MS = 300;

export interface PauseOrder {
  readonly control: QmpConnection;
  readonly clock: Clock;
  readonly machine: string;
  readonly mode: 'background' | 'stop';
  /** What receives the memory. */
  readonly sink: Sink;
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
    await control.execute('migrate', { uri: order.sink.uri }, { signal });
    await untilProtected(order);
  } else {
    await control.execute('migrate', { uri: order.sink.uri }, { signal });
    await memorySent;
    await freezeView(control, view, signal);
  }
  await control.execute('cont', {}, { signal });
  return { takenAtMs, pausedMs: performance.now() - began, memorySent };
}

async function sent(order: PauseOrder): Promise<void> {
  const { control, signal } = order;
  const { data } = await control.next(
    ({ event, data: { status } }) =>
      event === 'MIGRATION' && (status === 'completed' || status === 'failed' || status === 'cancelled'),
    signal,
  );
  if (data.status === 'completed') return;
  throw await transferFailure(order);
}

/** When its connection broke QEMU knows no more than that; the one at the other end says why by itself. */
async function transferFailure(order: PauseOrder): Promise<unknown> {
  const { control, machine, sink, signal } = order;
  const { status, 'error-desc': said } = await control.execute('query-migrate', {}, { signal });
  const words = said ?? 'it gave no reason';
  const text = `${machine}: QEMU could not send the memory (${status ?? 'unknown'}): ${words}`;
  return (await failureOf(sink)) ?? new HardwareError('refused', machine, text);
}

/** Null when nothing is wrong with it. */
async function failureOf({ stored }: Sink): Promise<unknown> {
  const told = stored.then(
    () => null,
    (error: unknown) => error,
  );
  return Promise.race([told, sleep(SINK_SAYS_MS, null)]);
}

/** The first counted page says that the device state is saved and the memory protected: only then may it run on. */
async function untilProtected(order: PauseOrder): Promise<void> {
  const { control, signal } = order;
  for (;;) {
    const { status, ram } = await control.execute('query-migrate', {}, { signal });
    if (ram !== undefined && ram.normal + ram.duplicate > 0) return;
    if (status === 'completed') return;
    if (status === 'failed' || status === 'cancelled') throw await transferFailure(order);
    await nextTurn();
  }
}
