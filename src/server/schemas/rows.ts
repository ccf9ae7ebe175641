import {
  anything,
  flag,
  instant,
  integer,
  list,
  object,
  oneOf,
  orNull,
  ref,
  type Schema,
  text,
  words,
} from './build.js';
import { DRIVE_ROLE, HEALTH, MACHINE_STATE, OPERATION_KIND, SNAPSHOT_FIELDS } from './view.js';

export const DRIVE_ROW: Schema = object('A drive of the disk table.', {
  name: text('Its name.'),
  device: text('The disk device that holds it.'),
  labels: words('Labels of the drive over those of its device: its failure domain.'),
  capacityBytes: integer('Its size.'),
  freeBytes: integer('Free space.'),
  health: HEALTH,
  role: DRIVE_ROLE,
  server: orNull(text('With role active: the server that runs from it.')),
  reservedBy: orNull(text('The operation that has reserved it.')),
  serial: orNull(text('Serial number, where declared.')),
  missing: flag('True when the inventory no longer has it; the rows of its snapshots stay.'),
});

export const SNAPSHOT_ROW: Schema = object('A snapshot of the disk table.', {
  ...SNAPSHOT_FIELDS,
  verifiedAt: orNull(instant('When the checksum was last read back.')),
  policyRevision: text('The policy set that ordered it.'),
  event: text('The event that caused it.'),
  operation: text('The operation that took it.'),
});

const OPERATION_FIELDS: Readonly<Record<string, Schema>> = {
  id: text('Its id.'),
  kind: OPERATION_KIND,
  server: text('The server that it is about.'),
  decision: ref('Decision'),
  state: oneOf(['running', 'done', 'blocked'], 'Blocked: it cannot go on without a person.'),
  createdAt: instant('When it was created.'),
  endedAt: orNull(instant('When it ended.')),
  reason: orNull(text('With blocked: what a person can act on.')),
  result: anything('What it ended with, as the action reported it.'),
};

export const OPERATION_SCHEMA: Schema = object('One execution of a decision.', OPERATION_FIELDS, ['result']);

export const STEP_SCHEMA: Schema = object(
  'One step of an operation, as journaled.',
  {
    step: text('Its name, unique in the operation.'),
    state: oneOf(
      ['intended', 'done', 'failed'],
      'Intended is written before the effect, the others after it.',
    ),
    startedAt: instant('When it was begun.'),
    endedAt: orNull(instant('When it ended.')),
    result: anything('With done: what it returned.'),
    error: orNull(
      object('With failed: why.', {
        code: text('A word for programs.'),
        subject: text('The machine, drive or snapshot.'),
        message: text('For people.'),
      }),
    ),
  },
  ['result'],
);

export const OPERATION_WITH_STEPS: Schema = object(
  'An operation with its steps.',
  { ...OPERATION_FIELDS, steps: list(ref('Step'), 'In the order in which they were begun.') },
  ['result'],
);

export const JOURNAL_ENTRY: Schema = object(
  'One change of one row of the disk table.',
  {
    seq: integer('Grows with each entry.'),
    at: instant('When.'),
    subject: text('The row, such as drive:d1.'),
    change: text('What changed.'),
    by: text('The operation or the caller.'),
    detail: anything('From what to what.'),
  },
  ['detail'],
);

const PROBLEM_OF_A_DOCUMENT = object('One thing that is wrong in a policy file.', {
  code: text('A word of the closed set of problem codes.'),
  file: text('The file.'),
  line: integer('From 1.'),
  column: integer('From 1.'),
  path: text('Where in the document.'),
  message: text('What was expected and what was found.'),
  hint: text('What to do next.'),
  excerpt: text('The source line and a caret under the place.'),
});

export const RELOAD_STATUS: Schema = object('What became of the last change to the policy files.', {
  revision: text('The set that decides.'),
  loadedAt: instant('Since when it decides.'),
  stale: flag('True while the files on disk are not the set that decides.'),
  lastAttemptAt: instant('When files were last read.'),
  lastAttemptOk: flag('Whether they were taken.'),
  problems: list(PROBLEM_OF_A_DOCUMENT, 'Why they were refused.'),
});

const IDENTITY_FIELDS: Readonly<Record<string, Schema>> = {
  state: oneOf(['up', 'failed'], 'Whether it is known to have failed.'),
  machine: text('The machine that runs it.'),
  disk: text('The drive it runs from.'),
  snapshots: integer('How many complete snapshots of it exist.'),
  newestSnapshotAt: orNull(instant('The newest complete snapshot.')),
  lastHeartbeatAt: orNull(instant('Its last sign of life.')),
};

export const STATUS_SCHEMA: Schema = object('The administration server at a glance.', {
  version: text('Of the program.'),
  startedAt: instant('Since when it runs.'),
  policies: ref('ReloadStatus'),
  pendingEvents: integer('Accepted and not finally decided.'),
  runningOperations: integer('Begun and not ended.'),
  draining: flag('True while it is shutting down.'),
  servers: list(
    object('An active server.', { name: text('Its name.'), ...IDENTITY_FIELDS }),
    'Active servers.',
  ),
});

export const SERVER_ENTRY: Schema = object('An entry under `servers` of the inventory.', {
  name: text('Its name.'),
  role: oneOf(['active', 'backup'], 'As declared.'),
  labels: words('As declared.'),
  memoryBytes: integer('As declared.'),
  reaches: list(text('A disk device.'), 'Disk devices to which the machine has a path.'),
  identity: orNull(object('With role active: the server that clients know by this name.', IDENTITY_FIELDS)),
  machine: object('The hardware of this entry.', {
    state: orNull(MACHINE_STATE),
    reservedBy: orNull(text('The operation that has reserved it.')),
    runs: orNull(text('The server that runs on it.')),
  }),
});

export const POLICY_ENTRY: Schema = object('A document of the set that decides.', {
  kind: oneOf(
    ['AlertPolicy', 'Inventory', 'PlacementPolicy', 'RestartPolicy', 'Scenario', 'SchedulePolicy'],
    'Its kind.',
  ),
  name: text('Its name.'),
  file: text('Where it is written.'),
  line: integer('From 1.'),
});
