/** The processes that the driver starts end with the service, however early it ends. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PROGRAMS } from './support/qemu.js';

describe('a process of the driver', () => {
  // From before it has read its program to when it waits for work.
  const moments = [0, 20, 40, 60, 80, 120, 300];

  it.each(Object.entries(PROGRAMS))(
    '%s ends when its service does, also while it starts',
    async (_, program) => {
      for (const ms of moments) {
        const child = fork(program, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
        const exit = once(child, 'exit', { signal: AbortSignal.timeout(20_000) });
        try {
          await sleep(ms);
          child.disconnect();
          await exit;
          expect(child.signalCode).toBe('SIGKILL');
        } finally {
          child.kill('SIGKILL');
        }
      }
    },
  );
});
