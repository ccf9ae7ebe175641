/** The process dies at every point of every step of every operation, and dies again at every point of its recovery. */
import { afterAll, describe, expect, it } from 'vitest';
import { figure } from '../support/figures.js';
import { dieEverywhere, dieTwice } from './crashes.js';
import { STRAIGHT, UNDONE } from './stories.js';

const LONG = { timeout: 300_000 };

const tried = { single: 0, double: 0 };

afterAll(() => {
  figure(`crash points: ${tried.single} single, ${tried.double} double`);
});

describe.each([...STRAIGHT, ...UNDONE])('$name', (story) => {
  it('ends the same, whichever point of whichever step the process dies at', LONG, async () => {
    tried.single += await dieEverywhere(story);
  });

  it('ends the same when the process dies again while it recovers', LONG, async () => {
    tried.double += await dieTwice(story);
  });
});

describe('the crash points', () => {
  it('are all there are of each story, and more than a thousand pairs', () => {
    expect(tried.single).toBeGreaterThanOrEqual(150);
    expect(tried.double).toBeGreaterThanOrEqual(1_000);
  });
});
