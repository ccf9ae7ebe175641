import { writeSync } from 'node:fs';

/** To the parent, before the next statement runs: nothing that was said is lost when the process is killed. */
export function say(line: string): void {
  writeSync(1, `${line}\n`);
}
