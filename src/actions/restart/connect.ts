import { HardwareError } from '../../hw/contract.js';
import { outcomeOf, type Outcome } from '../action.js';
import { StepRefusal } from '../context.js';
import type { Sound } from './inspect.js';
import type { Isolated } from './isolate.js';
import type { Restart } from './job.js';
import type { Attempt } from './reserve.js';

const CONNECTED: unique symbol = Symbol('only connect() makes it');

/** The backup, and nobody else, has access to the drive. */
export interface Connected {
  readonly [CONNECTED]: true;
  readonly isolated: Isolated;
  readonly attempt: Attempt;
}

/** Step 8, first half: the drive is connected to the backup, and reads back as connected to it alone. */
export async function connect(
  restart: Restart,
  isolated: Isolated,
  sound: Sound,
): Promise<Outcome<Connected>> {
  const { ctx, plan } = restart;
  const { attempt } = sound;
  const { timeoutMs, attempts } = plan.sequence.connect;
  ctx.note({ methodStep: 8, message: `connecting ${attempt.drive} to ${attempt.backup}` });
  const connected = await outcomeOf(
    ctx.step(`${attempt.name}/connect`, (signal) => connectAlone(restart, attempt, signal), {
      timeoutMs,
      attempts,
    }),
  );
  return connected.ok ? { ok: true, value: { [CONNECTED]: true, isolated, attempt } } : connected;
}

async function connectAlone(
  restart: Restart,
  { drive, backup }: Attempt,
  signal: AbortSignal,
): Promise<null> {
  const { ctx, hardware } = restart;
  const storage = hardware.storage(drive);
  assertNoOther(drive, backup, await storage.connections(signal));
  const refusal = await answerOf(storage.connect({ operation: ctx.operation, signal, machine: backup }));
  // An order that was not answered may have been carried out: only the reading says.
  const connections = await storage.connections(signal);
  assertNoOther(drive, backup, connections);
  if (connections.includes(backup)) return null;
  if (refusal !== null) throw refusal;
  throw new StepRefusal(
    'not-connected',
    drive,
    `${drive} accepted to connect ${backup} and does not list it among [${connections.join(', ')}]`,
    { retry: true },
  );
}

async function answerOf(order: Promise<void>): Promise<HardwareError | null> {
  try {
    await order;
    return null;
  } catch (error) {
    if (error instanceof HardwareError) return error;
    throw error;
  }
}

function assertNoOther(drive: string, backup: string, connections: readonly string[]): void {
  const others = connections.filter((machine) => machine !== backup);
  if (others.length === 0) return;
  throw new StepRefusal(
    'drive-in-use',
    drive,
    `${others.join(', ')} has access to ${drive}; take it away first`,
  );
}
