import { createHash } from 'node:crypto';

import type { Damage, Guest } from './state.js';

/** One step of a running server's memory and disk. */
export const TICK_MS = 10;

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

/** Memory of a guest at one instant. */
export function memoryAt(guest: Guest, nowMs: number): MemoryContent {
  const untilMs = Math.min(nowMs, guest.haltedAtMs ?? nowMs);
  const ticks = Math.max(0, Math.floor((untilMs - guest.runsFromMs) / TICK_MS));
  const { memory } = guest;
  return { ...memory, ticks: memory.ticks + ticks, writes: memory.writes + ticks };
}

/** The disk that goes with a memory: what the server would find if it were stopped at that instant. */
export function diskOfMemory({ server, boot, writes }: MemoryContent): DiskContent {
  return { server, boot, writes };
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
