import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { allOrNone, unlessAborted, within } from '../../../src/hw/qemu/abort.js';

const forever = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('no reason'));
    });
  });

describe('work within a time', () => {
  it('is told when the time is over, also after the garbage was collected', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const late = within(60, new AbortController().signal, forever);
    collect();
    await expect(late).rejects.toThrow('not done within 60 ms');
  });

  it('is told when it is given up before', async () => {
    const giveUp = new AbortController();
    const work = within(60_000, giveUp.signal, forever);
    giveUp.abort(new Error('deadline'));
    await expect(work).rejects.toThrow('deadline');
  });

  it('is told at once when it was given up already', async () => {
    const work = within(60_000, AbortSignal.abort(new Error('before')), (signal) =>
      Promise.resolve(signal.aborted),
    );
    expect(await work).toBe(true);
  });

  it('ends with what it comes to', async () => {
    expect(await within(60_000, null, () => Promise.resolve(1))).toBe(1);
  });
});

describe('a promise that is waited for unless that is given up', () => {
  it('ends with itself', async () => {
    expect(await unlessAborted(Promise.resolve(1), new AbortController().signal, () => new Error('no'))).toBe(
      1,
    );
  });

  it('ends with the error of the giving up', async () => {
    const giveUp = new AbortController();
    const waiting = unlessAborted(new Promise(() => undefined), giveUp.signal, () => new Error('given up'));
    giveUp.abort();
    await expect(waiting).rejects.toThrow('given up');
  });
});

describe('several things at once', () => {
  it('begin nothing more when one of them has failed', async () => {
    let other: AbortSignal | null = null;
    const work = allOrNone(new AbortController().signal, (signal) => {
      other = signal;
      return Promise.all([forever(signal), Promise.reject(new Error('the drive is full'))]);
    });
    await expect(work).rejects.toThrow('the drive is full');
    expect(other).toHaveProperty('aborted', true);
  });

  it('are told when they are given up', async () => {
    const giveUp = new AbortController();
    const work = allOrNone(giveUp.signal, forever);
    giveUp.abort(new Error('deadline'));
    await expect(work).rejects.toThrow('deadline');
  });

  it('are not told anything when all went well', async () => {
    let seen: AbortSignal | null = null;
    const work = allOrNone(new AbortController().signal, (signal) => {
      seen = signal;
      return Promise.resolve(1);
    });
    expect(await work).toBe(1);
    expect(seen).toHaveProperty('aborted', false);
  });
});
