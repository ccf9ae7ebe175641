import {
  HardwareError,
  type MachineHandle,
  type MemoryCapability,
  type PowerCapability,
  type SnapshotManifest,
  type SnapshotOrder,
} from '../contract.js';
import { toError, type Line } from './line.js';
import { powerOff, powerState, readGuest } from './machine-calls.js';
import { beginSnapshot, dropRemains, watchSnapshot } from './snapshot-calls.js';
import { boot, cameUp, cancelStart, resume } from './start-calls.js';

export function simMachine(name: string, line: Line): MachineHandle {
  return { power: power(name, line), memory: memory(name, line) };
}

function power(name: string, line: Line): PowerCapability {
  return {
    async off({ operation, signal }) {
      await line.ask(name, signal, powerOff(name, operation));
    },
    state: (signal) => line.ask(name, signal, powerState(name)),
    async boot({ server, drive, operation, proof, signal }) {
      proof.assertCovers({ server, operation });
      await line.ask(name, signal, boot(name, { operation, server, drive }));
    },
    guest: (signal) => line.ask(name, signal, readGuest(name)),
  };
}

function memory(name: string, line: Line): MemoryCapability {
  return {
    snapshot: (order) => takeSnapshot(name, line, order),
    async resume({ server, snapshot, drive, operation, proof, signal }) {
      proof.assertCovers({ server, operation });
      const order = { operation, server, drive, snapshot };
      try {
        await line.ask(name, signal, resume(name, order));
      } catch (error) {
        if (signal.aborted) await line.peek(cancelStart(name, operation));
        throw error;
      }
      if (await line.peek(cameUp(name, order))) return;
      throw new HardwareError(
        'refused',
        name,
        `${name} began to start ${server} from ${snapshot} and did not come up`,
      );
    },
  };
}

/** Begins the snapshot and watches it until it is complete; whatever goes wrong, nothing of it is left. */
async function takeSnapshot(name: string, line: Line, order: SnapshotOrder): Promise<SnapshotManifest> {
  const { snapshot, server, drive, signal } = order;
  const existing = await line.ask(name, signal, beginSnapshot(name, { snapshot, server, drive }));
  if (existing) return existing;
  try {
    return await watchUntilComplete(line, order);
  } catch (error) {
    await line.peek(dropRemains(drive, snapshot));
    throw error;
  }
}

async function watchUntilComplete(line: Line, order: SnapshotOrder): Promise<SnapshotManifest> {
  const { snapshot, drive, signal, onProgress } = order;
  let told = -1;
  const tell = (share: number): void => {
    if (share > told) onProgress?.(share);
    told = Math.max(told, share);
  };
  for (;;) {
    const watched = await line.peek(watchSnapshot(drive, snapshot));
    switch (watched.is) {
      case 'complete':
        tell(1);
        return watched.manifest;
      case 'broken':
        throw toError(watched.failure);
      case 'writing':
        tell(watched.share);
        await line.wait(snapshot, watched.againMs, signal);
    }
  }
}
