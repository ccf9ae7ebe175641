import { describe, expectTypeOf, it } from 'vitest';
import type { Connected } from '../../src/actions/restart/connect.js';
import type { Fenced } from '../../src/actions/restart/fence.js';
import type { Sound } from '../../src/actions/restart/inspect.js';
import type { Isolated } from '../../src/actions/restart/isolate.js';
import type { Attempt, Reserved } from '../../src/actions/restart/reserve.js';
import type { Since, Started } from '../../src/actions/restart/start.js';
import type { Verified } from '../../src/actions/restart/verify.js';
import type { FenceProof } from '../../src/hw/fence.js';

/** Checked by the compiler: code that skips a phase would have to make up its value. */
describe('the phases of a restart', () => {
  it('cannot be made up by those who skip them', () => {
    expectTypeOf<{ machines: readonly string[] }>().not.toExtend<Fenced>();
    expectTypeOf<{ fenced: Fenced; unreadable: [] }>().not.toExtend<Isolated>();
    expectTypeOf<{ attempt: Attempt; expected: null }>().not.toExtend<Reserved>();
    expectTypeOf<{ attempt: Attempt }>().not.toExtend<Sound>();
    expectTypeOf<{ isolated: Isolated; attempt: Attempt }>().not.toExtend<Connected>();
    expectTypeOf<{ connected: Connected; attempt: Attempt; since: Since }>().not.toExtend<Started>();
    expectTypeOf<{ attempt: Attempt }>().not.toExtend<Verified>();
  });

  it('are not proofs: only reading back makes one', () => {
    expectTypeOf<Fenced>().not.toExtend<FenceProof>();
    expectTypeOf<{ machine: string; server: string; operation: string }>().not.toExtend<FenceProof>();
  });
});
