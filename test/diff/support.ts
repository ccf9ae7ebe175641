import { diffPolicySets, type Diff, type Recording } from '../../src/diff/index.js';
import type { EngineEvent } from '../../src/engine/event.js';
import { loadPolicySet } from '../../src/engine/load.js';
import type { PolicySet } from '../../src/engine/policy-set.js';
import { readPolicyFiles } from '../../src/files.js';
import { DRIVER_CATALOGUE } from '../../src/hw/drivers.js';
import { alert, failure, scheduleDue } from '../engine/support/events.js';

/** The documents in `test/fixtures/diff/NAME`, after a change to their text. */
export async function fixture(
  name: string,
  change: (text: string) => string = (text) => text,
): Promise<PolicySet> {
  const { files } = await readPolicyFiles([`test/fixtures/diff/${name}`]);
  const changed = files.map((file) => ({
    ...file,
    bytes: Buffer.from(change(Buffer.from(file.bytes).toString('utf8'))),
  }));
  const loaded = loadPolicySet(changed, DRIVER_CATALOGUE);
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.policySet;
}

/** Two schedules, an overheating that is followed by a failure, a leak, and a failed database. */
export const STORY: readonly EngineEvent[] = [
  scheduleDue(0, { id: 's-web-0' }),
  scheduleDue(0, { id: 's-db-0', server: 'db-1' }),
  scheduleDue(15, { id: 's-web-15' }),
  scheduleDue(15, { id: 's-db-15', server: 'db-1' }),
  alert(16, { labels: { alertname: 'TooHot' }, value: 88 }),
  alert(17, { labels: { alertname: 'TooHot' }, value: 84 }),
  alert(18, { labels: { alertname: 'TooHot' }, value: 91 }),
  alert(19, { labels: { alertname: 'TooHot' }, value: 92 }),
  scheduleDue(30, { id: 's-web-30' }),
  failure(31),
  alert(40, { labels: { alertname: 'Growing' } }),
  alert(41, { labels: { alertname: 'Growing' }, status: 'resolved' }),
  failure(45, { server: 'db-1' }),
];

export function diff(
  base: PolicySet,
  head: PolicySet,
  events: readonly EngineEvent[] = STORY,
  state: Recording['state'] = null,
): Promise<Diff> {
  return diffPolicySets(base, head, { events, state });
}

/** `gained web-1 alert-16`, with `(follows)` where it does. */
export function told({ events }: Diff): readonly string[] {
  return events.map(
    ({ event, changes, follows }) =>
      `${changes.join('+')} ${event.server} ${event.kind} ${event.id}${follows ? ' (follows)' : ''}`,
  );
}
