import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createVirtualClock } from '../src/virtual-clock.js';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a virtual clock', () => {
  it('stands still until it is moved', async () => {
    const clock = createVirtualClock(1_000);
    let woken = false;
    void clock.sleep(1).then(() => (woken = true));
    await settle();
    expect([clock.now(), woken]).toEqual([1_000, false]);
  });

  it('tells when the next sleep ends', () => {
    const clock = createVirtualClock(1_000);
    expect(clock.nextTimer()).toBeNull();
    void clock.sleep(500);
    void clock.sleep(200);
    expect(clock.nextTimer()).toBe(1_200);
  });

  it('wakes each sleeper at its own time', async () => {
    const clock = createVirtualClock();
    const wokenAt: number[] = [];
    const sleeper = async (ms: number): Promise<void> => {
      await clock.sleep(ms);
      wokenAt.push(clock.now());
    };
    void Promise.all([sleeper(300), sleeper(100)]);
    await clock.runUntil(1_000, settle);
    expect(wokenAt).toEqual([100, 300]);
    expect(clock.now()).toBe(1_000);
  });

  it('wakes sleepers of one time in the order in which they fell asleep', async () => {
    const clock = createVirtualClock();
    const order: string[] = [];
    for (const name of ['a', 'b', 'c']) void clock.sleep(10).then(() => order.push(name));
    await clock.runUntil(10, settle);
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('lets what a sleeper starts run before the next sleeper wakes', async () => {
    const clock = createVirtualClock();
    const order: string[] = [];
    void clock
      .sleep(10)
      .then(() => clock.sleep(5))
      .then(() => order.push(`chained at ${clock.now()}`));
    void clock.sleep(20).then(() => order.push(`late at ${clock.now()}`));
    await clock.runUntil(20, settle);
    expect(order).toEqual(['chained at 15', 'late at 20']);
  });

  it('moves to the next instant at which a sleep ends, and ends all that end then', async () => {
    const clock = createVirtualClock();
    const woken: string[] = [];
    const wakes = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms);
      woken.push(name);
    };
    void wakes('a', 10);
    void wakes('b', 20);
    void wakes('c', 10);
    expect(await clock.runNext(settle)).toBe(true);
    expect([clock.now(), ...woken]).toEqual([10, 'a', 'c']);
    expect(await clock.runNext(settle)).toBe(true);
    expect(await clock.runNext(settle)).toBe(false);
    expect([clock.now(), ...woken]).toEqual([20, 'a', 'c', 'b']);
  });

  it('calls off what was to happen later', async () => {
    const clock = createVirtualClock();
    let fired = 0;
    const cancel = clock.after(10, () => {
      fired += 1;
    });
    clock.after(10, () => {
      fired += 10;
    });
    cancel();
    clock.advanceTo(10);
    expect(fired).toBe(10);
    cancel();
    expect(clock.nextTimer()).toBeNull();
  });

  it('leaves sleeps beyond the limit asleep', async () => {
    const clock = createVirtualClock();
    void clock.sleep(11);
    await clock.runUntil(10, settle);
    expect(clock.nextTimer()).toBe(11);
  });

  it('ends a sleep of zero only when it runs', async () => {
    const clock = createVirtualClock(5);
    let woken = false;
    void clock.sleep(0).then(() => (woken = true));
    await settle();
    expect(woken).toBe(false);
    await clock.runUntil(5, settle);
    expect(woken).toBe(true);
  });

  it('rejects an aborted sleep with the reason and forgets its timer', async () => {
    const clock = createVirtualClock();
    const giveUp = new AbortController();
    const sleeping = clock.sleep(10, giveUp.signal);
    giveUp.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    expect(clock.nextTimer()).toBeNull();
  });

  it('does not begin a sleep whose signal is aborted already', async () => {
    const clock = createVirtualClock();
    await expect(clock.sleep(10, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    expect(clock.nextTimer()).toBeNull();
  });

  it('ends due sleeps when it is advanced', async () => {
    const clock = createVirtualClock();
    const sleeping = clock.sleep(10);
    clock.advanceTo(10);
    await expect(sleeping).resolves.toBeUndefined();
  });

  it('refuses to go back', async () => {
    const clock = createVirtualClock(10);
    expect(() => {
      clock.advanceTo(9);
    }).toThrow(RangeError);
    await expect(clock.runUntil(9, settle)).rejects.toThrow(RangeError);
  });

  it('refuses a sleep of no length', async () => {
    await expect(createVirtualClock().sleep(Number.NaN)).rejects.toThrow(RangeError);
  });

  it('wakes any set of sleepers in order of time, then of beginning', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 30 }), async (lengths) => {
        const clock = createVirtualClock();
        const woken: [number, number][] = [];
        lengths.forEach((ms, index) => void clock.sleep(ms).then(() => woken.push([clock.now(), index])));
        await clock.runUntil(20, settle);
        const expected = lengths.map((ms, index): [number, number] => [ms, index]);
        expect(woken).toEqual(expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]));
      }),
      { numRuns: 50 },
    );
  });
});
