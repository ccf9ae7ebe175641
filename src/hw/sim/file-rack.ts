import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import type { Clock } from '../../clock.js';
import { HardwareError } from '../contract.js';
import type { Transition } from './call.js';
import { tryLock, type HeldLock } from './file-lock.js';
import { evolve, type RackHolder } from './rack.js';
import { EMPTY_RACK, type RackState } from './state.js';

const GIVE_UP_MS = 10_000;

/**
 * A rack in a file: it outlives every process that uses it, and several may use it at once. Whatever instant a
 * process is killed at, the file holds the state before or after its transition, whole.
 *
 * `apply` throws HardwareError: `unclear` when the file is no rack or cannot be used, `no-answer` when another
 * process has had it for ten seconds.
 */
export function fileRack({ file, clock }: { readonly file: string; readonly clock: Clock }): RackHolder {
  const path = resolve(file);
  mkdirSync(dirname(path), { recursive: true });
  return {
    clock,
    async apply(transition) {
      const sinceMs = clock.monotonic();
      for (let attempt = 0; ; attempt += 1) {
        const attempted = applyIfFree(path, clock, transition);
        if ('result' in attempted) return attempted.result;
        if (clock.monotonic() - sinceMs > GIVE_UP_MS) throw heldTooLong(path, attempted.heldBy);
        // Different for each process and attempt, so that two of them do not meet again and again.
        await clock.sleep(1 + ((process.pid * 7 + attempt * 5) % 11));
      }
    },
  };
}

/**
 * Locks, reads, applies, writes and unlocks without ever waiting in between: so nothing else of this process can
 * come between, and other processes wait for a moment only.
 */
function applyIfFree<R>(
  path: string,
  clock: Clock,
  transition: Transition<R>,
): { readonly result: R } | { readonly heldBy: number } {
  const lock = lockOrWhy(path);
  if ('heldBy' in lock) return lock;
  try {
    const before = readRack(path);
    const { state, result } = evolve(before, clock.now(), transition);
    if (state !== before) publish(lock, path, state);
    return { result };
  } finally {
    lock.release();
  }
}

function lockOrWhy(path: string): ReturnType<typeof tryLock> {
  try {
    return tryLock(path);
  } catch (error) {
    throw unusable(path, 'cannot be locked', error);
  }
}

/** The state becomes the file's content in one instant, and the lock file is gone in the same. */
function publish(lock: HeldLock, path: string, state: RackState): void {
  try {
    writeFileSync(lock.path, `${JSON.stringify(state)}\n`);
    renameSync(lock.path, path);
  } catch (error) {
    throw unusable(path, 'cannot be written', error);
  }
}

function readRack(path: string): RackState {
  const text = readText(path);
  if (text === null) return EMPTY_RACK;
  const value = parse(path, text);
  if (!isRack(value)) throw unusable(path, `is not of the format ${EMPTY_RACK.format}`, undefined);
  return value;
}

/** Null when there is no file yet. */
function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw unusable(path, 'cannot be read', error);
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unusable(path, 'is not JSON', error);
  }
}

/** Only this program writes the file, whole or not at all, so its format says everything. */
function isRack(value: unknown): value is RackState {
  return (
    typeof value === 'object' && value !== null && 'format' in value && value.format === EMPTY_RACK.format
  );
}

function heldTooLong(path: string, pid: number): HardwareError {
  const text = `process ${pid} has had the simulated rack ${path} for ${GIVE_UP_MS} ms; end it if it hangs`;
  return new HardwareError('no-answer', path, text);
}

function unusable(path: string, problem: string, cause: unknown): HardwareError {
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  const remedy = 'put that right, or remove the file to begin with a new rack';
  const text = `the simulated rack ${path} ${problem}${why}; ${remedy}`;
  return new HardwareError('unclear', path, text, { cause });
}
