import { wallClock } from '../../../src/clock.js';
import { openSqliteStore } from '../../../src/store/sqlite/index.js';
import { say } from './say.js';

/** Opens a store, says so, and keeps it until it is killed. */
const [file = ''] = process.argv.slice(2);
const store = await openSqliteStore({ file, clock: wallClock });
say(store.engineVersion);
setInterval(() => undefined, 60_000);
