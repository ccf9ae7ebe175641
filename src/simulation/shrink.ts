import type { PolicySet } from '../engine/policy-set.js';
import type { Story } from './generate.js';
import { simulate, type Run } from './run.js';

/** Leaves out one step after the other as long as what was broken still is. */
export async function shrink(policySet: PolicySet, story: Story, { breaches }: Run): Promise<Story> {
  const wanted = new Set(breaches.map(({ invariant }) => invariant));
  let least = story;
  for (let index = story.steps.length - 1; index >= 0; index -= 1) {
    const fewer = { ...least, steps: least.steps.filter((_, other) => other !== index) };
    const run = await simulate(policySet, fewer);
    if (run.breaches.some(({ invariant }) => wanted.has(invariant))) least = fewer;
  }
  return least;
}
