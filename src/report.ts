import type { Logger } from 'pino';
import type { Journalist } from './control/journalist.js';
import type { Decision, Reason } from './engine/decision.js';
import type { EngineEvent } from './engine/event.js';
import type { Metrics } from './server/metrics.js';
import { toEpochMs } from './engine/time.js';

/**
 * Tells the log and the metrics what the control room does. Each line that belongs to one of the eight steps
 * of the method carries its number as `methodStep`, so that a takeover can be read from the log alone.
 */
export function createReport(log: Logger, metrics: Metrics): Journalist {
  return {
    accepted(event, result) {
      metrics.eventAccepted({ kind: event.kind, source: sourceOf(event), result });
      if (event.kind === 'alert') {
        log.info({ methodStep: 1, event: event.id, server: event.server, result }, describeAlert(event));
      } else {
        log.info(
          { event: event.id, kind: event.kind, server: event.server, result },
          `${event.kind} of ${event.server} accepted`,
        );
      }
    },

    decided(decision, { final, tookMs }) {
      metrics.decided({
        outcome: decision.outcome,
        reason: decision.reasons[0]?.code ?? 'none',
        seconds: tookMs / 1000,
      });
      const { id, outcome, policyRevision } = decision;
      const line = {
        decision: id,
        event: decision.event.id,
        server: decision.event.server,
        outcome,
        policyRevision,
      };
      if (decision.event.kind === 'alert') log.info({ methodStep: 2, ...line }, describeMatch(decision));
      else if (decision.outcome !== 'none') log.info(line, describe(decision));
      if (!final) log.warn(line, 'waits for a running operation to end and is then decided again');
      if (decision.outcome === 'refused' && final) log.warn(line, `refused: ${describe(decision)}`);
      if (decision.restart) tellSelection(log, decision);
    },

    began(operation, { resumed }) {
      metrics.operationBegan(operation.kind);
      log.info(
        {
          operation: operation.id,
          kind: operation.kind,
          server: operation.server,
          decision: operation.decision.id,
        },
        resumed
          ? `${operation.kind} of ${operation.server} taken up again`
          : `${operation.kind} of ${operation.server} begins`,
      );
    },

    noted(operation, note) {
      // Progress is for who is watching; a log that is read later wants what happened.
      const level = note.progress === undefined ? 'info' : 'debug';
      log[level](
        { methodStep: note.methodStep, operation: operation.id, server: operation.server, ...note.detail },
        note.message,
      );
    },

    stepFailed(operation, { step, failure, final }) {
      const line = { operation: operation.id, server: operation.server, step, ...failure };
      log.warn(
        line,
        final ? `step ${step} failed: ${failure.message}` : `step ${step} is tried again: ${failure.message}`,
      );
    },

    ended(operation, end) {
      const seconds = (toEpochMs(end.at) - toEpochMs(operation.createdAt)) / 1000;
      metrics.operationEnded({ kind: operation.kind, state: end.state, seconds });
      const line = {
        operation: operation.id,
        kind: operation.kind,
        server: operation.server,
        seconds,
        result: end.result,
      };
      if (end.state === 'done') log.info(line, `${operation.kind} of ${operation.server} done`);
      else
        log.error(
          line,
          `${operation.kind} of ${operation.server} is blocked: ${end.reason ?? 'no reason given'}`,
        );
    },

    stoodBy({ machine, server, snapshot }) {
      const what = snapshot === null ? 'nothing any more' : `${snapshot} of ${server ?? ''}`;
      log.info({ machine, server, snapshot }, `${machine} holds ready ${what}`);
    },

    isolated({ server, drive, machine }) {
      log.info({ server, drive, machine }, `${machine}, fenced, has no access to ${drive} any more`);
    },

    fault(what, error) {
      log.error({ err: error }, what);
    },
  };
}

function sourceOf(event: EngineEvent): string {
  return event.kind === 'alert' ? event.source : 'rekindle';
}

function describeAlert(event: Extract<EngineEvent, { kind: 'alert' }>): string {
  const name = event.labels.alertname ?? event.id;
  const value = event.value === undefined ? '' : ` = ${event.value}`;
  return `alert from ${event.server}: ${name}${value} (${event.status})`;
}

function describeMatch(decision: Decision): string {
  const [first] = decision.reasons;
  if (first === undefined) return decision.outcome;
  if (decision.snapshot && decision.outcome === 'snapshot') {
    return `meets the condition ${decision.snapshot.condition} (${place(first)})`;
  }
  return `${decision.outcome}: ${sentence(first)}`;
}

/** Steps 6 and 7: what was extracted from the disk table, and what was selected. */
function tellSelection(log: Logger, { id, event, restart }: Decision): void {
  if (!restart) return;
  const drives = [...new Set(restart.candidates.map(({ drive }) => drive))];
  log.info(
    { methodStep: 6, decision: id, server: event.server, candidates: restart.candidates },
    `extracted ${restart.candidates.length} snapshots of ${event.server} on ${drives.join(', ') || 'no drive'}`,
  );
  const [best] = restart.attempts;
  if (best === undefined) return;
  const what =
    best.snapshot === null ? 'a cold boot' : `${best.snapshot} (${best.condition ?? 'no condition'})`;
  const why =
    restart.condition === null ? 'no condition announced the failure' : `announced by ${restart.condition}`;
  log.info(
    { methodStep: 7, decision: id, server: event.server, attempt: best, attempts: restart.attempts.length },
    `selected ${what} on ${best.drive} for ${best.backup}; ${why}`,
  );
}

function describe(decision: Decision): string {
  return decision.reasons.map(sentence).join('; ');
}

function sentence(one: Reason): string {
  return `${one.code}${one.policy === undefined ? '' : ` [${one.policy}]`}: ${one.text}`;
}

function place({ policy, file, line }: Reason): string {
  return policy === undefined ? 'no policy' : `policy ${policy}, ${file ?? ''}:${line ?? 0}`;
}
