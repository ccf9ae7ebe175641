import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from './exit.js';
import type { Terminal } from './terminal.js';

/** What a command is given when it is added to the program. */
export interface Cli {
  readonly terminal: Terminal;
  /** Makes the handler of a command; what it resolves to becomes the exit code. */
  readonly handle: <A extends readonly unknown[]>(
    body: (...args: A) => Promise<ExitCode>,
  ) => (...args: A) => Promise<void>;
}

/** Adds one command. What is heavy to load, the handler imports when it runs. */
export type AddCommand = (program: Command, cli: Cli) => void;

export type Format = 'pretty' | 'json';

/** `--format pretty|json` and, where a command has them, further formats. */
export function formatOption(...more: readonly string[]): Option {
  return new Option('--format <format>', 'how to print')
    .choices(['pretty', 'json', ...more])
    .default('pretty');
}

/** `--inventory FILE` of a command that takes policy paths. */
export function inventoryOption(): Option {
  return new Option('--inventory <file>', 'an inventory that is kept outside the policies');
}

/** Options of commands that ask the running service. */
export interface ServiceOptions {
  readonly url?: string;
  readonly tokenFile?: string;
}

export function addServiceOptions(command: Command): Command {
  return command
    .option('--url <url>', 'where the service listens (env REKINDLE_URL; default http://127.0.0.1:7411)')
    .option(
      '--token-file <file>',
      "file that holds the service's token (env REKINDLE_TOKEN holds the token itself)",
    );
}

/** The examples that stand under the help of a command. */
export function examples(...lines: readonly (readonly [command: string, what: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  const rows = lines.map(([command, what]) => `  $ ${command.padEnd(width)}   ${what}`);
  return ['', 'Examples:', ...rows].join('\n');
}

/** Reads a whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected is a whole number from ${least} to ${most}.`);
  };
}

/** Gathers an option that may be given several times. */
export function repeated(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
