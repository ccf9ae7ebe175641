import type { Restart } from './job.js';

/**
 * Lets the backup of the first attempt begin to load while the failed machine is being fenced: nothing of what it
 * loads runs, so it needs no proof and no reservation. It is a hint and no step: the attempt orders the same again,
 * and finds it done, under way or not begun. What a restart that goes another way has left loaded is let go by
 * whoever looks after standby.
 * @param signal ends the loading.
 */
export function loadAhead({ ctx, plan, hardware }: Restart, signal: AbortSignal): void {
  const [first] = plan.attempts;
  if (first === undefined || first.snapshot === null) return;
  const { snapshot, drive, backup } = first;
  const order = { operation: ctx.operation, server: ctx.server, snapshot, drive, signal };
  hardware
    .standby(backup)
    ?.arm(order)
    .catch(() => {
      // The attempt will meet the same, and tell.
    });
}
