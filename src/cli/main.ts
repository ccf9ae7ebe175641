#!/usr/bin/env node
import { run } from './program.js';
import { processTerminal } from './terminal.js';

// Set, not exited with: what is still on its way into a pipe must arrive.
process.exitCode = await run(process.argv.slice(2), processTerminal());
