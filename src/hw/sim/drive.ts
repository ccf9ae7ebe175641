import type { DriveHandle, StorageCapability } from '../contract.js';
import { connect, disconnect, discard, inspect, readConnections, readStatus, verify } from './drive-calls.js';
import type { Line } from './line.js';

export function simDrive(name: string, line: Line): DriveHandle {
  const storage: StorageCapability = {
    async connect({ machine, operation, signal }) {
      await line.ask(name, signal, connect(name, machine, operation));
    },
    async disconnect({ machine, operation, signal }) {
      await line.ask(name, signal, disconnect(name, machine, operation));
    },
    connections: (signal) => line.ask(name, signal, readConnections(name)),
    status: (signal) => line.ask(name, signal, readStatus(name)),
    inspect: (snapshot, signal) => line.ask(name, signal, inspect(name, snapshot)),
    verify: (snapshot, signal) => line.ask(name, signal, verify(name, snapshot)),
    async discard({ snapshot, signal }) {
      await line.ask(name, signal, discard(name, snapshot));
    },
  };
  return { storage };
}
