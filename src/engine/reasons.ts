/**
 * The closed set of reason codes. A code is the same word in decisions, logs, metrics, tests and
 * documentation, so this table is the one place where a new one is made. The text says what the
 * code means to the person who reads it in `rekindle why`.
 */
export const REASONS = {
  // What became of the event
  matched: 'the alert meets the condition of this policy',
  'also-matched': 'the alert meets this policy too, but a policy before it already ordered the snapshot',
  'no-policy-matched': 'the alert meets the condition of no policy',
  'not-selected': 'the alert meets this condition, but the policy does not select this server (`servers`)',
  'not-met': 'the alert comes near to this policy, but does not meet its condition',
  'not-firing': 'the alert says that something is over, not that it began',
  'unknown-server': 'the inventory has no server of this name',
  'not-active': 'the server runs no identity of its own, so there is no memory to save',
  counting: 'the alert matches, but not often enough yet within the window of `repeated`',
  'in-cooldown': 'the same was ordered for this server too short a time ago',
  'before-takeover': 'the report is older than the takeover that already answered it',
  'server-failed': 'the server has failed; there is no memory left to save',
  'schedule-due': 'the periodic snapshot of this policy is due',
  'ordered-by-operator': 'a person ordered this through the API',
  'failure-reported': 'the server was reported failed',
  'takeover-complete': 'a takeover has just completed; its policy asks for a snapshot of the new state',
  observe: 'the policy only observes: the decision is recorded and nothing is done',

  // Placement: why a drive was taken or not
  placed: 'the best of the accepted drives',
  'no-drive': 'no drive may take the snapshot',
  'drives-busy': 'the drive that is needed is reserved by a running operation',
  'holds-previous': 'the drive holds the previous snapshot of this server; another drive is the law',
  'same-failure-domain': 'the drive shares the failure domain of the previous snapshot (`apartFrom`)',
  'active-disk': 'the drive is the active disk of a server',
  quarantined: 'the drive is quarantined',
  'drive-failed': 'the drive reports that it has failed',
  'not-asked-for': 'the order names another drive',
  'drive-missing': 'the drive is no longer in the inventory',
  unreachable: 'the machine has no path to the device of this drive',
  reserved: 'a running operation has reserved it',
  'in-doubt': 'an operation that ended blocked still holds it: it could not be proven free',
  'no-space': 'too few bytes are free',
  'requirement-not-met': 'a `require` condition does not hold',
  'not-capable': 'its driver cannot do what is needed',

  // Restart: why a snapshot was taken or not
  selected: 'a rule of the restart policy asks for this snapshot',
  'not-complete': 'the snapshot was never completed',
  'verification-failed': 'the checksum of the snapshot did not verify',
  'drive-in-use': 'another server runs from the drive of this snapshot',
  'memory-suspect': 'the memory was taken after the first symptom of such a cause (`never`)',
  'no-rule': 'no rule of the restart policy asks for this snapshot',

  // Restart: why a backup was taken or not
  eligible: 'the backup server can take over',
  'in-use': 'the backup server already runs a server',
  'is-failed-server': 'it is the machine that failed',
  'machine-unavailable': 'the machine is fenced or failed',
  'too-small': 'the machine has less memory than the snapshot',

  // Restart as a whole
  'attempts-planned': 'at least one snapshot can be started on at least one backup server',
  'no-restart-policy': 'no restart policy selects this server',
  'no-attempt': 'there is no pair of a snapshot and a backup server that may be started',
  'backups-busy': 'every backup server that could take over is reserved by a running operation',
  'max-concurrent': 'as many restarts are running as `guard.maxConcurrent` allows',
  'below-min-healthy':
    'fewer servers are healthy than `guard.minHealthy` asks for; this looks like a common cause',

  // Retention
  'beyond-retention': 'newer generations fill the count that `retain` keeps',
  'within-retention': 'within the count that `retain` keeps',
  'last-restorable': 'the newest complete snapshot of the server is never retired',
  pinned: 'the snapshot is pinned',
  'before-symptom': 'the newest snapshot from before the first symptom stays while the symptom is open',
  'runs-from': 'the server runs from the drive as this snapshot left it',
  'nothing-to-retire': 'every snapshot is within retention',

  // Faults inside a decision
  'condition-error': 'a condition could not be evaluated; it counts as not met',
} as const satisfies Record<string, string>;

/** A word from {@link REASONS}. */
export type ReasonCode = keyof typeof REASONS;

/** Refusals that pass by themselves: the event stays queued and is decided again when an operation ends. */
export const TRANSIENT_REASONS: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'drives-busy',
  'backups-busy',
  'max-concurrent',
]);
