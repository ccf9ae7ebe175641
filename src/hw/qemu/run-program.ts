import { execFile } from 'node:child_process';
import { HardwareError } from '../contract.js';
import { errorCode } from './files.js';

/**
 * Runs a program without a shell and resolves with what it printed.
 * @throws {HardwareError} `refused` with the program's own words, `aborted` when the signal fired.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  {
    subject,
    signal,
    timeoutMs = 20_000,
  }: { readonly subject: string; readonly signal?: AbortSignal; readonly timeoutMs?: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      timeout: timeoutMs,
      killSignal: 'SIGKILL' as const,
      maxBuffer: 16 * 2 ** 20,
      ...(signal ? { signal } : {}),
    };
    execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout);
        return;
      }
      if (signal?.aborted === true) {
        reject(
          new HardwareError('aborted', subject, `${subject}: gave up waiting for ${program}`, {
            cause: error,
          }),
        );
        return;
      }
      const said = stderr.trim() === '' ? error.message : stderr.trim();
      const text =
        errorCode(error) === 'ENOENT'
          ? `${subject}: there is no program ${program}; install it or give its path in the inventory`
          : `${subject}: ${program} ${args[0] ?? ''} failed: ${said}`;
      reject(
        new HardwareError(said.includes('No space left') ? 'no-space' : 'refused', subject, text, {
          cause: error,
        }),
      );
    });
  });
}
