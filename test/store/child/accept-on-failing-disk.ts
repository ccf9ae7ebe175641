import { writeFileSync } from 'node:fs';
import { wallClock } from '../../../src/clock.js';
import { toInstant } from '../../../src/engine/time.js';
import { openSqliteStore } from '../../../src/store/sqlite/index.js';
import { say } from './say.js';

/** Lets the disk fail from now on, accepts one event, and says what became of it. */
const [file = ''] = process.argv.slice(2);
const store = await openSqliteStore({ file, clock: wallClock });
writeFileSync(process.env.FAILING_FSYNC ?? '', '');
const at = toInstant(wallClock.now());
say(
  await store.accept([{ kind: 'retention', id: 'a', at, server: 'web-1' }], at).then(
    () => 'acknowledged',
    (error: unknown) => (error instanceof Error ? error.message : 'refused'),
  ),
);
