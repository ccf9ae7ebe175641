import { REASONS } from '../../engine/reasons.js';
import {
  anything,
  flag,
  instant,
  integer,
  list,
  number,
  object,
  oneOf,
  orNull,
  ref,
  type Schema,
  text,
} from './build.js';
import { CAUSE, EVENT_REFERENCE } from './view.js';

const REASON_CODE = oneOf(Object.keys(REASONS), 'A word of the closed set of reason codes.');
const TEXT = text('For people.');
const EVIDENCE = list(ref('Evidence'), 'The leaves of the condition with the values they met.');

export const EVIDENCE_SCHEMA: Schema = object(
  'One leaf of a condition, evaluated.',
  {
    fact: text('The fact.'),
    path: text('The path in the fact.'),
    operator: text('The operator.'),
    expected: anything('What the policy asks for.'),
    found: anything('What was there; left out when nothing was.'),
    held: flag('Whether it held.'),
  },
  ['expected', 'found'],
);

export const REASON_SCHEMA: Schema = object(
  'One named reason.',
  {
    code: REASON_CODE,
    policy: text('The policy that it comes from.'),
    file: text('The file of the policy.'),
    line: integer('The line of the policy, from 1.'),
    text: TEXT,
    evidence: EVIDENCE,
  },
  ['policy', 'file', 'line', 'evidence'],
);

/** An accepted candidate has a score, a rejected one a reason. */
function candidate(name: 'drive' | 'backup'): Schema {
  return {
    description: `One ${name}, accepted or rejected.`,
    oneOf: [
      object('Accepted.', {
        [name]: text('Its name.'),
        accepted: { const: true },
        score: number('Higher is better.'),
      }),
      object(
        'Rejected.',
        {
          [name]: text('Its name.'),
          accepted: { const: false },
          reason: REASON_CODE,
          text: TEXT,
          evidence: EVIDENCE,
        },
        ['evidence'],
      ),
    ],
  };
}

const SNAPSHOT_CANDIDATE_BASE = {
  snapshot: text('Id of the snapshot.'),
  drive: text('The drive that holds it.'),
  condition: text('Its condition.'),
  takenAt: instant('When it was taken.'),
};

const SNAPSHOT_CANDIDATE: Schema = {
  description: 'One snapshot of the failed server, selected or rejected.',
  oneOf: [
    object('Selected.', {
      ...SNAPSHOT_CANDIDATE_BASE,
      accepted: { const: true },
      rank: integer('1 is tried first.'),
      rule: integer('Index of the rule of the restart policy that asked for it.'),
    }),
    object('Rejected.', {
      ...SNAPSHOT_CANDIDATE_BASE,
      accepted: { const: false },
      reason: REASON_CODE,
      text: TEXT,
    }),
  ],
};

const SNAPSHOT_PLAN = object('A snapshot that is to be taken.', {
  policy: text('The policy that orders it.'),
  kind: oneOf(['scheduled', 'additional', 'after-takeover', 'manual'], 'Why it is taken.'),
  condition: text('Recorded with the snapshot.'),
  cause: CAUSE,
  pinned: flag('A pinned snapshot is never retired.'),
  drive: orNull(text('The best drive.')),
  drives: list(text('A drive.'), 'Accepted drives, best first.'),
  previous: orNull(
    object('The snapshot beside which this one is taken.', {
      snapshot: text('Its id.'),
      drive: text('The drive that holds it.'),
    }),
  ),
  estimatedBytes: integer('Space that it is expected to need.'),
  deadlineMs: integer('Given up and undone after this.'),
  candidates: list(candidate('drive'), 'Every drive, with its reason.'),
});

const BOUNDED = {
  timeoutMs: integer('Each attempt is given up after this.'),
  attempts: integer('At most so many.'),
};

const RESTART_PLAN = object('A restart on a backup server.', {
  policy: text('The restart policy.'),
  machine: text('The machine that must be proven off first.'),
  disk: text('The drive that the failed server ran from.'),
  condition: orNull(text('The condition of the alerts that announced the failure.')),
  cause: CAUSE,
  firstSymptomAt: orNull(instant('The first of those alerts.')),
  attempts: list(
    object('One attempt. Without a snapshot it is a cold boot: the disk is kept, the memory is lost.', {
      snapshot: orNull(text('The snapshot to start from.')),
      condition: orNull(text('Its condition.')),
      drive: text('The drive to connect.'),
      backup: text('The backup server to start.'),
      score: number('Higher is better.'),
    }),
    'Tried in this order.',
  ),
  candidates: list(SNAPSHOT_CANDIDATE, 'Every snapshot of the server, with its reason.'),
  backups: list(candidate('backup'), 'Every backup server, with its reason.'),
  sequence: object('How carefully each step is done.', {
    fence: object('Fencing.', BOUNDED),
    connect: object('Connecting the drive.', BOUNDED),
    start: object('Starting the backup.', BOUNDED),
    verify: object('Verifying.', { heartbeatWithinMs: integer('A sign of life is awaited for so long.') }),
  }),
  afterTakeover: oneOf(['snapshot', 'nothing'], 'What follows a takeover.'),
});

const RETIRE_PLAN = object('What retention gives up.', {
  snapshots: list(
    object('A snapshot that goes.', { snapshot: text('Its id.'), drive: text('Its drive.'), text: TEXT }),
    'Snapshots that go.',
  ),
  kept: list(
    object('A snapshot that stays.', { snapshot: text('Its id.'), reason: REASON_CODE, text: TEXT }),
    'Snapshots that stay.',
  ),
});

/** Schema of the engine's Decision. */
export const DECISION_SCHEMA: Schema = object(
  'What the policies say to do about one event, and why, and why not otherwise.',
  {
    id: text('Derived from the id of the event.'),
    at: instant('The time of the event.'),
    event: EVENT_REFERENCE,
    policyRevision: text('The policy set that decided.'),
    outcome: oneOf(['snapshot', 'restart', 'retire', 'refused', 'none'], 'What is to be done.'),
    mode: oneOf(['enforce', 'observe'], 'With observe it is recorded and nothing is done.'),
    reasons: list(ref('Reason'), 'Why; the first is the main one.'),
    snapshot: SNAPSHOT_PLAN,
    restart: RESTART_PLAN,
    retire: RETIRE_PLAN,
    remember: object('What is remembered of the event for later decisions.', {
      matches: list(
        object('A match.', { policy: text('The policy.'), digest: text('Digest of what it asks for.') }),
        'Policies that it matched.',
      ),
      symptoms: list(
        object('A symptom.', {
          condition: text('The condition.'),
          cause: CAUSE,
          policy: text('The policy.'),
          met: flag('Whether the condition is met.'),
        }),
        'Symptoms opened or seen again.',
      ),
      closed: list(text('A policy.'), 'Policies whose symptom is over.'),
      orders: list(
        object('An order.', {
          policy: text('The policy.'),
          action: oneOf(['snapshot', 'restart'], 'What was ordered.'),
        }),
        'What was ordered.',
      ),
    }),
  },
  ['snapshot', 'restart', 'retire'],
);
