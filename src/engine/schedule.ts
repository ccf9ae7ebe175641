import { Cron } from 'croner';
import type { ScheduleEvent } from './event.js';
import type { PolicySet, SchedulePolicy } from './policy-set.js';
import { type Instant, toEpochMs, toInstant } from './time.js';
import type { View } from './view.js';
import { compareText, selects } from './world.js';

/**
 * The next periodic snapshot of every server under every schedule, soonest first. One that is overdue, because
 * the service was down or drives were busy, is due once, whatever number of times it was missed.
 *
 * @param since when the service began to look: what was never ordered counts from here.
 */
export function nextSchedules(
  policySet: PolicySet,
  view: View,
  { since, now }: { readonly since: Instant; readonly now: Instant },
): readonly ScheduleEvent[] {
  const due = policySet.schedulePolicies.flatMap((policy) =>
    view.servers.flatMap((server): ScheduleEvent[] => {
      const identity = policySet.inventory.machines.get(server.name);
      if (identity === undefined || server.state === 'failed' || !selects(policy.servers, identity))
        return [];
      const ordered = view.orders.find(
        (order) =>
          order.server === server.name && order.policy === policy.name && order.action === 'snapshot',
      );
      const at = dueAt(policy, { orderedAt: ordered?.at ?? null, since, now });
      if (at === null) return [];
      const id = `schedule:${policy.name}:${server.name}:${at}`;
      return [{ kind: 'schedule', id, at, server: server.name, policy: policy.name }];
    }),
  );
  return due.toSorted((a, b) => compareText(a.at, b.at) || compareText(a.id, b.id));
}

interface Occasion {
  readonly orderedAt: Instant | null;
  readonly since: Instant;
  readonly now: Instant;
}

/** The last time missed, else the next time to come. */
function dueAt({ timing }: SchedulePolicy, occasion: Occasion): Instant | null {
  return 'everyMs' in timing ? dueEvery(timing.everyMs, occasion) : dueByCron(timing.cron, occasion);
}

function dueEvery(everyMs: number, { orderedAt, since, now }: Occasion): Instant {
  // A server without a periodic snapshot gets its first one at once, so that a previous one exists.
  if (orderedAt === null) return since;
  const ordered = toEpochMs(orderedAt);
  const missed = Math.floor((toEpochMs(now) - ordered) / everyMs);
  return toInstant(ordered + Math.max(1, missed) * everyMs);
}

function dueByCron(pattern: string, { orderedAt, since, now }: Occasion): Instant | null {
  const cron = new Cron(pattern, { timezone: 'UTC' });
  const next = cron.nextRun(new Date(toEpochMs(orderedAt ?? since)));
  if (next === null || next.toISOString() > now) return next?.toISOString() ?? null;
  const [missed = next] = cron.previousRuns(1, new Date(toEpochMs(now) + 1));
  return missed.toISOString();
}
