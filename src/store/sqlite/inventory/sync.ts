import type { Inventory } from '../../../engine/policy-set.js';
import type { Change } from '../tables/journal.js';
import { assignDriveRoles, declareDrives } from './drives.js';
import { assignMachineStates, declareMachines } from './machines.js';
import { declareServers } from './servers.js';

/**
 * Brings the tables in line with what is declared. What is known from having acted (takeovers, quarantines,
 * reservations, states) is stronger than what is declared; what left the inventory keeps its row, as missing.
 */
export async function syncInventory(change: Change, inventory: Inventory): Promise<void> {
  await declareDrives(change, inventory.drives);
  await declareMachines(change, inventory.machines);
  await declareServers(change, inventory.machines);
  await assignDriveRoles(change);
  await assignMachineStates(change);
}
