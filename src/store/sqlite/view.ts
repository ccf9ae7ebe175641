import type { Instant } from '../../engine/time.js';
import type { View } from '../../engine/view.js';
import type { Sql } from './connection.js';
import { viewDrives } from './tables/drives.js';
import { viewMachines } from './tables/machines.js';
import { readMatches, readOrders, readSymptoms } from './tables/memory.js';
import { viewOperations } from './tables/operations.js';
import { viewServers } from './tables/servers.js';
import { viewSnapshots } from './tables/snapshots.js';

/** Servers, machines and drives are those of the current inventory; snapshots are all, wherever they lie. */
export async function readView(sql: Sql, since: Instant): Promise<View> {
  return {
    servers: await viewServers(sql),
    machines: await viewMachines(sql),
    drives: await viewDrives(sql),
    snapshots: await viewSnapshots(sql),
    matches: await readMatches(sql, since),
    symptoms: await readSymptoms(sql, since),
    orders: await readOrders(sql),
    operations: await viewOperations(sql),
  };
}
