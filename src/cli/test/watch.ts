import { policyReadings, type WatchLogger } from '../../watch.js';
import { CliError, EXIT, type ExitCode } from '../exit.js';
import { clockText } from '../print/text.js';
import type { Terminal } from '../terminal.js';
import { toInstant } from '../../engine/time.js';
import { testFiles } from './once.js';
import type { TestOptions } from './options.js';

/** Tests each content of the files until the person has seen enough. */
export async function testAgainAndAgain(
  terminal: Terminal,
  paths: readonly string[],
  options: TestOptions,
): Promise<ExitCode> {
  const { err, clock, cwd } = terminal;
  const enough = new AbortController();
  const stopListening = terminal.onSignal('SIGINT', () => {
    enough.abort(new Error('interrupted'));
  });
  try {
    const logger = talking(terminal);
    for await (const files of policyReadings(paths, { cwd, clock, logger, signal: enough.signal })) {
      try {
        await testFiles(terminal, files, options);
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        err.write(`${err.paint.red('error:')} ${error.message}\n`);
      }
      const now = clockText(toInstant(clock.now()));
      err.write(err.paint.dim(`${now} waiting for the files to change; Ctrl-C ends this\n`));
    }
  } finally {
    stopListening();
  }
  return EXIT.ok;
}

/** Only what a person at the terminal can do something about. */
function talking({ err }: Terminal): WatchLogger {
  const say = (_fields: object, message: string): void => {
    err.write(`${message}\n`);
  };
  return { info: () => undefined, warn: say, error: say };
}
