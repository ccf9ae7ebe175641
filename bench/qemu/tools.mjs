/** What the benchmark needs of QEMU's tools, and of a guest's console. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The same variables as for the tests choose another QEMU. */
export const tool = {
  qemu: process.env.REKINDLE_QEMU ?? 'qemu-system-x86_64',
  img: process.env.REKINDLE_QEMU_IMG ?? 'qemu-img',
};

export function createImage(file, bytes, format = 'qcow2') {
  execFileSync(tool.img, ['create', '-q', '-f', format, file, String(bytes)]);
}

/** @returns {{ kernel: string, initrd: string }} */
export function buildGuest() {
  const program = join(import.meta.dirname, '../../examples/qemu/guest/build.mjs');
  return JSON.parse(execFileSync(process.execPath, [program], { encoding: 'utf8' }));
}

function readConsole(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Resolves with the console once it holds what is waited for. */
export async function untilConsole(file, pattern, everyMs = 2) {
  for (const end = performance.now() + 60_000; performance.now() < end;) {
    const text = readConsole(file);
    if (pattern.test(text)) return text;
    await sleep(everyMs);
  }
  throw new Error(`${file} never said ${String(pattern)}: ${readConsole(file).slice(-500)}`);
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
