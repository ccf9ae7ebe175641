import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { done, type ActionEnd } from '../../src/actions/action.js';
import { StepError, StepRefusal, type StepContext } from '../../src/actions/context.js';
import { SimulatedCrash } from '../../src/actions/crash.js';
import { runDurably, type DurableRun } from '../../src/actions/durable.js';
import { HardwareError } from '../../src/hw/contract.js';
import type { Operation, StepJournal } from '../../src/store/store.js';
import { openWorld, retirePlan, type World } from './world.js';

let world: World;
let operation: Operation;

beforeEach(async () => {
  world = await openWorld();
  operation = await world.order('retire-snapshot', { retire: retirePlan() });
});
afterEach(async () => {
  await world.close();
});

const END: ActionEnd = done({ kind: 'retire', removed: [], kept: [] });

/** Runs steps as an action would, in virtual time. */
function act(
  action: (ctx: StepContext) => Promise<unknown>,
  how: Partial<DurableRun> = {},
): Promise<ActionEnd> {
  return world.elapse(
    runDurably({
      operation,
      action: async (ctx) => {
        await action(ctx);
        return END;
      },
      steps: world.store.steps,
      clock: world.clock,
      signal: new AbortController().signal,
      log: () => undefined,
      ...how,
    }),
  );
}

/** Dies at one point of one step. */
function dyingAt(step: string, at: string): Pick<DurableRun, 'observe'> {
  return {
    async observe(point) {
      if (point.step === step && point.at === at) throw new SimulatedCrash(`${at} ${step}`);
    },
  };
}

async function journal(): Promise<readonly string[]> {
  return (await world.store.steps.load(operation.id)).map(({ step, state }) => `${step} ${state}`);
}

async function failureOf(step: Promise<unknown>): Promise<StepError> {
  try {
    await step;
  } catch (error) {
    if (error instanceof StepError) return error;
    throw error;
  }
  throw new Error('the step did not fail');
}

describe('a step that has ended', () => {
  it('is not run again and gives back what it returned', async () => {
    let runs = 0;
    const results: unknown[] = [];
    const action = async (ctx: StepContext): Promise<void> => {
      results.push(await ctx.step('one', async () => ({ run: (runs += 1), at: new Date(0) })));
    };
    await act(action);
    await act(action);
    expect(results).toEqual([
      { run: 1, at: '1970-01-01T00:00:00.000Z' },
      { run: 1, at: '1970-01-01T00:00:00.000Z' },
    ]);
  });

  it('fails again with the same code, subject and message when it had failed', async () => {
    const failures: StepError[] = [];
    const action = async (ctx: StepContext): Promise<void> => {
      const refused = ctx.step('one', async () => {
        if (failures.length > 0) return;
        throw new HardwareError('no-space', 'd1', 'd1 is full');
      });
      failures.push(await failureOf(refused));
    };
    await act(action);
    await act(action);
    for (const failure of failures) {
      expect(failure).toMatchObject({ step: 'one', code: 'no-space', subject: 'd1', message: 'd1 is full' });
    }
    expect(failures).toHaveLength(2);
  });
});

describe('a step that was begun and has no end', () => {
  it.each(['after-intent', 'after-effect'])('is run again after a crash %s', async (at) => {
    let runs = 0;
    const action = (ctx: StepContext): Promise<number> => ctx.step('one', async () => (runs += 1));
    await expect(act(action, dyingAt('one', at))).rejects.toThrow(SimulatedCrash);
    expect(await journal()).toEqual(['one intended']);
    await act(action);
    expect(await journal()).toEqual(['one done']);
    expect(runs).toBe(at === 'after-intent' ? 1 : 2);
  });

  it('is intended before its effect and concluded before the next step', async () => {
    const seen: (readonly string[])[] = [];
    await act(async (ctx) => {
      await ctx.step('one', async () => seen.push(await journal()));
      await ctx.step('two', async () => seen.push(await journal()));
    });
    expect(seen).toEqual([['one intended'], ['one done', 'two intended']]);
  });
});

describe('attempts', () => {
  it('are repeated with growing pauses', async () => {
    const times: number[] = [];
    const began = world.clock.now();
    const effect = async (): Promise<never> => {
      times.push(world.clock.now() - began);
      throw new HardwareError('no-answer', 'd1', 'no answer');
    };
    await act((ctx) => failureOf(ctx.step('one', effect, { attempts: 4 })));
    expect(times).toEqual([0, 200, 600, 1_400]);
  });

  it('end with the first that succeeds', async () => {
    let attempts = 0;
    const effect = async (): Promise<string> => {
      attempts += 1;
      if (attempts < 3) throw new HardwareError('no-answer', 'd1', 'no answer');
      return 'answered';
    };
    await act(async (ctx) => {
      expect(await ctx.step('one', effect, { attempts: 5 })).toBe('answered');
    });
    expect(attempts).toBe(3);
  });

  it('are not repeated for an answer that would only be repeated', async () => {
    let attempts = 0;
    const effect = async (): Promise<never> => {
      attempts += 1;
      throw new HardwareError('damaged', 's1', 'damaged');
    };
    await act((ctx) => failureOf(ctx.step('one', effect, { attempts: 5 })));
    expect(attempts).toBe(1);
  });

  it('are given up after their time, and the effect is told to stop', async () => {
    const began = world.clock.now();
    let stopped = false;
    const effect = (signal: AbortSignal): Promise<never> =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          stopped = true;
          reject(new HardwareError('aborted', 'd1', 'stopped half way'));
        });
      });
    await act(async (ctx) => {
      const failure = await failureOf(ctx.step('one', effect, { timeoutMs: 700 }));
      expect(failure.code).toBe('timeout');
      expect(failure.message).toContain('stopped half way');
    });
    expect(stopped).toBe(true);
    expect(world.clock.now() - began).toBe(700);
  });

  it('are given up even when the effect never answers', async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    await act(async (ctx) => {
      const failure = await failureOf(ctx.step('one', never, { timeoutMs: 700, attempts: 2 }));
      expect(failure.code).toBe('timeout');
    });
  });

  it('are given up after a minute when no time is given', async () => {
    const began = world.clock.now();
    await act((ctx) => failureOf(ctx.step('one', () => new Promise(() => undefined))));
    expect(world.clock.now() - began).toBeLessThan(70_000);
  });
});

describe('an aborted operation', () => {
  const aborted = (): AbortSignal => AbortSignal.abort(new Error('web-1 has failed'));

  it('begins no further step, and says why', async () => {
    let ran = false;
    await act(
      async (ctx) => {
        const failure = await failureOf(ctx.step('one', async () => (ran = true)));
        expect(failure).toMatchObject({ code: 'operation-aborted', message: 'web-1 has failed' });
      },
      { signal: aborted() },
    );
    expect(ran).toBe(false);
  });

  it('still undoes and still records', async () => {
    await act(
      async (ctx) => {
        expect(await ctx.step('undo', async () => 'undone', { always: true })).toBe('undone');
        expect(await ctx.record('table', async () => 'recorded')).toBe('recorded');
      },
      { signal: aborted() },
    );
  });

  it('stops the step that is running', async () => {
    const giveUp = new AbortController();
    await act(
      async (ctx) => {
        const effect = async (signal: AbortSignal): Promise<void> => {
          giveUp.abort(new Error('web-1 has failed'));
          await ctx.pause(10_000, signal);
        };
        expect(await failureOf(ctx.step('one', effect))).toMatchObject({ code: 'operation-aborted' });
      },
      { signal: giveUp.signal },
    );
  });

  it('stays aborted for its steps after a crash, when nobody aborts it any more', async () => {
    const outcomes: string[] = [];
    const action = async (ctx: StepContext): Promise<void> => {
      outcomes.push((await failureOf(ctx.step('one', async () => null))).code);
    };
    await act(action, { signal: aborted() });
    await act(action);
    expect(outcomes).toEqual(['operation-aborted', 'operation-aborted']);
  });
});

describe('a durable sleep', () => {
  it('waits only for what is left of it after a crash', async () => {
    const action = (ctx: StepContext): Promise<void> => ctx.sleep('nap', 10_000);
    const began = world.clock.now();
    await expect(act(action, dyingAt('nap', 'after-intent'))).rejects.toThrow(SimulatedCrash);
    await world.wait(7_000);
    await act(action);
    expect(world.clock.now() - began).toBe(10_000);
  });

  it('is no longer than it was meant to be when the clock was set back meanwhile', async () => {
    const action = (ctx: StepContext): Promise<void> => ctx.sleep('nap', 10_000);
    const began = world.clock.now();
    await expect(act(action, dyingAt('nap', 'after-intent'))).rejects.toThrow(SimulatedCrash);
    await act(action, { clock: { ...world.clock, now: () => world.clock.now() - 3_600_000 } });
    expect(world.clock.now() - began).toBe(10_000);
  });

  it('is not waited for again when it is over', async () => {
    const action = (ctx: StepContext): Promise<void> => ctx.sleep('nap', 10_000);
    await act(action);
    const after = world.clock.now();
    await act(action);
    expect(world.clock.now()).toBe(after);
  });
});

describe('a change of the disk table', () => {
  const reserving = (ctx: StepContext): Promise<boolean> =>
    ctx.record('reserve', (table) => table.reserveDrive('d1', operation.id));

  it('is made once with the end of its step', async () => {
    await expect(act(reserving, dyingAt('reserve', 'after-result'))).rejects.toThrow(SimulatedCrash);
    expect(await journal()).toEqual(['reserve done']);
    await act(reserving);
    const entries = await world.store.journal({ subject: 'drive:d1', limit: 100 });
    expect(entries.filter(({ change }) => change === 'reserved')).toHaveLength(1);
  });

  it('that is refused leaves nothing behind and fails again after a crash', async () => {
    const codes: string[] = [];
    const action = async (ctx: StepContext): Promise<void> => {
      const change = ctx.record('reserve', async (table) => {
        await table.reserveDrive('d1', operation.id);
        // Were it asked again, it would not refuse.
        if (codes.length > 0) return;
        throw new StepRefusal('reserved', 'spare-1', 'spare-1 is reserved');
      });
      codes.push((await failureOf(change)).code);
    };
    await act(action);
    await act(action);
    expect(codes).toEqual(['reserved', 'reserved']);
    const { drives } = await world.store.view(operation.createdAt);
    expect(drives.map(({ reservedBy }) => reservedBy)).toEqual([null, null, null, null]);
  });
});

describe('a crash', () => {
  it('stops the action dead, whatever it catches', async () => {
    const done: string[] = [];
    const action = async (ctx: StepContext): Promise<void> => {
      try {
        await ctx.step('one', async () => done.push('one'));
      } catch {
        await ctx.step('undo', async () => done.push('undo'), { always: true }).catch(() => undefined);
        await ctx.record('table', async () => done.push('table')).catch(() => undefined);
      }
    };
    await expect(act(action, dyingAt('one', 'after-effect'))).rejects.toThrow(SimulatedCrash);
    expect(done).toEqual(['one']);
    expect(await journal()).toEqual(['one intended']);
  });
});

describe('a store that does not work', () => {
  const broken = (method: keyof StepJournal): StepJournal => ({
    ...world.store.steps,
    load: (id) => world.store.steps.load(id),
    intend: (id, step, at) => world.store.steps.intend(id, step, at),
    conclude: (id, step, end, at) => world.store.steps.conclude(id, step, end, at),
    record: (id, step, at, change) => world.store.steps.record(id, step, at, change),
    [method]: () => Promise.reject(new Error('disk I/O error')),
  });

  it('lets no effect happen that was not intended durably', async () => {
    let ran = false;
    const action = (ctx: StepContext): Promise<unknown> => ctx.step('one', async () => (ran = true));
    await expect(act(action, { steps: broken('intend') })).rejects.toThrow('disk I/O error');
    expect(ran).toBe(false);
  });

  it('stops the action dead: even an undo would be without a journal', async () => {
    let undone = false;
    const action = async (ctx: StepContext): Promise<void> => {
      await ctx.step('one', async () => null).catch(() => null);
      await ctx.step('undo', async () => (undone = true), { always: true });
    };
    await expect(act(action, { steps: broken('conclude') })).rejects.toThrow('disk I/O error');
    expect(undone).toBe(false);
  });

  it('is not mistaken for a refusal of a change', async () => {
    const action = (ctx: StepContext): Promise<unknown> => ctx.record('table', async () => null);
    await expect(act(action, { steps: broken('record') })).rejects.toThrow('disk I/O error');
  });
});

describe('an operation whose steps go wrong', () => {
  it('ends blocked when the journal holds other steps than the action takes', async () => {
    await act((ctx) => ctx.step('of an older version', async () => null));
    let ran = false;
    const end = await act((ctx) => ctx.step('of this version', async () => (ran = true)));
    expect(end.state).toBe('blocked');
    expect(end.reason).toContain('of an older version');
    expect(ran).toBe(false);
  });

  it('ends blocked when an action takes one step twice', async () => {
    const end = await act(async (ctx) => {
      await ctx.step('one', async () => null);
      await ctx.step('one', async () => null);
    });
    expect(end).toMatchObject({ state: 'blocked' });
    expect(end.reason).toContain('one was taken twice');
  });

  it('ends blocked with the reason of a failure that nobody handled', async () => {
    const end = await act((ctx) =>
      ctx.step('one', async () => {
        throw new HardwareError('refused', 'd1', 'd1 says no');
      }),
    );
    expect(end).toMatchObject({ state: 'blocked', reason: 'one: d1 says no' });
  });

  it('ends blocked when the action itself is defective', async () => {
    const end = await act(async () => {
      throw new TypeError('undefined is not a function');
    });
    expect(end.state).toBe('blocked');
    expect(end.reason).toContain('undefined is not a function');
  });

  it('fails the step, and not the program, when an effect throws something else than an answer', async () => {
    await act(async (ctx) => {
      const failure = await failureOf(
        ctx.step('one', async () => {
          throw new TypeError('undefined is not a function');
        }),
      );
      expect(failure.code).toBe('internal-error');
    });
  });
});

describe('what an action tells', () => {
  it('is marked as told before while steps are replayed', async () => {
    const told: string[] = [];
    const action = async (ctx: StepContext): Promise<void> => {
      ctx.note({ methodStep: 3, message: 'first' });
      await ctx.step('one', async () => null);
      ctx.note({ methodStep: 4, message: 'second' });
      await ctx.step('two', async () => null);
    };
    const log: DurableRun['log'] = (entry) => {
      if (entry.kind === 'note') told.push(`${entry.note.message} ${entry.replayed ? 'again' : 'new'}`);
    };
    await expect(act(action, { log, ...dyingAt('one', 'after-result') })).rejects.toThrow(SimulatedCrash);
    await act(action, { log });
    expect(told).toEqual(['first new', 'first again', 'second new']);
  });
});
