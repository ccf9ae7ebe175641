import type { CheckFinding } from './finding.js';
import { type Governed, recording } from './governance.js';

/** What an operator would learn of a server only when it has failed. */
export function checkServer(governed: Governed): readonly CheckFinding[] {
  return [...withoutRestart(governed), ...withoutSnapshot(governed), ...ambiguous(governed)];
}

function withoutRestart({ server, restarts }: Governed): readonly CheckFinding[] {
  if (restarts.length > 0) return [];
  return [
    {
      code: 'SERVER_WITHOUT_RESTART',
      severity: 'error',
      origin: server.origin,
      message: `no RestartPolicy selects ${server.name}: when it fails, nothing is woken`,
      hint: 'add its labels to the servers of a RestartPolicy',
    },
  ];
}

function withoutSnapshot(governed: Governed): readonly CheckFinding[] {
  if (recording(governed).length > 0) return [];
  return [
    {
      code: 'SERVER_WITHOUT_SNAPSHOT',
      severity: 'error',
      origin: governed.server.origin,
      message: `no AlertPolicy that enforces and no SchedulePolicy selects ${governed.server.name}: there is never a snapshot to wake`,
      hint: 'add a SchedulePolicy for it; without a periodic snapshot a sudden failure finds none',
    },
  ];
}

function ambiguous({ server, restarts: [first, second] }: Governed): readonly CheckFinding[] {
  if (first === undefined || second?.priority !== first.priority) return [];
  return [
    {
      code: 'RESTART_AMBIGUOUS',
      severity: 'warning',
      origin: second.origin,
      message: `${first.name} and ${second.name} both select ${server.name} with priority ${first.priority}; ${first.name} governs it, only because of its name`,
      hint: 'give the one that is meant a higher priority',
    },
  ];
}
