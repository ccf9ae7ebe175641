import { decisionId } from '../../engine/decide.js';
import { TRANSIENT_REASONS } from '../../engine/reasons.js';
import type { StepRecord } from '../../store/store.js';
import { CliError, EXIT } from '../exit.js';
import { stepLine } from '../print/operation.js';
import { headline } from '../print/decision.js';
import { safe } from '../print/text.js';
import type { Terminal } from '../terminal.js';
import type { Api, Explained } from './api.js';

const POLL_MS = 250;
/** A service that was killed is usually started again, and resumes the operation. */
const PATIENCE_MS = 60_000;

/**
 * Waits until what was ordered has ended, and tells its progress meanwhile.
 * @throws {CliError} `unreachable` when the service has been gone for a minute.
 */
export async function followOrder(
  terminal: Terminal,
  api: Pick<Api, 'url' | 'decision'>,
  eventId: string,
): Promise<Explained> {
  const id = decisionId(eventId);
  const progress = createProgress(terminal);
  let lastAnswerMs = terminal.clock.monotonic();
  const stopListening = terminal.onSignal('SIGINT', () => {
    terminal.err.write(`no longer waiting; the service goes on. Look again with: rekindle why ${id}\n`);
    terminal.exitNow(130);
  });
  try {
    for (;;) {
      const found = await ask(api, id);
      if (found !== 'unreachable') {
        lastAnswerMs = terminal.clock.monotonic();
        if (found !== null) progress.tell(found);
        if (found !== null && hasEnded(found)) return found;
      } else if (terminal.clock.monotonic() - lastAnswerMs > PATIENCE_MS) {
        throw new CliError(
          EXIT.unreachable,
          `the service at ${api.url} has not answered for a minute`,
          `when it is back: rekindle why ${id}`,
        );
      } else {
        progress.lost();
      }
      await terminal.clock.sleep(POLL_MS);
    }
  } finally {
    stopListening();
  }
}

/** True when nothing more will come of it. */
function hasEnded({ decision, operation }: Explained): boolean {
  if (operation !== null) return operation.state !== 'running';
  return !decision.reasons.some(({ code }) => TRANSIENT_REASONS.has(code));
}

/** Did what was ordered happen? */
export function succeeded({ operation }: Explained): boolean {
  return operation?.state === 'done';
}

async function ask(api: Pick<Api, 'decision'>, id: string): Promise<Explained | null | 'unreachable'> {
  try {
    return await api.decision(id);
  } catch (error) {
    if (error instanceof CliError && error.exitCode === EXIT.unreachable) return 'unreachable';
    throw error;
  }
}

interface Progress {
  tell(explained: Explained): void;
  lost(): void;
}

/** Says each thing once, when it is new. */
function createProgress({ err }: Terminal): Progress {
  const said = new Set<string>();
  function say(key: string, text: () => string): void {
    if (said.has(key)) return;
    said.add(key);
    err.write(text());
  }
  const told = ({ step, state, startedAt }: StepRecord): string => `${step} ${state} ${startedAt}`;
  return {
    tell({ decision, operation }) {
      said.delete('lost');
      const [first] = decision.reasons;
      say(`decision ${decision.outcome} ${first?.code ?? ''}`, () => `${safe(headline(decision))}\n`);
      for (const step of operation?.steps ?? []) say(told(step), () => stepLine(step, err.paint));
    },
    lost() {
      say('lost', () => 'the service does not answer; waiting for it to come back\n');
    },
  };
}
