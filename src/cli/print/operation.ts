import { toEpochMs } from '../../engine/time.js';
import type { Operation, StepRecord } from '../../store/store.js';
import type { Paint } from '../terminal.js';
import { clockText, safe, timeText, tookText, valueText } from './text.js';

/** An operation with every step: when it began, how long it took, what came of it. */
export function operationText(
  operation: Operation & { readonly steps: readonly StepRecord[] },
  paint: Paint,
): string {
  const { id, kind, createdAt, endedAt, reason, steps } = operation;
  const took = endedAt === null ? '' : `, after ${tookText(toEpochMs(endedAt) - toEpochMs(createdAt))}`;
  return [
    `${paint.bold('operation')}\n`,
    `  ${safe(id)}  ${kind}, began ${timeText(createdAt)}: ${stateText(operation, paint)}${took}\n`,
    ...(reason === null ? [] : [`  ${paint.red('because')} ${safe(reason)}\n`]),
    ...steps.map((step) => stepLine(step, paint)),
  ].join('');
}

function stateText({ state }: Operation, paint: Paint): string {
  switch (state) {
    case 'done':
      return paint.green('done');
    case 'blocked':
      return paint.red('blocked');
    case 'running':
      return paint.yellow('running');
  }
}

const STEP_WIDTH = 28;

/** One step in one line, and its failure or result in the next. */
export function stepLine(
  { step, state, startedAt, endedAt, error, result }: StepRecord,
  paint: Paint,
): string {
  const took = endedAt === null ? '' : tookText(toEpochMs(endedAt) - toEpochMs(startedAt));
  const line = `${paint.dim(clockText(startedAt))}  ${safe(step).padEnd(STEP_WIDTH)}`;
  switch (state) {
    case 'intended':
      return `  ${paint.yellow('…')} ${line}  under way\n`;
    case 'done': {
      const told = result === null || result === undefined ? '' : `\n      ${paint.dim(valueText(result))}`;
      return `  ${paint.green('✓')} ${line}  ${took}${told}\n`;
    }
    case 'failed': {
      const why =
        error === null ? 'no reason was recorded' : `${error.code} (${error.subject}): ${error.message}`;
      return `  ${paint.red('✗')} ${line}  ${took}\n      ${paint.red(safe(why))}\n`;
    }
  }
}
