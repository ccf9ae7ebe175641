/**
 * The simulated rack as plain JSON data. Nothing here runs: what changes with time (memory content, a snapshot
 * being written, a start that takes a while) is stored as the times at which it began and will end, and is
 * worked out when the state is next read. So the rack goes on while nobody looks, as hardware does.
 */
import type { HardwareErrorCode } from '../contract.js';
import type { DiskContent, MemoryContent } from './content.js';
import type { Fault } from './faults.js';
import type { DriveSettings, MachineSettings } from './settings.js';

export interface RackState {
  readonly format: 'rekindle-rack/1';
  /** Epoch ms of the last change; the rack's time never runs back. */
  readonly nowMs: number;
  readonly machines: readonly MachineState[];
  readonly drives: readonly DriveState[];
  /** How many guests were ever booted: makes their boot ids. */
  readonly boots: number;
  /** What must never happen and did. Nothing is ever removed. */
  readonly violations: readonly Violation[];
  /** Keys of the violations that hold now, so that each is reported once and not with every command. */
  readonly standing: readonly string[];
  /** Changes of power, starts and connections, oldest first; the last 2,000. */
  readonly log: readonly LogEntry[];
  /** How many entries were ever logged. */
  readonly logged: number;
}

export const EMPTY_RACK: RackState = {
  format: 'rekindle-rack/1',
  nowMs: 0,
  machines: [],
  drives: [],
  boots: 0,
  violations: [],
  standing: [],
  log: [],
  logged: 0,
};

export interface MachineState {
  readonly name: string;
  readonly memoryBytes: number;
  /** Devices to which it has a path, and those of them whose path is cut. */
  readonly reaches: readonly string[];
  readonly cutPaths: readonly string[];
  readonly settings: MachineSettings;
  /** False after a power cut: it cannot be started. */
  readonly mains: boolean;
  readonly power: Power;
  /** What it boots when it powers on by itself: what it ran last. */
  readonly bootsFrom: { readonly server: string; readonly drive: string; readonly size: ServerSize } | null;
  readonly faults: readonly Fault[];
}

export type Power =
  | { readonly is: 'off'; readonly turnsOnAtMs: number | null }
  | {
      readonly is: 'on';
      readonly guest: Guest | null;
      /** An accepted power-off that has not happened yet. */
      readonly turnsOff: { readonly atMs: number; readonly operation: string } | null;
    };

/** What a snapshot of a server takes on a drive. */
export interface ServerSize {
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/** A server running, or being started, on a machine. */
export interface Guest {
  readonly server: string;
  /** The drive that holds its disk. */
  readonly drive: string;
  /** The server's own, whatever the machine has. */
  readonly size: ServerSize;
  /** Who started it, and from which snapshot; null for a boot. */
  readonly operation: string | null;
  readonly snapshot: string | null;
  /** It runs from here on; until then it is being started. */
  readonly runsFromMs: number;
  /** Its memory and its disk at `runsFromMs`; from there on both advance. */
  readonly memory: MemoryContent;
  readonly disk: DiskContent;
  readonly heartbeats: boolean;
  readonly diesAtMs: number | null;
  /** Since when it has stood still: it panicked, or lost its disk. */
  readonly haltedAtMs: number | null;
}

export interface DriveState {
  readonly name: string;
  readonly device: string;
  readonly capacityBytes: number;
  readonly settings: DriveSettings;
  /** Bytes taken by what is not ours. */
  readonly otherBytes: number;
  readonly health: 'ok' | 'degraded' | 'failed';
  /** Machines with access, sorted. */
  readonly connections: readonly string[];
  /** The disk that a server runs from, as it was when the server last stopped; null when none ever did. */
  readonly disk: DiskContent | null;
  /** Bytes taken by the disk that a server runs, or ran last, from. */
  readonly diskBytes: number;
  readonly snapshots: readonly StoredSnapshot[];
  readonly faults: readonly Fault[];
}

export interface StoredSnapshot {
  readonly id: string;
  readonly server: string;
  /** The machine that wrote it. */
  readonly machine: string;
  readonly takenAtMs: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** What is on the drive; `memory` is null when it was cut off. */
  readonly memory: MemoryContent | null;
  readonly disk: DiskContent;
  readonly progress: SnapshotProgress;
}

export type SnapshotProgress =
  | {
      readonly is: 'writing';
      readonly beganAtMs: number;
      readonly takesMs: number;
      readonly ending: SnapshotEnding;
    }
  /** `checksum` is of what was to be written, whatever really was. */
  | { readonly is: 'complete'; readonly checksum: string }
  | { readonly is: 'partial'; readonly failure: Failure };

/** How a snapshot being written will end. */
export type SnapshotEnding =
  | { readonly kind: 'complete'; readonly damage: Damage | null }
  /** `atShare`: when so much is written, from 0 to 1. */
  | {
      readonly kind: 'fail';
      readonly failure: Failure;
      readonly driveFails: boolean;
      readonly atShare: number;
    }
  /** Half way through it stops moving. */
  | { readonly kind: 'stall' };

/** `flipped`: a bit is wrong and only the checksum tells. `truncated`: the end is missing. */
export type Damage = 'flipped' | 'truncated';

/** An answer of the hardware that is an error; becomes a HardwareError. */
export interface Failure {
  readonly code: HardwareErrorCode;
  readonly subject: string;
  readonly message: string;
}

/** A change of power, of what runs, or of a connection. */
export interface LogEntry {
  /** Grows by one with each entry. */
  readonly number: number;
  readonly atMs: number;
  readonly change: 'power-on' | 'power-off' | 'start' | 'halt' | 'connect' | 'disconnect';
  readonly machine: string;
  readonly drive: string | null;
  readonly server: string | null;
  /** The operation that ordered it; null when it came from outside. */
  readonly operation: string | null;
}

/** Something that must never happen, found by the truth monitor. */
export interface Violation {
  readonly atMs: number;
  readonly kind: 'two-writers' | 'runs-unconnected' | 'two-connections';
  /** The server or drive it is about. */
  readonly subject: string;
  readonly machines: readonly string[];
  readonly text: string;
}
