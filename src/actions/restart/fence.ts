import { proveOff, type FenceProof } from '../../hw/fence.js';
import { HardwareError } from '../../hw/contract.js';
import { outcomeOf, type Outcome } from '../action.js';
import { StepRefusal } from '../context.js';
import { messageUnlessCrash } from '../crash.js';
import { MARGIN_MS, RESTART_CODES, type Restart } from './job.js';
import { powerOff } from './power-off.js';

const FENCED: unique symbol = Symbol('only fence() makes it');

/**
 * The failed server's machine, and every other that may run the server, was switched off and read back as off
 * in this operation. It says that the fence was done, not that it still holds: starting reads back once more.
 */
export interface Fenced {
  readonly [FENCED]: true;
  readonly machines: readonly string[];
}

/** Switches off and reads back every machine that may run the server. `name` begins the names of the steps. */
export async function fence(restart: Restart, name: string): Promise<Outcome<Fenced>> {
  const { ctx, plan, hardware } = restart;
  const { timeoutMs, attempts } = plan.sequence.fence;
  const machines = mayRun(restart);
  for (const machine of machines) {
    ctx.note({ methodStep: 8, message: `fencing ${machine}`, detail: { machine } });
    const off = await outcomeOf(
      ctx.step(
        `${name}/${machine}`,
        (signal) => powerOff(ctx, machine, hardware.power(machine), { timeoutMs, signal }),
        {
          timeoutMs: timeoutMs + MARGIN_MS,
          attempts,
        },
      ),
    );
    if (!off.ok) return off;
    ctx.note({ methodStep: 8, message: `${machine} reads back as off`, detail: { ...off.value } });
  }
  return { ok: true, value: { [FENCED]: true, machines } };
}

/** The machines that must be off before anything is started. */
function mayRun({ plan, inDoubt, unproven }: Restart): readonly string[] {
  return [...new Set([plan.machine, ...inDoubt.map(({ machine }) => machine), ...unproven])];
}

/**
 * Reads back all fenced machines now and returns the proof that starting demands.
 * @throws {StepRefusal} `unfenced` unless each reads as a clear `off`. Unknown is not off.
 */
export async function proveStillOff(
  restart: Restart,
  fenced: Fenced,
  signal: AbortSignal,
): Promise<FenceProof> {
  const { ctx, plan, hardware, deps } = restart;
  const prove = (machine: string): Promise<FenceProof> => {
    const subject = { machine, server: ctx.server, operation: ctx.operation, clock: deps.clock };
    return proveOff({ ...subject, power: hardware.power(machine) }, signal);
  };
  try {
    for (const machine of fenced.machines) if (machine !== plan.machine) await prove(machine);
    return await prove(plan.machine);
  } catch (error) {
    const subject = error instanceof HardwareError ? error.subject : plan.machine;
    throw new StepRefusal(
      RESTART_CODES.unfenced,
      subject,
      `before the start, ${subject} could not be read back as off: ${messageUnlessCrash(error)}`,
    );
  }
}
