import { describe } from 'vitest';
import type { OpenStore } from '../world.js';
import { testDecisions } from './decisions.js';
import { testDiskTable } from './disk-table.js';
import { testEvents } from './events.js';
import { testInventory } from './inventory.js';
import { testMemory } from './memory.js';
import { testOperations } from './operations.js';
import { testReservations } from './reservations.js';
import { testSteps } from './steps.js';
import { testTakeover } from './takeover.js';
import { testTransactions } from './transactions.js';

/** What every store promises, whatever it is made of. */
export function testStoreContract(name: string, open: OpenStore): void {
  describe(`${name} keeps the promises of a store`, () => {
    testEvents(open);
    testDecisions(open);
    testMemory(open);
    testInventory(open);
    testDiskTable(open);
    testReservations(open);
    testTakeover(open);
    testOperations(open);
    testSteps(open);
    testTransactions(open);
  });
}
