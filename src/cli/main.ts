#!/usr/bin/env node
import { run } from './program.js';
import { processTerminal } from './terminal.js';

const exitCode = await run(process.argv.slice(2), processTerminal());

// Exited, since a service that failed to start may leave something open; but only when all has been written,
// since what is on its way into a pipe would be lost.
await Promise.all([process.stdout, process.stderr].map(written));
process.exit(exitCode);

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => {
      resolve();
    });
  });
}
