import type { Format } from '../command.js';

export type TestFormat = Format | 'junit' | 'github' | 'markdown';

export interface TestOptions {
  readonly format: TestFormat;
  readonly inventory?: string;
  readonly only?: string;
  readonly coverage?: boolean;
  /** From 0 to 100. */
  readonly min?: number;
  readonly mutate?: boolean;
  /** A file. */
  readonly junit?: string;
  readonly watch?: boolean;
}
