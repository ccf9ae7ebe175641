import { describe, expect, it } from 'vitest';
import type { Api, Explained } from '../../src/cli/service/api.js';
import { followOrder } from '../../src/cli/service/follow.js';
import { CliError, EXIT } from '../../src/cli/exit.js';
import type { Decision } from '../../src/engine/decision.js';
import type { SnapshotOrder } from '../../src/engine/event.js';
import type { View } from '../../src/engine/view.js';
import { decided, operationOf } from './fake-service.js';
import { fakeTerminal, NOW_MS } from './harness.js';

const ORDER: SnapshotOrder = {
  kind: 'snapshot-order',
  id: 'order-1',
  at: '2026-01-31T12:00:00.000Z',
  server: 'web-1',
  by: 'ada',
  condition: 'manual',
  pinned: false,
};

type Answer = Explained | null | 'away';

/** Gives one answer after the other, and the last one for ever. */
function answering(answers: readonly Answer[]): Pick<Api, 'url' | 'decision'> {
  let asked = 0;
  return {
    url: 'http://service',
    async decision() {
      const answer = answers[Math.min(asked, answers.length - 1)] ?? null;
      asked += 1;
      if (answer === 'away') throw new CliError(EXIT.unreachable, 'away');
      return answer;
    },
  };
}

function done(decision: Decision): Explained {
  const operation = operationOf(decision, 'take-snapshot', { state: 'done', reason: null });
  return { decision, event: ORDER, operation: { ...operation, steps: [] } };
}

function allReserved(view: View): View {
  return { ...view, drives: view.drives.map((drive) => ({ ...drive, reservedBy: 'op-9' })) };
}

describe('waiting for an order', () => {
  it('goes on while the order waits for a running operation', async () => {
    const busy: Explained = { decision: await decided(ORDER, allReserved), event: ORDER, operation: null };
    const ended = done(await decided(ORDER));
    const terminal = fakeTerminal();
    expect(await followOrder(terminal, answering([null, busy, busy, ended]), 'order-1')).toBe(ended);
    expect(terminal.written().err.match(/drives-busy/g)).toHaveLength(1);
  });

  it('goes on while the service is away, and says so once', async () => {
    const ended = done(await decided(ORDER));
    const terminal = fakeTerminal();
    expect(await followOrder(terminal, answering(['away', 'away', 'away', ended]), 'order-1')).toBe(ended);
    expect(terminal.written().err.match(/waiting for it to come back/g)).toHaveLength(1);
  });

  it('gives up on a service that stays away for a minute', async () => {
    const terminal = fakeTerminal();
    const waiting = followOrder(terminal, answering(['away']), 'order-1');
    await expect(waiting).rejects.toMatchObject({ exitCode: EXIT.unreachable });
    expect(terminal.clock.now() - NOW_MS).toBeGreaterThan(60_000);
  });

  it('can be left by the person, who is told that the service goes on', async () => {
    const ended = done(await decided(ORDER));
    const terminal = fakeTerminal();
    const waiting = followOrder(terminal, answering([null, null, ended]), 'order-1');
    terminal.signal('SIGINT');
    await waiting;
    expect(terminal.exits).toEqual([130]);
    expect(terminal.written().err).toContain('rekindle why d-');
  });
});
