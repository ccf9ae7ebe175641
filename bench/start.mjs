/**
 * How long `rekindle validate` takes on a small set, from the start of the process to its end, beside a process
 * that does nothing: `npm run bench:start`.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const WANTED_MS = 400;
const RUNS = 20;
const root = new URL('../', import.meta.url);
const program = fileURLToPath(new URL('dist/bin/rekindle.js', root));
const starter = fileURLToPath(new URL('starter', root));

/** The median of some runs, in milliseconds. */
function median(args) {
  const times = Array.from({ length: RUNS }, () => {
    const began = performance.now();
    execFileSync(process.execPath, args, { stdio: 'ignore' });
    return performance.now() - began;
  });
  return times.toSorted((a, b) => a - b)[RUNS / 2];
}

const bare = median(['-e', '0']);
const ours = median([program, 'validate', starter]);
const verdict = ours <= WANTED_MS ? 'met' : 'missed';
console.log(
  `rekindle validate on the starter: ${Math.round(ours)} ms (${verdict}: ${WANTED_MS} ms are wanted), ${(ours / bare).toFixed(1)} of the ${Math.round(bare)} ms of a process that does nothing`,
);
