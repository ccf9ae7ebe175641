import type { Clock } from '../clock.js';
import { HardwareError, type PowerCapability } from './contract.js';

const MINT: unique symbol = Symbol('only proveOff makes proofs');

/** A proof older than this says nothing any more: the machine may have been powered on since. */
export const PROOF_VALID_MS = 10_000;

/**
 * The proof that a machine was read back as off. Starting a server on a backup takes one as a required value,
 * so code that skips the fence does not compile. It cannot be made but by {@link proveOff}, is never stored,
 * and expires: after a crash the state is read again.
 */
export class FenceProof {
  readonly #made: typeof MINT;
  /** The machine that was read back as off. */
  readonly machine: string;
  /** The server that ran on it. */
  readonly server: string;
  /** The operation that fenced it. */
  readonly operation: string;
  readonly #readAt: number;
  readonly #clock: Clock;

  /** @internal */
  constructor(
    made: typeof MINT,
    claim: { machine: string; server: string; operation: string; readAt: number; clock: Clock },
  ) {
    this.#made = made;
    this.machine = claim.machine;
    this.server = claim.server;
    this.operation = claim.operation;
    this.#readAt = claim.readAt;
    this.#clock = claim.clock;
  }

  /**
   * What every driver calls before it starts anything.
   * @throws {HardwareError} `unfenced` when the proof is of another server or operation, or has expired.
   */
  assertCovers(order: { server: string; operation: string }): void {
    const age = this.#clock.monotonic() - this.#readAt;
    const fits = this.#made === MINT && this.server === order.server && this.operation === order.operation;
    if (!fits || age > PROOF_VALID_MS) {
      throw new HardwareError(
        'unfenced',
        order.server,
        `the fence proof is of ${this.server} in ${this.operation}, ${Math.round(age)} ms old; ` +
          `needed is one of ${order.server} in ${order.operation}, at most ${PROOF_VALID_MS} ms old`,
      );
    }
  }
}

/**
 * Reads the power state back and returns the proof when, and only when, it is a clear `off`.
 * @throws {HardwareError} `unfenced` when the machine is on; whatever the driver throws when it cannot say.
 */
export async function proveOff(
  subject: { machine: string; server: string; operation: string; power: PowerCapability; clock: Clock },
  signal: AbortSignal,
): Promise<FenceProof> {
  const { machine, server, operation, clock } = subject;
  const readAt = clock.monotonic();
  const state = await subject.power.state(signal);
  if (state !== 'off') {
    throw new HardwareError('unfenced', machine, `${machine} reads back as ${state}, not off`);
  }
  return new FenceProof(MINT, { machine, server, operation, readAt, clock });
}
