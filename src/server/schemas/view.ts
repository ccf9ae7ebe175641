import { flag, instant, integer, list, object, oneOf, orNull, type Schema, text } from './build.js';

const CAUSES = ['hardware', 'software', 'unknown'];
export const CAUSE = oneOf(CAUSES, 'Kind of fault: decides whether memory taken meanwhile can be trusted.');
export const HEALTH = oneOf(['ok', 'degraded', 'failed'], 'What the drive says about itself.');
export const DRIVE_ROLE = oneOf(['active', 'snapshots', 'quarantined'], 'What the drive is for.');
export const MACHINE_STATE = oneOf(
  ['serving', 'idle', 'fenced', 'failed'],
  '`idle`: a backup that may be used. `fenced`: proven off. `failed`: of no use until a person looks at it.',
);
export const OPERATION_KIND = oneOf(['take-snapshot', 'restart-server', 'retire-snapshot'], 'Which action.');
const RESERVED_BY = orNull(text('The operation that has reserved it.'));

export const SNAPSHOT_FIELDS: Readonly<Record<string, Schema>> = {
  id: text('Id of the snapshot.'),
  server: text('The server whose memory and disk it holds.'),
  generation: integer('Grows by one with each snapshot of the server; orders them whatever the clocks say.'),
  kind: oneOf(['scheduled', 'additional', 'after-takeover', 'manual'], 'Why it was taken.'),
  condition: text('The condition it was taken under.'),
  cause: CAUSE,
  drive: text('The drive that holds it.'),
  takenAt: instant('The instant that memory and disk are of.'),
  memoryBytes: integer('Size of the memory.'),
  diskBytes: integer('Size of the disk.'),
  state: oneOf(['writing', 'complete', 'failed', 'deleting'], 'Only a complete snapshot is ever started.'),
  checksum: orNull(text('Over memory and disk.')),
  verified: orNull(oneOf(['ok', 'failed'], 'Whether the checksum was read back.')),
  pinned: flag('A pinned snapshot is never retired.'),
};

/** Schema of the engine's View. */
export const VIEW: Schema = object('The state that the next decision would be made on.', {
  servers: list(
    object('An active server: the identity that clients know.', {
      name: text('Its name.'),
      machine: text('The machine that runs it.'),
      disk: text('The drive it runs from.'),
      state: oneOf(['up', 'failed'], 'Whether it is known to have failed.'),
      failedAt: orNull(instant('When it failed.')),
      takenOverAt: orNull(instant('When the last takeover of it completed.')),
    }),
    'Active servers.',
  ),
  machines: list(
    object('A machine of the inventory.', {
      name: text('Its name.'),
      state: MACHINE_STATE,
      reservedBy: RESERVED_BY,
    }),
    'Machines.',
  ),
  drives: list(
    object('A drive of the disk table.', {
      name: text('Its name.'),
      freeBytes: integer('Free space.'),
      health: HEALTH,
      role: DRIVE_ROLE,
      server: orNull(text('With role active: the server that runs from it.')),
      reservedBy: RESERVED_BY,
    }),
    'Drives.',
  ),
  snapshots: list(object('A snapshot of the disk table.', SNAPSHOT_FIELDS), 'Snapshots.'),
  matches: list(
    object('One alert that matched one alert policy.', {
      event: text('Id of the alert: one that is decided again does not count twice.'),
      server: text('The server.'),
      policy: text('The alert policy.'),
      digest: text('Digest of what the policy asks for: an edited policy starts counting anew.'),
      at: instant('When the alert was.'),
    }),
    'What `repeated` counts.',
  ),
  symptoms: list(
    object('An open condition of a server.', {
      server: text('The server.'),
      condition: text('The condition.'),
      cause: CAUSE,
      policy: text('The alert policy.'),
      firstAt: instant('The first alert.'),
      lastAt: instant('The last alert.'),
      met: flag('Whether `repeated` of the policy was reached.'),
    }),
    'What announces failures.',
  ),
  orders: list(
    object('The last time that a policy ordered something for a server.', {
      server: text('The server.'),
      policy: text('The policy.'),
      action: oneOf(['snapshot', 'restart'], 'What was ordered.'),
      at: instant('When.'),
    }),
    'What cooldowns and schedules look at.',
  ),
  operations: list(
    object('An operation that has not ended, or still holds something.', {
      id: text('Its id.'),
      kind: OPERATION_KIND,
      server: text('Its server.'),
      state: oneOf(['running', 'blocked'], 'Whether it still runs.'),
    }),
    'Running operations, and blocked ones that still hold a machine or a drive.',
  ),
});

/** Schema of an accepted event. Each kind has fields of its own. */
export const EVENT: Schema = {
  type: 'object',
  description: 'An accepted event.',
  required: ['kind', 'id', 'at', 'server'],
  properties: {
    kind: oneOf(
      ['alert', 'failure', 'schedule', 'snapshot-order', 'restart-order', 'takeover', 'retention'],
      'What kind of event; each has fields of its own.',
    ),
    id: text('Identity of the event.'),
    at: instant('When it happened.'),
    server: text('The server that it is about.'),
  },
};

export const EVENT_REFERENCE: Schema = object('The event that was decided about.', {
  kind: oneOf(
    ['alert', 'failure', 'schedule', 'snapshot-order', 'restart-order', 'takeover', 'retention'],
    'What kind of event.',
  ),
  id: text('Its id.'),
  server: text('The server that it is about.'),
});
