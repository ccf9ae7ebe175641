import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the guest has said on its console. */
export interface ConsoleReading {
  readonly boots: number;
  readonly ticks: readonly { readonly tick: number; readonly seq: number; readonly gap: number }[];
  readonly disagreements: readonly string[];
  readonly goodChecks: number;
  readonly badChecks: number;
  readonly diskErrors: readonly string[];
}

/** Reads complete lines; those of the kernel are not ours. */
function readConsole(text: string): ConsoleReading {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split(/\r?\n/);
  const starting = (word: string): readonly string[] => lines.filter((line) => line.startsWith(`${word} `));
  const checks = starting('check').map((line) => /^check \d+ bad (\d+)$/.exec(line)?.[1]);
  return {
    boots: starting('boot').length,
    ticks: starting('tick').flatMap((line) => {
      const [, tick, seq, gap] = /^tick (\d+) seq (\d+) gap (\d+)$/.exec(line) ?? [];
      return tick === undefined ? [] : [{ tick: Number(tick), seq: Number(seq), gap: Number(gap) }];
    }),
    disagreements: starting('disagree'),
    goodChecks: checks.filter((bad) => bad === '0').length,
    badChecks: checks.filter((bad) => bad !== undefined && bad !== '0').length,
    diskErrors: starting('diskerror'),
  };
}

/** The console as it is now; nothing said when there is none. */
export async function consoleIn(file: string): Promise<ConsoleReading> {
  return readConsole(await readFile(file, 'utf8').catch(() => ''));
}

/**
 * Waits until the console says what is waited for. The bound is there so that a broken guest fails a test instead
 * of hanging it; no test depends on how long it takes.
 */
export async function waitForConsole(
  file: string,
  fits: (reading: ConsoleReading) => boolean,
  what: string,
): Promise<ConsoleReading> {
  const end = Date.now() + 60_000;
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const reading = readConsole(text);
    if (fits(reading)) return reading;
    if (Date.now() > end) throw new Error(`never came: ${what}; the console ends with\n${text.slice(-1000)}`);
    await sleep(20);
  }
}
