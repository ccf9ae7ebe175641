import type { ReloadStatus, ServiceStatus } from '../server/administration.js';
import {
  addServiceOptions,
  examples,
  formatOption,
  type AddCommand,
  type Format,
  type ServiceOptions,
} from './command.js';
import { EXIT } from './exit.js';
import { printProblems } from './print/problems.js';
import { table, type Cell } from './print/table.js';
import { agoText, counted, jsonLine, safe, shortRevision } from './print/text.js';
import type { Sink } from './terminal.js';

export const status: AddCommand = (program, cli) => {
  const command = program
    .command('status')
    .summary('the service at a glance')
    .description('Prints the state of the running service: its policies, its work, its servers.');
  addServiceOptions(command)
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(
        ['rekindle status', 'the service on this machine'],
        ['rekindle status --format json | jq .policies.stale', 'are the files on disk the set that decides?'],
      ) + '\n\nExit codes: 0 printed, 2 wrong usage, 4 the service does not answer.',
    )
    .action(
      cli.handle(async (options: ServiceOptions & { readonly format: Format }) => {
        const { terminal } = cli;
        const { connect } = await import('./service/api.js');
        const api = await connect(terminal, options);
        const found = await api.status();
        if (options.format === 'json') terminal.out.write(jsonLine(found));
        else print(terminal.out, api.url, found, terminal.clock.now());
        return EXIT.ok;
      }),
    );
};

function print(out: Sink, url: string, found: ServiceStatus, nowMs: number): void {
  const { paint } = out;
  const draining = found.draining ? paint.yellow(', stopping') : '';
  out.write(
    `${paint.bold(`rekindle ${safe(found.version)}`)} at ${url}, started ${agoText(found.startedAt, nowMs)}${draining}\n`,
  );
  out.write(
    `  ${counted(found.pendingEvents, 'event')} waiting, ${counted(found.runningOperations, 'operation')} running\n`,
  );
  printPolicies(out, found.policies, nowMs);
  out.write(`${paint.bold('servers')}\n`);
  const head = ['server', 'state', 'runs on', 'from', 'snapshots', 'newest', 'last heartbeat'];
  const rows = found.servers.map((server): Cell[] => [
    server.name,
    server.state === 'up' ? { text: 'up', paint: paint.green } : { text: 'failed', paint: paint.red },
    server.machine,
    server.disk,
    String(server.snapshots),
    ago(server.newestSnapshotAt, nowMs),
    ago(server.lastHeartbeatAt, nowMs),
  ]);
  out.write(table(rows, { head, paintHead: paint.dim, indent: '  ' }));
}

function ago(at: string | null, nowMs: number): string {
  return at === null ? 'none' : agoText(at, nowMs);
}

/** A set that is no longer what the files say must not look like one that is. */
function printPolicies(out: Sink, policies: ReloadStatus, nowMs: number): void {
  const { paint } = out;
  out.write(`  policies ${shortRevision(policies.revision)}, loaded ${agoText(policies.loadedAt, nowMs)}\n`);
  if (!policies.stale) return;
  out.write(paint.red(`  STALE: the files on disk are not the set that decides\n`));
  if (policies.lastAttemptOk) return;
  out.write(`  they were refused ${agoText(policies.lastAttemptAt, nowMs)}:\n\n`);
  printProblems(out, policies.problems);
}
