import { openMemoryStore } from '../../src/store/memory/index.js';
import { testStoreContract } from './contract/index.js';

testStoreContract('Memory', async (clock) => openMemoryStore({ clock, findsCycles: true }));
