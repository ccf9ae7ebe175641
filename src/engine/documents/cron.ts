import { Cron } from 'croner';
import type { Problem } from '../problem.js';
import type { Corpus } from './corpus.js';
import { problemAt } from './problems.js';
import { ofKind } from './structure.js';
import { inWords } from './words.js';

/** Times that croner can read, and that come at all. */
export function cronProblems({ documents }: Corpus): readonly Problem[] {
  return ofKind(documents, 'SchedulePolicy').flatMap(({ yaml, body }) => {
    const { cron } = body.spec;
    const message = cron === undefined ? null : cronFault(cron);
    if (message === null) return [];
    const hint = 'minute, hour, day of month, month, day of week: 0 3 * * * is every day at 03:00 UTC';
    return [problemAt(yaml, { code: 'CRON_SYNTAX', path: ['spec', 'cron'], message, hint })];
  });
}

function cronFault(text: string): string | null {
  // croner also takes dates, for jobs that run once.
  if (text.includes('T') || text.trim().split(/\s+/).length !== 5)
    return `expected five fields, found ${inWords(text)}`;
  try {
    // From a fixed time: a document is right or wrong whatever day it is.
    const next = new Cron(text, { timezone: 'UTC', mode: '5-part' }).nextRun(new Date(0));
    return next === null ? `${inWords(text)} never comes` : null;
  } catch (error) {
    return `${inWords(text)}: ${error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error)}`;
  }
}
