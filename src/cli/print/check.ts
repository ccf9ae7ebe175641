import type { Analysis } from '../../check/index.js';
import { spoken } from '../../engine/reason.js';
import type { Sink } from '../terminal.js';
import type { Finding } from './finding.js';
import { counted, safe } from './text.js';

/** Every finding with its place and what to do, then what was looked at. */
export function checkText(
  findings: readonly Finding[],
  analysis: Analysis | null,
  { paint }: Pick<Sink, 'paint'>,
): string {
  const blocks = findings.map(({ code, severity, file, line, message, hint }) => {
    const coloured = severity === 'error' ? paint.red : paint.yellow;
    return `${paint.bold(safe(`${file}:${line}`))}  ${coloured(code)}\n  ${safe(message)}\n  ${paint.cyan('hint:')} ${safe(hint)}\n\n`;
  });
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const total = `${counted(errors, 'error')}, ${counted(findings.length - errors, 'warning')}\n`;
  const looked = analysis === null ? '' : `${safe(lookedAt(analysis))}\n`;
  return `${blocks.join('')}${looked}${errors === 0 ? paint.green(total) : paint.red(total)}`;
}

function lookedAt(analysis: Analysis): string {
  const { pairs } = analysis;
  const also = pairs === null ? '' : ` and ${pairs.looked} of ${counted(pairs.all, 'pair')}`;
  const worst = summaryOf(analysis);
  const lost =
    worst.lost === null ? '' : `; at most ${worst.lost.text} of work is lost (${worst.lost.example})`;
  const takes =
    worst.longestMs === null ? '' : `; the timeouts of a restart add up to ${spoken(worst.longestMs)}`;
  return `${counted(analysis.failures, 'single failure')}${also} looked at${lost}${takes}`;
}

interface Summary {
  readonly lost: { readonly ms: number | null; readonly text: string; readonly example: string } | null;
  readonly longestMs: number | null;
}

/** Of what is woken with its memory. */
function summaryOf({ struck }: Analysis): Summary {
  const woken = struck.filter(({ outcome }) => outcome.attempt !== null);
  const lost = woken
    .flatMap(({ failure, outcome }) =>
      outcome.lostMs === null ? [] : [{ ms: outcome.lostMs, server: outcome.server.name, failure }],
    )
    .reduce<{ ms: number; server: string; failure: { subject: string } } | null>(
      (worst, one) => (worst === null || one.ms > worst.ms ? one : worst),
      null,
    );
  return {
    lost: lost && {
      ms: Number.isFinite(lost.ms) ? lost.ms : null,
      text: Number.isFinite(lost.ms) ? spoken(lost.ms) : 'an unbounded time',
      example: `${lost.server}, ${lost.failure.subject}`,
    },
    longestMs: woken.length === 0 ? null : Math.max(...woken.map(({ outcome }) => outcome.takesMs)),
  };
}

/** The whole analysis as data; times in milliseconds, `lostMs: null`: the memory is lost, or grows older without end. */
export function analysisJson(analysis: Analysis): object {
  const { failures, struck, unprotected, pairs } = analysis;
  return {
    looked: failures,
    outcomes: struck.map(caseJson),
    unprotected: unprotected.map(caseJson),
    ...(pairs === null
      ? {}
      : { pairs: { all: pairs.all, looked: pairs.looked, outcomes: pairs.struck.map(caseJson) } }),
  };
}

function caseJson({ failure, outcome }: Analysis['struck'][number]): object {
  const { server, policy, state, attempt, lostMs, takesMs, decision } = outcome;
  return {
    failure: { kind: failure.kind, subject: failure.subject },
    server: server.name,
    policy: policy.name,
    announcedBy: state.symptom?.policy ?? null,
    survived: attempt !== null,
    reason: decision.reasons[0]?.code ?? null,
    attempt,
    lostMs: lostMs !== null && Number.isFinite(lostMs) ? lostMs : null,
    takesMs,
  };
}
