import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { examples, type AddCommand, type Cli } from './command.js';
import { demo } from './demo.js';
import { audit } from './audit.js';
import { check } from './check.js';
import { diff } from './diff.js';
import { disks } from './disks.js';
import { evaluate } from './eval.js';
import { CliError, EXIT, type ExitCode } from './exit.js';
import { history } from './history.js';
import { init } from './init.js';
import { power } from './power.js';
import { rack } from './rack.js';
import { restart } from './restart.js';
import { runService } from './run.js';
import { schema } from './schema.js';
import { snapshot } from './snapshot.js';
import { status } from './status.js';
import { store } from './store.js';
import type { Terminal } from './terminal.js';
import { test } from './test.js';
import { token } from './token.js';
import { validate } from './validate.js';
import { why } from './why.js';

const LAST_GROUP = 'And more:';

/** In the order in which `rekindle --help` lists them. */
const GROUPS: readonly (readonly [heading: string, commands: readonly AddCommand[]])[] = [
  ['Policies, offline:', [init, validate, check, diff, evaluate, test, schema]],
  ['The administration server:', [runService, token]],
  ['Asking the running service:', [status, disks, history, why, audit, store]],
  ["The operator's hand:", [snapshot, restart, power]],
  [LAST_GROUP, [demo, rack]],
];

const FIRST_EXAMPLES = [
  ['rekindle validate', 'check the documents in policies/'],
  ['rekindle run', 'start the administration server on them'],
  ['rekindle why d-1f0c2a9b3d4e5f60', 'ask it why it did something, or did not'],
] as const;

const ENVIRONMENT = `

Environment:
  REKINDLE_URL    where the running service listens (http://127.0.0.1:7411)
  REKINDLE_TOKEN  the token of the service, where it asks for one
  NO_COLOR        no colours, also on a terminal`;

/**
 * Runs one command line.
 * @param args without the program itself.
 * @returns the exit code. Never rejects.
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const cli: Cli = {
    terminal,
    handle:
      (body) =>
      async (...given) => {
        exitCode = await body(...given);
      },
  };
  try {
    await buildProgram(cli).parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, terminal);
  }
}

function buildProgram(cli: Cli): Command {
  const { out, err } = cli.terminal;
  const program = new Command('rekindle')
    .description('Restarts failed servers from the right snapshot, as YAML policies say.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .commandsGroup(LAST_GROUP)
    .helpCommand('help [command]', 'print help for a command')
    .addHelpText('after', examples(...FIRST_EXAMPLES) + ENVIRONMENT)
    .exitOverride()
    .showHelpAfterError('(--help says what this command takes)')
    .configureOutput({
      writeOut: (text) => {
        out.write(text);
      },
      writeErr: (text) => {
        err.write(text);
      },
      getOutHasColors: () => out.paint.isColorSupported,
      getErrHasColors: () => err.paint.isColorSupported,
      outputError: (text, write) => {
        write(err.paint.red(text));
      },
    });
  for (const [heading, commands] of GROUPS) {
    program.commandsGroup(heading);
    for (const add of commands) add(program, cli);
  }
  return program;
}

/** Exit codes of commander are 0 for help and version that were asked for, and not 0 for every wrong usage. */
function report(error: unknown, { err, env }: Terminal): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CliError) {
    err.write(`${err.paint.red('error:')} ${error.message}\n`);
    if (error.hint !== '') err.write(`${err.paint.cyan('hint:')} ${error.hint}\n`);
    return error.exitCode;
  }
  if (isShortOfFiles(error)) {
    err.write(`${err.paint.red('error:')} this process may open no more files\n`);
    err.write(
      `${err.paint.cyan('hint:')} allow more, by ulimit -n or LimitNOFILE; 256 are enough to start\n`,
    );
    return EXIT.failed;
  }
  const debug = env.REKINDLE_DEBUG;
  const stack = error instanceof Error && debug !== undefined && debug !== '' ? error.stack : undefined;
  err.write(`${err.paint.red('internal error:')} ${stack ?? String(error)}\n`);
  err.write(
    `${err.paint.cyan('hint:')} this is a defect of rekindle; REKINDLE_DEBUG=1 prints where it arose\n`,
  );
  return EXIT.failed;
}

/** Also the files of this program count, so it may happen anywhere. */
function isShortOfFiles(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE');
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const manifest: unknown = JSON.parse(text);
  if (typeof manifest !== 'object' || manifest === null || !('version' in manifest)) return 'unknown';
  return String(manifest.version);
}
