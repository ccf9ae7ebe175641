/** The file cannot serve as the store: another program's, a newer schema's, read-only, on a network file system. */
export class StoreUnsuitable extends Error {
  readonly code = 'STORE_UNSUITABLE';
  readonly file: string;

  constructor(file: string, message: string, options?: { cause?: unknown }) {
    super(`${file}: ${message}`, options);
    this.name = 'StoreUnsuitable';
    this.file = file;
  }
}

/** Another process has the store open. One store has one administration server. */
export class StoreLocked extends Error {
  readonly code = 'STORE_LOCKED';
  readonly file: string;
  /** The process that has it open; null when that cannot be told. */
  readonly pid: number | null;

  constructor(file: string, pid: number | null) {
    const owner = pid === null ? 'another process' : `process ${pid}`;
    super(
      `${file} is in use by ${owner}; stop that administration server first, or give this one another store`,
    );
    this.name = 'StoreLocked';
    this.file = file;
    this.pid = pid;
  }
}

/**
 * The store can no longer be trusted to keep what it is given: an I/O error, a damaged row, a file that vanished.
 * From then on every write is refused; reads are still answered where they can be.
 */
export class StoreDamaged extends Error {
  readonly code = 'STORE_INTEGRITY';

  constructor(message: string, options?: { cause?: unknown }) {
    super(
      `${message}; stop the service, check the disk, and restore the store from a backup if it is damaged`,
      options,
    );
    this.name = 'StoreDamaged';
  }
}
