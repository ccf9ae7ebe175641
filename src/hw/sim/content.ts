import { createHash } from 'node:crypto';

import type { Damage, Guest } from './state.js';

/** One step of a running server's memory and disk. */
const TICK_MS = 10;

/** What a server has in memory. */
export interface MemoryContent {
  readonly server: string;
  /** The boot that this memory came from; a server woken from a snapshot goes on with the boot of its memory. */
  readonly boot: string;
  /** Grows while the server runs. */
  readonly ticks: number;
  /** How often it has written to its disk, as far as it knows: equals the disk's own count when they fit. */
  readonly writes: number;
  /** Set from outside, in order: what a test wants to find again. */
  readonly marks: readonly string[];
}

/** What a server has on its disk. */
export interface DiskContent {
  readonly server: string;
  /** The boot that wrote last. */
  readonly boot: string;
  readonly writes: number;
}

/** Both, of one instant. */
export interface ServerContent {
  readonly memory: MemoryContent;
  readonly disk: DiskContent;
}

/** A server that has just booted: nothing in memory yet, and on the disk what `found` was there, if anything. */
export function booted(server: string, boot: string, found: DiskContent | null): ServerContent {
  const writes = found?.writes ?? 0;
  return { memory: { server, boot, ticks: 0, writes, marks: [] }, disk: { server, boot, writes } };
}

/** Memory of a guest at one instant. */
export function memoryAt(guest: Guest, nowMs: number): MemoryContent {
  const { memory } = guest;
  const ticks = ticksUntil(guest, nowMs);
  return { ...memory, ticks: memory.ticks + ticks, writes: memory.writes + ticks };
}

/** The disk of a guest at one instant. It knows nothing of the memory: only a snapshot of both makes them fit. */
export function diskOf(guest: Guest, nowMs: number): DiskContent {
  const { disk } = guest;
  return { ...disk, writes: disk.writes + ticksUntil(guest, nowMs) };
}

/** How often a guest has advanced since it was started. */
function ticksUntil({ runsFromMs, haltedAtMs }: Guest, nowMs: number): number {
  const untilMs = Math.min(nowMs, haltedAtMs ?? nowMs);
  return Math.max(0, Math.floor((untilMs - runsFromMs) / TICK_MS));
}

/** `sha256:` and hex, over memory and disk. */
export function checksumOf(memory: MemoryContent | null, disk: DiskContent): string {
  const memoryFields = memory && [memory.server, memory.boot, memory.ticks, memory.writes, memory.marks];
  const fields = [memoryFields, [disk.server, disk.boot, disk.writes]];
  return `sha256:${createHash('sha256').update(JSON.stringify(fields)).digest('hex')}`;
}

const FLIPPED_BIT = 1 << 20;

/** The memory that is read back after damage. */
export function damaged(memory: MemoryContent, damage: Damage): MemoryContent | null {
  return damage === 'truncated' ? null : { ...memory, ticks: memory.ticks ^ FLIPPED_BIT };
}
