// Written by scripts/generate-types.mjs from schemas/. Do not edit.

/**
 * The version of the document format.
 */
export type ApiVersion = 'rekindle/v1';
/**
 * Free text for the people who read the policy after you.
 */
export type Description = string;
/**
 * Lower-case letters, digits, `-` and `.`, 1 to 63 characters; begins and ends with a letter or a digit.
 */
export type Name = string;
/**
 * The name of what an alert means. It is recorded in the disk table with the snapshot, and a RestartPolicy chooses by it.
 */
export type ConditionName = string;
/**
 * A whole number and its unit: `ms`, `s`, `m`, `h` or `d`.
 */
export type Duration = string;
/**
 * A whole number and its unit: `Ki`, `Mi`, `Gi`, `Ti` (powers of 1024) or `k`, `M`, `G`, `T` (powers of 1000).
 */
export type Size = string;
/**
 * A whole number of per cent, from `0%` to `100%`.
 */
export type Percent = string;
/**
 * Is memory that is taken now still to be trusted? `hardware`: the machine is in trouble, the memory is sound. `software`: the program itself is ill, and so is its memory. `unknown`: nobody can tell.
 */
export type CauseClass = 'hardware' | 'software' | 'unknown';
/**
 * `enforce`: decide and do. `observe`: decide and record, but do nothing.
 */
export type Mode = 'enforce' | 'observe';
/**
 * Higher goes first; equal ones go by name.
 */
export type Priority = number;
/**
 * Points that this preference adds to the score.
 */
export type Weight = number;
/**
 * How many completed snapshots of this kind stay, per server.
 */
export type RetainCount = number;
/**
 * How often the step is tried before it counts as failed.
 */
export type Attempts = number;
/**
 * A condition of json-rules-engine: `all`, `any` or `not` around comparisons of a fact with a value.
 */
export type Condition = AllOfThem | AnyOfThem | NoneOfIt | Comparison;
/**
 * A condition of json-rules-engine, with `all`, `any` or `not` outermost.
 */
export type RootCondition = AllOfThem | AnyOfThem | NoneOfIt;
/**
 * Where in the fact: `$`, then `.name`, `['any name']` or `[0]`. Nothing else of JSONPath.
 */
export type FactPath = string;
/**
 * Name of the PlacementPolicy that chooses the drive.
 */
export type PlacementName = string;
/**
 * The snapshot is given up, and undone, after this.
 */
export type Deadline = Duration;
/**
 * Each attempt is given up after this.
 */
export type StepTimeout = Duration;
/**
 * Name of an active server.
 */
export type ServerName = string;
/**
 * So many complete snapshots.
 */
export type SnapshotCount = number;

/**
 * The type of the document of each kind.
 */
export interface DocumentOfKind {
  AlertPolicy: AlertPolicyDocument;
  SchedulePolicy: SchedulePolicyDocument;
  PlacementPolicy: PlacementPolicyDocument;
  RestartPolicy: RestartPolicyDocument;
  Inventory: InventoryDocument;
  Scenario: ScenarioDocument;
}
/**
 * Which alerts mean which condition, and how the additional snapshot is taken when the condition is met.
 */
export interface AlertPolicyDocument {
  apiVersion: ApiVersion;
  /**
   * The kind of this document.
   */
  kind: 'AlertPolicy';
  metadata: Metadata;
  /**
   * Which alerts of which servers, what they mean, and what to do.
   */
  spec: {
    /**
     * When one alert meets several policies, the highest priority orders the snapshot; equal ones go by name.
     */
    priority?: Priority;
    mode?: Mode;
    servers?: Selector;
    /**
     * What the alert must look like. Facts: `alert` (labels, annotations, value, status, source, server, at) and `server`.
     */
    when: RootCondition;
    /**
     * How many matching alerts make the condition. Left out: the first one does.
     */
    repeated?: {
      /**
       * The alert that completes this number meets the condition.
       */
      times: number;
      /**
       * Only alerts inside a window of this length count. Required unless `times` is 1.
       */
      within?: Duration;
    };
    condition: ConditionName;
    cause?: CauseClass;
    /**
     * How the additional snapshot is taken.
     */
    snapshot: {
      placement: PlacementName;
      /**
       * At most one snapshot for this condition and server in this time.
       */
      cooldown?: Duration;
      deadline?: Deadline;
    };
  };
}
/**
 * The periodic snapshot: what the previous snapshot usually is.
 */
export interface SchedulePolicyDocument {
  apiVersion: ApiVersion;
  /**
   * The kind of this document.
   */
  kind: 'SchedulePolicy';
  metadata: Metadata;
  /**
   * Which servers, how often, and how. Has either `every` or `cron`.
   */
  spec: {
    servers?: Selector;
    /**
     * The time from one snapshot to the next. A server that has none yet gets its first at once.
     */
    every?: Duration;
    /**
     * Five fields: minute, hour, day of month, month, day of week; in UTC.
     */
    cron?: string;
    /**
     * Recorded in the disk table with the snapshot.
     */
    condition?: ConditionName;
    snapshot: SnapshotSettings;
  };
}
/**
 * Which drive a snapshot goes to, and how many snapshots stay. That it is another drive than the previous snapshot's is law and needs no rule.
 */
export interface PlacementPolicyDocument {
  apiVersion: ApiVersion;
  /**
   * The kind of this document.
   */
  kind: 'PlacementPolicy';
  metadata: Metadata;
  /**
   * First filter, then score.
   */
  spec: {
    /**
     * A drive for which this does not hold is rejected. Facts: `drive` (name, device, labels, capacityBytes, freeBytes, health) and `server`.
     */
    require?: RootCondition;
    /**
     * Widens the law: what the drive must not share with that of the previous snapshot.
     */
    apartFrom?: {
      /**
       * Name of a label of drives or devices whose value must differ.
       */
      previous: string;
    };
    /**
     * Weights that are summed; the highest sum goes first, equal ones go by drive name.
     *
     * Items: A weight, and either a condition that earns all of it or a measure that earns a share of it.
     */
    prefer?: {
      weight: Weight;
      /**
       * Drives for which this holds get the weight. Facts: `drive` and `server`.
       */
      when?: RootCondition;
      /**
       * Each drive gets the share of the weight that it has of the largest value among the accepted drives.
       */
      most?: 'freeBytes';
    }[];
    /**
     * How many completed snapshots of each kind stay. Pinned snapshots and the last one that can be restored always stay.
     */
    retain?: {
      /**
       * Periodic snapshots that stay, per server.
       */
      scheduled?: RetainCount;
      /**
       * Snapshots taken because of an alert that stay, per server.
       */
      additional?: RetainCount;
      /**
       * Snapshots taken after a takeover that stay, per server.
       */
      afterTakeover?: RetainCount;
      /**
       * Snapshots ordered by a person that stay, per server.
       */
      manual?: RetainCount;
    };
  };
}
/**
 * What to wake when a server has failed, where, and how carefully.
 */
export interface RestartPolicyDocument {
  apiVersion: ApiVersion;
  /**
   * The kind of this document.
   */
  kind: 'RestartPolicy';
  metadata: Metadata;
  /**
   * Which snapshots, which backup servers, in which sequence, within which limits.
   */
  spec: {
    /**
     * The highest priority that selects a server governs it; equal ones go by name.
     */
    priority?: Priority;
    mode?: Mode;
    servers?: Selector;
    /**
     * The fallback chain: what the first rule describes is tried first, then what the next one adds.
     *
     * Items: Describes snapshots of the failed server.
     */
    snapshots: {
      /**
       * A condition name; `matching`: the condition of the alert that announced this failure; `any`: every condition.
       */
      condition: string;
      /**
       * `true`: only the newest one described. `false`: all of them, newest first.
       */
      newest?: boolean;
      /**
       * Not older than this when the failure happened. Left out: of any age.
       */
      maxAge?: Duration;
      /**
       * `first-symptom`: taken before the first alert that announced this failure.
       */
      before?: 'first-symptom';
    }[];
    /**
     * Memory that is not to be trusted, one or a list: taken at or after the first symptom of such a cause.
     */
    never?: Distrust[] | Distrust;
    /**
     * `last-resort`: when no snapshot can be woken, boot from the server's disk and lose the memory. `never`: rather stay down.
     */
    coldBoot?: 'last-resort' | 'never';
    /**
     * `armed`: the backup that would take over holds the snapshot that would be woken, loaded and paused, so that a restart takes a moment. It costs the memory of the backup. `none`: it is loaded when it is needed.
     */
    standby?: 'armed' | 'none';
    /**
     * A symptom that was last seen longer ago than this does not announce the failure.
     */
    symptomsWithin?: Duration;
    /**
     * Which backup server takes over. Left out: any that has enough memory and reaches the drive.
     */
    backups?: {
      /**
       * A backup server for which this does not hold is rejected. Facts: `backup` (name, labels, memoryBytes, reaches), `snapshot` and `server`.
       */
      require?: RootCondition;
      /**
       * Weights that are summed; the highest sum goes first, equal ones go by name.
       *
       * Items: A condition and the weight that it earns.
       */
      prefer?: {
        weight: Weight;
        /**
         * Backup servers for which this holds get the weight. Facts: `backup`, `snapshot` and `server`.
         */
        when: RootCondition;
      }[];
    };
    /**
     * How carefully each step of the restart is done.
     */
    sequence?: {
      /**
       * Make sure that the failed server is off, and read it back.
       */
      fence?: {
        timeout?: StepTimeout;
        attempts?: Attempts;
      };
      /**
       * Give the backup server access to the drive of the snapshot.
       */
      connect?: {
        timeout?: StepTimeout;
        attempts?: Attempts;
      };
      /**
       * Start the backup server from the snapshot.
       */
      start?: {
        timeout?: StepTimeout;
        attempts?: Attempts;
      };
      /**
       * See that the server lives.
       */
      verify?: {
        /**
         * A sign of life must come this soon after the start; else the next attempt is made.
         */
        heartbeatWithin?: StepTimeout;
      };
    };
    /**
     * `snapshot`: once the old system is down and the new one is up, save the new state. `nothing`: do not.
     */
    afterTakeover?: 'snapshot' | 'nothing';
    /**
     * Name of the PlacementPolicy for the snapshot after the takeover. Required unless `afterTakeover` is `nothing`.
     */
    placement?: PlacementName;
    /**
     * The storm guard: when restarting more would do harm.
     */
    guard?: {
      /**
       * So many restarts run at once; others wait.
       */
      maxConcurrent?: number;
      /**
       * With a smaller share of the other active servers up, nothing is restarted: this looks like a common cause.
       */
      minHealthy?: Percent;
      /**
       * At most one takeover of a server in this time.
       */
      cooldown?: Duration;
    };
    /**
     * What a failure may cost. `rekindle check` proves it for every single failure, or shows the one that costs more; it changes no decision.
     */
    budget?: {
      /**
       * The snapshot that is woken is at most this old when the server fails. A boot without memory is beyond every budget.
       */
      maxLoss?: Duration;
      /**
       * What the timeouts and attempts of the sequence may add up to, from the decision to a server that is seen to live, when its first attempt succeeds.
       */
      maxRestart?: Duration;
    };
  };
}
/**
 * What exists: disk devices, drives, servers, the paths between them, and their drivers.
 */
export interface InventoryDocument {
  apiVersion: ApiVersion;
  /**
   * The kind of this document.
   */
  kind: 'Inventory';
  metadata: Metadata;
  /**
   * There is exactly one inventory in a policy set.
   */
  spec: {
    /**
     * Disk devices: arrays, shelves, targets. A device holds drives and is a failure domain.
     */
    devices: Device[];
    /**
     * What snapshots are stored on and servers run from: a LUN, a volume, a directory on a disk of its own.
     */
    drives: Drive[];
    /**
     * Active servers and backup servers.
     */
    servers: Server[];
  };
}
/**
 * A test that lives beside the policies. Time is virtual: ten minutes take no time.
 */
export interface ScenarioDocument {
  apiVersion: ApiVersion;
  /**
   * The kind of this document.
   */
  kind: 'Scenario';
  /**
   * The name under which the scenario is reported.
   */
  metadata: {
    /**
     * A sentence that says what must happen.
     */
    name: string;
    description?: Description;
  };
  /**
   * Where it plays and what happens.
   */
  spec: {
    /**
     * Name of the Inventory.
     */
    inventory: string;
    /**
     * Whether the SchedulePolicies take their snapshots while the scenario plays. Virtual time begins on 1 January 2026 at midnight UTC.
     */
    schedules?: boolean;
    /**
     * In the order of their times.
     */
    steps: Step[];
  };
}
/**
 * The name under which the document is known.
 */
export interface Metadata {
  /**
   * Unique among documents of this kind.
   */
  name: Name;
  description?: Description;
}
/**
 * Labels that a server must have, all of them. `role` and `name` count as labels. Left out or empty: every active server.
 */
export interface Selector {
  [k: string]: string;
}
/**
 * Names and values of your own choice.
 */
export interface Labels {
  [k: string]: string;
}
/**
 * Holds when every condition of the list holds.
 */
export interface AllOfThem {
  /**
   * Every one of these must hold.
   */
  all: Condition[];
}
/**
 * Holds when at least one condition of the list holds.
 */
export interface AnyOfThem {
  /**
   * At least one of these must hold.
   */
  any: Condition[];
}
/**
 * Holds when the condition does not hold.
 */
export interface NoneOfIt {
  /**
   * This must not hold.
   */
  not: Condition;
}
/**
 * Compares one value of a fact.
 */
export interface Comparison {
  /**
   * `alert` and `server` in AlertPolicy; `drive` and `server` in PlacementPolicy; `backup`, `snapshot` and `server` in RestartPolicy.
   */
  fact: 'alert' | 'server' | 'drive' | 'backup' | 'snapshot';
  path: FactPath;
  /**
   * `in` and `notIn` want a list as value; `contains` and `doesNotContain` look into a list in the fact; the comparisons of order want a number.
   */
  operator:
    | 'equal'
    | 'notEqual'
    | 'in'
    | 'notIn'
    | 'contains'
    | 'doesNotContain'
    | 'lessThan'
    | 'lessThanInclusive'
    | 'greaterThan'
    | 'greaterThanInclusive';
  /**
   * What the fact is compared with: a value, a list for `in` and `notIn`, or another fact as `{ fact, path }`.
   */
  value: unknown;
}
/**
 * How the snapshot is taken.
 */
export interface SnapshotSettings {
  placement: PlacementName;
  deadline?: Deadline;
}
/**
 * The name of one driver and its settings. Secrets never stand here: name an environment variable or a file.
 */
export interface Driver {
  [k: string]: {
    [k: string]: unknown;
  };
}
/**
 * Which memory is never woken.
 */
export interface Distrust {
  cause: CauseClass;
  /**
   * `first-symptom`: taken at or after the first alert that announced the failure.
   */
  takenAfter: 'first-symptom';
}
/**
 * A disk device.
 */
export interface Device {
  name: Name;
  /**
   * Failure domains and whatever placement policies ask for; every drive of the device has them too.
   */
  labels?: Labels;
}
/**
 * A drive. Its role follows: it is the disk of an active server, or it holds snapshots.
 */
export interface Drive {
  name: Name;
  /**
   * Name of the device that holds it.
   */
  device: string;
  /**
   * Added to the labels of its device; where both have one, the drive's counts.
   */
  labels?: Labels;
  /**
   * How much fits on it.
   */
  capacity: Size;
  /**
   * Serial number or WWN of the hardware. Two names of one piece of hardware are one drive.
   */
  serial?: string;
  /**
   * `true`: nothing is stored on it any more; what is there can still be woken.
   */
  quarantined?: boolean;
  driver: Driver;
}
/**
 * A server: active ones run work, backups wait to take over.
 */
export interface Server {
  name: Name;
  /**
   * `active`: runs work. `backup`: can be started in the place of an active server.
   */
  role: 'active' | 'backup';
  /**
   * What policies select servers by. `role` and `name` are labels already.
   */
  labels?: Labels;
  /**
   * Size of its memory; a snapshot needs as much, and so does the backup server that wakes it.
   */
  memory: Size;
  /**
   * Name of the drive that an active server runs from. A backup server has none.
   */
  disk?: string;
  /**
   * Names of the devices to which it has a path.
   */
  reaches: string[];
  driver: Driver;
}
/**
 * One thing that happens at a time, what is expected of it, or both.
 */
export interface Step {
  /**
   * Time since the start of the scenario; never before that of the step above.
   */
  at: Duration;
  /**
   * A snapshot is taken, as if a schedule or a person had ordered it.
   */
  snapshot?: {
    server: ServerName;
    /**
     * The condition that is recorded with it.
     */
    condition?: string;
    /**
     * The drive it is put on. Left out: as the placement policy decides.
     */
    drive?: string;
  };
  /**
   * An alert comes in.
   */
  alert?: {
    server: ServerName;
    /**
     * Whether it begins or is over.
     */
    status?: 'firing' | 'resolved';
    labels?: Labels;
    annotations?: Labels;
    /**
     * The measured value.
     */
    value?: number;
  };
  /**
   * A server or its active disk fails.
   */
  failure?: {
    server: ServerName;
    /**
     * What failed, in a word.
     */
    cause?: string;
    /**
     * What failed: the server or the disk that it runs from.
     */
    subject?: 'server' | 'disk';
  };
  /**
   * The health of a drive changes.
   */
  drive?: {
    /**
     * Name of the drive.
     */
    name: string;
    /**
     * What the drive reports from now on.
     */
    health: 'ok' | 'degraded' | 'failed';
  };
  /**
   * A piece of the simulated rack stops doing what it should.
   */
  misbehave?: {
    /**
     * Name of a server or a drive.
     */
    target: string;
    /**
     * What it does instead.
     */
    fault: string;
  };
  /**
   * The path of a server to a device is cut, or is whole again.
   */
  path?: {
    /**
     * Name of a server of the inventory, active or backup.
     */
    server: string;
    /**
     * Name of the device.
     */
    device: string;
    /**
     * What the path is from now on.
     */
    state: 'cut' | 'ok';
  };
  /**
   * The service is killed in the next operation of a kind, as by `kill -9`, and started again after a while. A crash that never comes fails the scenario.
   */
  crash?: {
    /**
     * In which operation.
     */
    operation: 'snapshot' | 'restart';
    /**
     * At which of its steps, counted from 1 as the journal counts them.
     */
    step: number;
    /**
     * Where in the step: before or after its intent is in the journal, when its effect has happened and is not, or when its result is in the journal too. A step that only writes to the disk table has the first and the last.
     */
    at?: 'before-intent' | 'after-intent' | 'after-effect' | 'after-result';
    /**
     * How long the service is gone.
     */
    downFor?: Duration;
  };
  expect?: Expectation;
}
/**
 * What must be true. What is left out is not looked at.
 */
export interface Expectation {
  /**
   * The outcome of the decision.
   */
  outcome?: 'snapshot' | 'restart' | 'refused' | 'none';
  /**
   * A reason code that the decision must give.
   */
  reason?: string;
  /**
   * A snapshot must have been ordered, and taken.
   */
  snapshot?: {
    /**
     * The condition recorded with it.
     */
    condition?: string;
    /**
     * The drive it is on.
     */
    drive?: string;
    /**
     * A drive it is not on.
     */
    driveNot?: string;
  };
  /**
   * A backup server must have been started.
   */
  restart?: {
    /**
     * The condition of the snapshot it woke from; `cold boot` when it woke from none.
     */
    condition?: string;
    /**
     * Name of the backup server.
     */
    backup?: string;
    /**
     * The drive it woke from.
     */
    drive?: string;
    /**
     * When the snapshot it woke from was taken, from the start of the scenario.
     */
    takenAt?: Duration;
    /**
     * The snapshot it woke from was at most this old when the server failed.
     */
    maxLoss?: Duration;
  };
  /**
   * Which machine runs each server, as the rack itself sees it; `nowhere` when none may.
   */
  alive?: {
    [k: string]: string;
  };
  /**
   * How many complete snapshots of each server there are, of each kind that is named.
   */
  retained?: {
    /**
     * Complete snapshots by kind, as `retain` of a PlacementPolicy counts them.
     */
    [k: string]: {
      scheduled?: SnapshotCount;
      additional?: SnapshotCount;
      afterTakeover?: SnapshotCount;
      manual?: SnapshotCount;
    };
  };
}
