import { toInstant } from '../../../src/engine/time.js';
import { wallClock } from '../../../src/clock.js';
import { openSqliteStore } from '../../../src/store/sqlite/index.js';
import { say } from './say.js';

/** Accepts one event after the other and says each id as soon as it is durable, until it is killed. */
const [file = '', life = ''] = process.argv.slice(2);
const store = await openSqliteStore({ file, clock: wallClock });

for (let number = 1; ; number += 1) {
  const at = toInstant(wallClock.now());
  const id = `${life}-${number}`;
  const event = { kind: 'retention', id, at, server: 'web-1' } as const;
  const [acceptance] = await store.accept([event], at);
  if (acceptance?.result === 'accepted') say(id);
}
