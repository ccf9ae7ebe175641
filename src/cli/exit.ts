/** What scripts read. The meaning of each code is the same for every command. */
export const EXIT = {
  ok: 0,
  /** Problems, a difference, a failed scenario, something that was not found or did not succeed. */
  failed: 1,
  /** The command line, or a file named on it, makes no sense. */
  usage: 2,
  /** `test`: there is no scenario. */
  nothingToTest: 3,
  /** The service does not answer. */
  unreachable: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A command cannot go on, for a reason that the person at the terminal can do something about. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  /** What to do next; empty when the message says it all. */
  readonly hint: string;

  constructor(exitCode: ExitCode, message: string, hint = '', options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.hint = hint;
  }
}
