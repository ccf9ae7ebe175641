import type { QemuMachine } from './rack.js';
import type { NetworkBackend } from './settings.js';

/**
 * What the network cards of a server are plugged into on a machine. A backup may say so for each card in turn;
 * where it says nothing, the server's own word holds.
 */
export function backendsOf(machine: QemuMachine, identity: QemuMachine): readonly NetworkBackend[] {
  return identity.settings.network.map(
    ({ backend }, index) => machine.settings.network[index]?.backend ?? backend,
  );
}
