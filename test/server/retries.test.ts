import { describe, expect, it } from 'vitest';
import { createReceptions } from '../../src/server/retries.js';

describe('the memory of receptions', () => {
  it('knows a report within the window after it was accepted', () => {
    const receptions = createReceptions();
    receptions.accepted('a', 1000);
    expect(receptions.justAccepted('a', 1099, 100)).toBe(true);
    expect(receptions.justAccepted('a', 1100, 100)).toBe(false);
    expect(receptions.justAccepted('b', 1000, 100)).toBe(false);
  });

  it('counts the window from the last acceptance', () => {
    const receptions = createReceptions();
    receptions.accepted('a', 1000);
    receptions.accepted('a', 1150);
    expect(receptions.justAccepted('a', 1200, 100)).toBe(true);
  });

  it('does not take a report for a retry because the clock was set back', () => {
    const receptions = createReceptions();
    receptions.accepted('a', 1000);
    expect(receptions.justAccepted('a', 500, 100)).toBe(false);
  });

  it('forgets the oldest first when it is full', () => {
    const receptions = createReceptions(2);
    for (const id of ['a', 'b', 'a', 'c']) receptions.accepted(id, 0);
    expect(['a', 'b', 'c'].map((id) => receptions.justAccepted(id, 0, 1))).toEqual([true, false, true]);
  });
});
