import type { Problem, SourceFile } from './engine/problem.js';

/**
 * Files that are what stood there before, cut off somewhere. A cut that falls between two lines may still load, as a
 * set that lacks policies or has other numbers; so a writer that died, or a disk that was full, would disarm the
 * service. Whoever means to delete the end of a file says so, by asking for a reload.
 */
export function cutFiles(before: readonly SourceFile[], now: readonly SourceFile[]): readonly Problem[] {
  const known = new Map(before.map((file) => [file.name, file]));
  return now.flatMap((file) => {
    const whole = known.get(file.name);
    return whole !== undefined && isCut(whole.bytes, file.bytes) ? [problemOf(file, whole)] : [];
  });
}

function isCut(whole: Uint8Array, bytes: Uint8Array): boolean {
  if (bytes.length >= whole.length || !startsWith(whole, bytes)) return false;
  return Buffer.from(whole.subarray(bytes.length)).toString('latin1').trim() !== '';
}

function startsWith(whole: Uint8Array, bytes: Uint8Array): boolean {
  return Buffer.compare(whole.subarray(0, bytes.length), bytes) === 0;
}

function problemOf({ path, bytes }: SourceFile, whole: SourceFile): Problem {
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  return {
    code: 'POLICY_INCOMPLETE',
    file: path,
    line: lines.length,
    column: (lines.at(-1)?.length ?? 0) + 1,
    path: '',
    message: `the file ends after ${bytes.length} of the ${whole.bytes.length} bytes that it had, and is the same up to there`,
    hint: 'If the end was deleted on purpose, ask for a reload: systemctl reload, or kill -HUP.',
    excerpt: '',
  };
}
