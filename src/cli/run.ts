import { InvalidArgumentError, Option } from 'commander';
import type { Service, ServiceOptions } from '../service.js';
import { examples, repeated, wholeNumber, type AddCommand } from './command.js';
import { CliError, EXIT, type ExitCode } from './exit.js';
import { DEFAULT_POLICIES } from './paths.js';
import { printProblems } from './print/problems.js';
import { safe } from './print/text.js';
import type { Terminal } from './terminal.js';

interface RunOptions {
  readonly policies?: readonly string[];
  readonly inventory?: string;
  readonly stateDir: string;
  readonly host: string;
  readonly port: number;
  readonly tokenFile?: string;
  readonly accessFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly clientCa?: string;
  readonly insecureHttp?: boolean;
  readonly strict?: boolean;
  readonly logLevel: string;
  readonly drainTimeout: number;
}

/** Starts a service; what `startService` is. Replaced in tests. */
export type Start = (options: ServiceOptions) => Promise<Service>;

export const runService: AddCommand = (program, cli) => {
  program
    .command('run')
    .summary('the administration server: watches policies, listens, acts')
    .description(
      'Runs the administration server until SIGTERM or SIGINT. Policies are followed while it runs; SIGHUP reads them at once. The log goes to standard output, a JSON object a line.',
    )
    .option(
      '--policies <dir>',
      `a folder or file with policies; may be given several times (default: ${DEFAULT_POLICIES}/)`,
      repeated,
    )
    .option('--inventory <file>', 'an inventory that is kept outside the policies')
    .option('--state-dir <dir>', 'where the store is kept; made when missing', 'rekindle-data')
    .option(
      '--host <host>',
      'address to listen on; one that is not loopback needs --access-file or --token-file, and --tls-cert',
      '127.0.0.1',
    )
    .option('--port <port>', 'port to listen on; 0 takes any free one', wholeNumber(0, 65535), 7411)
    .option(
      '--token-file <file>',
      'file that holds the token which callers must present (env REKINDLE_TOKEN holds the token itself)',
    )
    .option(
      '--access-file <file>',
      'who may do what, with hashes of tokens, webhook secrets or client certificates; read again with SIGHUP',
    )
    .option(
      '--tls-cert <file>',
      'certificate of the service, PEM, with its chain; read again with SIGHUP, as are key and CA',
    )
    .option('--tls-key <file>', 'private key of the certificate, PEM')
    .option('--client-ca <file>', 'CA whose client certificates prove who asks, PEM')
    .option('--insecure-http', 'listen beyond loopback without TLS, behind something that does it')
    .option('--strict', 'do not start on a dependency or a clock that is only warned about')
    .addOption(
      new Option('--log-level <level>', 'how much is logged')
        .choices(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
        .default('info'),
    )
    .option(
      '--drain-timeout <duration>',
      'how long running operations may take to end when it stops; the rest is resumed at the next start',
      duration,
      30_000,
    )
    .addHelpText(
      'after',
      examples(
        ['rekindle run', 'policies/ on 127.0.0.1:7411, state in rekindle-data/'],
        ['rekindle run --policies /etc/rekindle --state-dir /var/lib/rekindle', 'as a system service'],
      ) +
        '\n\nExit codes: 0 stopped by a signal after a clean drain, 1 it could not start or was told to stop twice, 2 wrong usage.',
    )
    .action(
      cli.handle((options: RunOptions) =>
        serve(cli.terminal, options, async (given) => {
          const { startService } = await import('../service.js');
          return startService(given);
        }),
      ),
    );
};

/** Runs a service until a signal stops it. A second signal does not wait for the drain. */
export async function serve(terminal: Terminal, options: RunOptions, start: Start): Promise<ExitCode> {
  const signals = listenToSignals(terminal);
  try {
    const service = await startOrExplain(terminal, await toServiceOptions(terminal, options), start);
    signals.started(service);
    terminal.err.write(
      `rekindle listens on ${service.address}; policies are followed; Ctrl-C or SIGTERM stops it\n`,
    );
    await signals.stop;
    terminal.err.write('stopping; running operations may end, a second signal does not wait for them\n');
    await service.stop();
    return EXIT.ok;
  } finally {
    signals.forget();
  }
}

async function toServiceOptions(terminal: Terminal, options: RunOptions): Promise<ServiceOptions> {
  const { accessOf, tlsOf } = await import('./run/access.js');
  const { isLoopback } = await import('../server/access/loopback.js');
  const { host, port, stateDir, logLevel, inventory } = options;
  const access = await accessOf(terminal, options);
  const tls = await tlsOf(terminal, options);
  if (!isLoopback(host)) {
    if (!access.isGuarded)
      throw new CliError(
        EXIT.usage,
        `${safe(host)} can be reached from other machines, and whoever reaches the service can power servers off`,
        'give --access-file or --token-file, or listen on 127.0.0.1',
      );
    if (tls === null && options.insecureHttp !== true)
      throw new CliError(
        EXIT.usage,
        `${safe(host)} can be reached from other machines, and without TLS tokens can be read on the way`,
        'give --tls-cert and --tls-key, or --insecure-http when something in front of it does TLS',
      );
  }
  const policies = [
    ...(options.policies ?? [DEFAULT_POLICIES]),
    ...(inventory === undefined ? [] : [inventory]),
  ];
  return {
    ...{ policies, stateDir, host, port, tls, logLevel },
    strict: options.strict === true,
    access: access.read,
    drainMs: options.drainTimeout,
  };
}

interface Signals {
  /** Resolves at the first signal that asks to stop. */
  readonly stop: Promise<void>;
  /** From here on SIGHUP reads the policies; before, there is nothing that could. */
  started(service: Service): void;
  forget(): void;
}

/** Listens before there is anything to stop: a signal that comes early must not be lost, and must not kill. */
function listenToSignals(terminal: Terminal): Signals {
  let service: Service | null = null;
  let asked = 0;
  let resolveStop = (): void => undefined;
  const stop = new Promise<void>((resolve) => {
    resolveStop = resolve;
  });
  const askToStop = (): void => {
    asked += 1;
    if (asked > 1) terminal.exitNow(EXIT.failed);
    resolveStop();
  };
  const subscriptions = [
    terminal.onSignal('SIGINT', askToStop),
    terminal.onSignal('SIGTERM', askToStop),
    terminal.onSignal('SIGHUP', () => {
      // What comes of it is in the log, as with every other change of the files.
      void service?.reload();
    }),
  ];
  return {
    stop,
    started(running) {
      service = running;
    },
    forget() {
      for (const unsubscribe of subscriptions) unsubscribe();
    },
  };
}

async function startOrExplain(terminal: Terminal, options: ServiceOptions, start: Start): Promise<Service> {
  try {
    return await start(options);
  } catch (error) {
    if (hasProblems(error)) {
      printProblems(terminal.err, error.problems);
      throw new CliError(EXIT.failed, 'the policies have problems, so the service did not start', '', {
        cause: error,
      });
    }
    throw explained(error, options);
  }
}

type Problems = Parameters<typeof printProblems>[1];

/** What the policy watcher throws. Told by its shape, so that nothing of the service is loaded just to ask. */
function hasProblems(error: unknown): error is Error & { readonly problems: Problems } {
  return error instanceof Error && 'problems' in error && Array.isArray(error.problems);
}

/** Start-up failures that a person can do something about; the others stay what they are. */
function explained(error: unknown, { host, port, stateDir }: ServiceOptions): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const failed = (message: string, hint: string): CliError =>
    new CliError(EXIT.failed, message, hint, { cause: error });
  switch (error.code) {
    case 'EADDRINUSE':
      return failed(
        `${host}:${port} is already in use`,
        'another service may be running: `rekindle status`; or give another --port',
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return failed(`this machine has no address ${safe(host)} to listen on`, 'give another --host');
    case 'EACCES':
    case 'EPERM':
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EROFS':
      return failed(
        error.message,
        `check --state-dir (${safe(stateDir)}) and --port (${port}), and what this user may do`,
      );
    case 'STORE_LOCKED':
    case 'STORE_UNSUITABLE':
    case 'STORE_INTEGRITY':
    case 'DEPENDENCY_UNSAFE':
    case 'CLOCK_IMPLAUSIBLE':
    case 'POLICY_FILE_MODE':
      return failed(safe(error.message), '');
    default:
      return error;
  }
}

function duration(text: string): number {
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const match = /^(\d{1,6})(ms|s|m|h)$/.exec(text);
  const unit = match?.[2];
  if (unit === 'ms' || unit === 's' || unit === 'm' || unit === 'h') return Number(match?.[1]) * units[unit];
  throw new InvalidArgumentError('Expected is a duration such as 30s or 2m.');
}
