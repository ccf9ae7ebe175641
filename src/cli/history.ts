import { Option } from 'commander';
import type { Decision } from '../engine/decision.js';
import {
  addServiceOptions,
  examples,
  formatOption,
  wholeNumber,
  type AddCommand,
  type Format,
  type ServiceOptions,
} from './command.js';
import { EXIT } from './exit.js';
import { headline, outcomePaint } from './print/decision.js';
import { table, type Cell } from './print/table.js';
import { jsonLine, timeText } from './print/text.js';
import type { Api } from './service/api.js';
import type { Sink } from './terminal.js';

interface HistoryOptions extends ServiceOptions {
  readonly format: Format;
  readonly server?: string;
  readonly outcome?: string;
  readonly limit: number;
  readonly all?: boolean;
  /** True without a file. */
  readonly export?: string | true;
}

/** The most that the service answers at once. */
const MOST = 1000;

export const history: AddCommand = (program, cli) => {
  const command = program
    .command('history')
    .summary('what was decided, newest first')
    .description(
      'Prints decisions, newest first. Retention looks at a server after each of its snapshots; where it found nothing to do, only --all shows it.',
    )
    .option('--server <name>', 'only decisions about this server')
    .addOption(
      new Option('--outcome <outcome>', 'only decisions with this outcome').choices([
        'snapshot',
        'restart',
        'retire',
        'refused',
        'none',
      ]),
    )
    .option('--limit <n>', 'at most so many', wholeNumber(1, MOST), 20)
    .option('--all', 'also retention that found nothing to do')
    .addOption(
      new Option(
        '--export [file]',
        'write every recorded event instead, for `rekindle diff` (default: standard output)',
      ).conflicts(['server', 'outcome', 'limit', 'all', 'format']),
    );
  addServiceOptions(command)
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(
        ['rekindle history --server web-1', 'what happened to web-1'],
        ['rekindle history --outcome refused --limit 5', 'what was not done lately'],
        ['rekindle history --export history.ndjson', 'all that `rekindle diff` can replay'],
      ) + '\n\nExit codes: 0 printed, 2 wrong usage, 4 the service does not answer.',
    )
    .action(
      cli.handle(async (options: HistoryOptions) => {
        const { connect } = await import('./service/api.js');
        const api = await connect(cli.terminal, options);
        if (options.export !== undefined) {
          const { exportHistory } = await import('./history-export.js');
          await exportHistory(cli.terminal, api, fileOf(options.export));
          return EXIT.ok;
        }
        const decisions = await newest(api, options);
        if (options.format === 'json') cli.terminal.out.write(jsonLine({ decisions }));
        else print(cli.terminal.out, decisions);
        return EXIT.ok;
      }),
    );
};

function fileOf(given: string | true): string | null {
  return given === true || given === '-' ? null : given;
}

/** The service does not know what is uninteresting, so as much as it gives is looked through. */
async function newest(
  api: Api,
  { server, outcome, limit, all }: HistoryOptions,
): Promise<readonly Decision[]> {
  const decisions = await api.decisions({
    ...(server === undefined ? {} : { server }),
    ...(outcome === undefined ? {} : { outcome }),
    limit: all === true ? limit : MOST,
  });
  return decisions.filter((decision) => all === true || !isIdleRetention(decision)).slice(0, limit);
}

function isIdleRetention({ event, outcome }: Decision): boolean {
  return event.kind === 'retention' && outcome === 'none';
}

function print(out: Sink, decisions: readonly Decision[]): void {
  const { paint } = out;
  if (decisions.length === 0) {
    out.write('nothing was decided yet, or nothing that fits\n');
    return;
  }
  const rows = decisions.map((decision): Cell[] => [
    timeText(decision.at),
    { text: decision.outcome, paint: outcomePaint(decision, paint) },
    decision.event.kind,
    { text: decision.id, paint: paint.dim },
    headline(decision),
  ]);
  out.write(table(rows, { head: ['at', 'outcome', 'event', 'decision', ''], paintHead: paint.dim }));
  out.write(paint.dim('rekindle why DECISION explains one\n'));
}
