import { wallClock } from '../../../src/clock.js';
import { openSqliteStore } from '../../../src/store/sqlite/index.js';
import { say } from './say.js';

/** Opens a store, says so, and keeps it until it is killed, or ten minutes when nobody does. */
const [file = ''] = process.argv.slice(2);
const store = await openSqliteStore({ file, clock: wallClock });
say(store.engineVersion);
setTimeout(() => undefined, 600_000);
