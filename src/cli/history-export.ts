import { rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { EngineEvent } from '../engine/event.js';
import { toInstant } from '../engine/time.js';
import { HISTORY_FORMAT, HISTORY_VERSION, type HistoryHeader } from './events/recording.js';
import { CliError, EXIT } from './exit.js';
import { counted, jsonLine, safe } from './print/text.js';
import type { Api } from './service/api.js';
import type { Terminal } from './terminal.js';

/**
 * Writes every recorded event of the service, in the order in which they were decided, behind a header.
 * @param file null is standard output. A file is there as a whole or as it was before.
 */
export async function exportHistory(terminal: Terminal, api: Api, file: string | null): Promise<void> {
  const { version, policies } = await api.status();
  const events = await everyEvent(api);
  const header: HistoryHeader = {
    format: HISTORY_FORMAT,
    version: HISTORY_VERSION,
    program: version,
    policyRevision: policies.revision,
    exportedAt: toInstant(terminal.clock.now()),
    events: events.length,
    // The store forgets no event, so the first one is the first of all and nothing had happened before it.
    state: null,
  };
  if (file === null) {
    terminal.out.write(jsonLine(header));
    for (const event of events) terminal.out.write(jsonLine(event));
    return;
  }
  await replaceFile(terminal, file, [header, ...events].map(jsonLine));
  terminal.err.write(`${counted(events.length, 'event')} in ${safe(file)}\n`);
}

/** The service goes on deciding meanwhile: what it adds is at the end, and the last page ends the export. */
async function everyEvent(api: Api): Promise<readonly EngineEvent[]> {
  const all: EngineEvent[] = [];
  for (let after: number | null = 0; after !== null;) {
    const page: Awaited<ReturnType<Api['events']>> = await api.events(after);
    all.push(...page.items);
    after = page.next;
  }
  return all;
}

async function replaceFile({ cwd }: Terminal, file: string, lines: readonly string[]): Promise<void> {
  const path = resolve(cwd, file);
  const partial = `${path}.partial`;
  try {
    await writeFile(partial, lines);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.usage, `${safe(file)} cannot be written: ${safe(why)}`, 'check the folder', {
      cause: error,
    });
  }
}
