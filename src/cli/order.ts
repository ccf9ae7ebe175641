import { userInfo } from 'node:os';
import type { Format, ServiceOptions } from './command.js';
import { CliError, EXIT, type ExitCode } from './exit.js';
import { toEpochMs } from '../engine/time.js';
import { jsonLine, safe, tookText } from './print/text.js';
import type { Explained } from './service/api.js';
import type { Paint, Terminal } from './terminal.js';
import { explainedText } from './why.js';

/** Options of both commands by which a person orders something. */
export interface OrderOptions extends ServiceOptions {
  readonly format: Format;
  readonly by?: string;
  readonly wait?: boolean;
}

/** Who is at the terminal, for the record. */
export function orderedBy({ env }: Terminal, given: string | undefined): string {
  return given ?? env.USER ?? env.LOGNAME ?? accountName();
}

/** An account of a container need not have a name. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}

/** Gives an order to the service and, when asked to, waits for what becomes of it. */
export async function giveOrder(
  terminal: Terminal,
  options: OrderOptions,
  order: { readonly server: string; readonly what: 'snapshot' | 'restart'; readonly content: object },
): Promise<ExitCode> {
  const { out, err } = terminal;
  const { server, what, content } = order;
  const { connect } = await import('./service/api.js');
  const { decisionId } = await import('../engine/decide.js');
  const api = await connect(terminal, options);
  const event = await api.order(server, what, content);
  if (event === null) {
    throw new CliError(
      EXIT.failed,
      `the inventory has no server ${safe(server)}`,
      '`rekindle status` lists the servers',
    );
  }
  const decision = decisionId(event);
  if (options.wait !== true) {
    if (options.format === 'json') out.write(jsonLine({ event, decision }));
    else out.write(`${what} of ${safe(server)} ordered; rekindle why ${decision} says what becomes of it\n`);
    return EXIT.ok;
  }
  err.write(`${what} of ${safe(server)} ordered\n`);
  const { followOrder, succeeded } = await import('./service/follow.js');
  const ended = await followOrder(terminal, api, event);
  if (options.format === 'json') out.write(jsonLine(ended));
  else out.write(succeeded(ended) ? doneText(ended, out.paint) : `\n${explainedText(ended, out.paint)}`);
  return succeeded(ended) ? EXIT.ok : EXIT.failed;
}

/** Each step was told while it happened. */
function doneText({ decision, operation }: Explained, paint: Paint): string {
  const took = operation?.endedAt ? toEpochMs(operation.endedAt) - toEpochMs(operation.createdAt) : 0;
  const done = `${paint.green('✓')} ${operation?.kind ?? 'nothing'} of ${safe(decision.event.server)} done in ${tookText(took)}`;
  return `${done}; rekindle why ${decision.id} explains it\n`;
}
