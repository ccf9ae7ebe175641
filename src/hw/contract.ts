/**
 * The hardware contract. A driver knows its own protocol and this file, and nothing about policies.
 * What it cannot do it does not declare; asking for it is an error when the inventory is loaded.
 *
 * Every mutating call is idempotent under its operation and arguments: after a crash the caller repeats the
 * call, and a driver that finds the effect already there answers as if it had just brought it about.
 */
import type { FenceProof } from './fence.js';

/** Whose order this is. Goes into every mutating call so that hardware logs can be matched with the journal. */
export interface Order {
  /** Id of the operation that orders it. */
  readonly operation: string;
  /** Aborted when the caller gives up: the driver stops what it can and throws `aborted`. */
  readonly signal: AbortSignal;
}

/** A machine of the inventory as its driver knows it. */
export interface MachineHandle {
  readonly power?: PowerCapability;
  readonly memory?: MemoryCapability;
  readonly standby?: StandbyCapability;
}

/** A drive of the inventory as its driver knows it. */
export interface DriveHandle {
  readonly storage?: StorageCapability;
}

/** Power: off, on, and reading back which. */
export interface PowerCapability {
  /**
   * Asks for power off. Resolves when the machine accepted the request, which proves nothing: read back.
   * A machine that is already off is a success.
   * @throws {HardwareError} when the request was refused or not answered.
   */
  off(order: Order): Promise<void>;
  /**
   * Reads the state back from the hardware itself, never from a cache.
   * @throws {HardwareError} for anything that is not a clear `on` or `off`. Unknown is not off.
   */
  state(signal: AbortSignal): Promise<'on' | 'off'>;
  /**
   * Boots the machine from the connected drive, without memory. Resolves when the boot was accepted.
   * @param proof that the machine which ran this server before is off.
   */
  boot(
    order: Order & { readonly server: string; readonly drive: string; readonly proof: FenceProof },
  ): Promise<void>;
  /**
   * What runs on the machine as far as the hardware can see it; null when nothing does.
   * `heartbeatAt` is epoch ms of the last sign of life of the guest, null when it gives none.
   */
  guest(
    signal: AbortSignal,
  ): Promise<{ readonly server: string; readonly heartbeatAt: number | null } | null>;
}

/** Memory: saving it together with the disk of the same instant, and waking from it. */
export interface MemoryCapability {
  /**
   * Takes memory and disk of one instant onto `drive` while the server runs on. Resolves when the snapshot is
   * complete, with its manifest written last; on any failure nothing of it is left and the server runs on.
   * Called again with the id of a complete snapshot it returns that manifest; with the id of a partial one it
   * discards the remains and starts over.
   */
  snapshot(order: SnapshotOrder): Promise<SnapshotManifest>;
  /**
   * Starts the machine from the memory and disk of a snapshot on a connected drive.
   * Called again for a machine that already runs this very snapshot for this operation, it resolves.
   * @param proof that the machine which ran this server before is off.
   * @throws {HardwareError} when the machine did not start; it is then off or can be powered off.
   */
  resume(
    order: Order & {
      readonly server: string;
      readonly snapshot: string;
      readonly drive: string;
      readonly proof: FenceProof;
    },
  ): Promise<void>;
}

/** Standby: holding a snapshot loaded on a backup, so that waking it is a matter of letting it run. */
export interface StandbyCapability {
  /**
   * Loads memory and disk of the snapshot and holds the machine paused: nothing runs and nothing is written, so
   * it needs neither a fence nor access to the drive. The stored bytes are read back as by `verify` on the way. A
   * later `resume` of the same snapshot lets it run. What was armed before is disarmed; arming the same snapshot
   * again is a success, without another look at its bytes. An order that wants something else of the machine need
   * not wait: the loading gives way, with `aborted`. While it is armed the machine counts as off.
   * @throws {HardwareError} `refused` when the machine runs a server, `absent` or `damaged` for the snapshot.
   * Nothing is held then.
   */
  arm(
    order: Order & { readonly server: string; readonly snapshot: string; readonly drive: string },
  ): Promise<void>;
  /** Lets go of what is armed. Nothing armed is a success; a machine that runs a server is left alone. */
  disarm(order: Order): Promise<void>;
  /** The snapshot that is held ready, null when none is. */
  armed(signal: AbortSignal): Promise<string | null>;
}

export interface SnapshotOrder extends Order {
  readonly snapshot: string;
  readonly server: string;
  readonly drive: string;
  /** Called with the share done, from 0 to 1, growing. */
  readonly onProgress?: (share: number) => void;
}

/** Written last; a snapshot without one does not exist. */
export interface SnapshotManifest {
  readonly snapshot: string;
  readonly server: string;
  readonly drive: string;
  /** Epoch ms of the instant that memory and disk are of. */
  readonly takenAtMs: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** `sha256:` and hex, over memory and disk content. */
  readonly checksum: string;
}

/** Storage: who may use a drive, and what is on it. */
export interface StorageCapability {
  /** Gives a machine access to the drive. Already connected is a success. */
  connect(order: Order & { readonly machine: string }): Promise<void>;
  /** Takes the access away and ends open sessions. Already disconnected is a success. */
  disconnect(order: Order & { readonly machine: string }): Promise<void>;
  /** The machines that have access now, read from the hardware, sorted. */
  connections(signal: AbortSignal): Promise<readonly string[]>;
  status(signal: AbortSignal): Promise<DriveStatus>;
  /** The manifest of a complete snapshot; `partial` for remains without one; `absent`. */
  inspect(snapshot: string, signal: AbortSignal): Promise<SnapshotManifest | 'partial' | 'absent'>;
  /** Reads the stored bytes and compares them with the manifest's checksum. */
  verify(snapshot: string, signal: AbortSignal): Promise<'ok' | 'damaged' | 'absent'>;
  /** Removes a snapshot or its remains. Already absent is a success. */
  discard(order: Order & { readonly snapshot: string }): Promise<void>;
}

export interface DriveStatus {
  readonly capacityBytes: number;
  readonly freeBytes: number;
  readonly health: 'ok' | 'degraded' | 'failed';
}

/** What a driver can offer; a policy that needs what a driver does not declare is refused when it is loaded. */
export type DriverCapability = 'power' | 'memory' | 'storage' | 'standby';

/** A kind of hardware. One value of this type per folder in `src/hw/`. */
export interface Driver {
  readonly name: string;
  readonly capabilities: ReadonlySet<DriverCapability>;
  /** JSON Schemas of what may stand under the driver's name in the inventory, at a server and at a drive. */
  readonly settings: { readonly machine: object; readonly drive: object };
  /**
   * Opens the machines and drives that the inventory assigns to this driver. Called once per service start
   * and whenever the inventory changes. Does not touch the hardware.
   * @throws {HardwareError} with code `driver-settings` when the settings make no sense.
   */
  open(entries: DriverEntries): OpenDriver;
  /**
   * Looks at what the entries name, without changing anything: programs, files, folders, permissions. Every
   * problem at once; empty when all is usable. Left out by drivers that have nothing to look at.
   */
  probe?(entries: DriverEntries): Promise<readonly ProbeProblem[]>;
}

/** Something in the inventory that is not usable on this host. */
export interface ProbeProblem {
  /** Name of the machine or drive. */
  readonly subject: string;
  /** The setting that names it, as in the inventory: `kernel`, `directory`. */
  readonly setting: string;
  /** What was expected and what was found. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

/** What the inventory says about the hardware that one driver serves. */
export interface DriverEntries {
  readonly machines: readonly MachineEntry[];
  readonly drives: readonly DriveEntry[];
}

export interface MachineEntry {
  readonly name: string;
  readonly role: 'active' | 'backup';
  readonly memoryBytes: number;
  readonly disk: string | null;
  readonly reaches: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface DriveEntry {
  readonly name: string;
  readonly device: string;
  readonly capacityBytes: number;
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface OpenDriver {
  /** @throws {HardwareError} when the name is none of the entries. */
  machine(name: string): MachineHandle;
  drive(name: string): DriveHandle;
  /**
   * Tells what the hardware says by itself from now on, and what has happened to it unseen before. The same
   * occurrence has the same id whoever watches and however often. Left out by drivers whose hardware says nothing.
   * @returns what ends the watching.
   */
  watch?(tell: (report: HardwareReport) => void): () => void;
  close(): Promise<void>;
}

/** What a machine's hardware said by itself: a symptom, or that the server on it is gone. */
export type HardwareReport = HardwareAlert | HardwareFailure;

interface HardwareReportBase {
  /** Unique per occurrence. */
  readonly id: string;
  /** Epoch ms at which the hardware says it happened, or at which it was seen. */
  readonly atMs: number;
  readonly machine: string;
  /** The server that ran on it. */
  readonly server: string;
  /** One line for people. */
  readonly text: string;
}

export interface HardwareAlert extends HardwareReportBase {
  readonly kind: 'alert';
  /** The label `alertname` that policies match: `BlockIoError`. */
  readonly name: string;
  /** Further labels. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface HardwareFailure extends HardwareReportBase {
  readonly kind: 'failure';
  /** What failed: `process-gone`, `panic`. */
  readonly cause: string;
  readonly causeClass: 'hardware' | 'software' | 'unknown';
}

/** Why a driver could not do what it was asked. A closed set: callers decide by it, people read the message. */
export type HardwareErrorCode =
  /** The hardware answered no. */
  | 'refused'
  /** No answer in time, or the connection broke: the effect may have happened. */
  | 'no-answer'
  /** An answer that means nothing clear. */
  | 'unclear'
  | 'no-space'
  | 'drive-failed'
  | 'no-path'
  | 'not-connected'
  | 'damaged'
  | 'absent'
  | 'aborted'
  | 'unsupported'
  | 'unknown-name'
  | 'driver-settings'
  | 'unfenced';

/** An error of the hardware, with its subject and what to do. */
export class HardwareError extends Error {
  readonly code: HardwareErrorCode;
  /** Name of the machine, drive or snapshot. */
  readonly subject: string;

  constructor(code: HardwareErrorCode, subject: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'HardwareError';
    this.code = code;
    this.subject = subject;
  }
}
