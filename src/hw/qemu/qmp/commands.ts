/**
 * The commands of the QEMU Machine Protocol that this driver may send, each with its arguments and the part of its
 * answer that is used. What is not listed here cannot be sent. Source: QEMU's QMP reference manual.
 */
export interface QmpCommands {
  readonly qmp_capabilities: Command<Nothing, Nothing>;
  readonly 'query-status': Command<Nothing, { readonly running: boolean; readonly status: RunState }>;
  readonly 'query-version': Command<
    Nothing,
    { readonly qemu: { readonly major: number; readonly minor: number; readonly micro: number } }
  >;
  readonly quit: Command<Nothing, Nothing>;
  readonly stop: Command<Nothing, Nothing>;
  readonly cont: Command<Nothing, Nothing>;
  readonly 'announce-self': Command<AnnounceParameters, Nothing>;

  readonly 'migrate-set-capabilities': Command<
    {
      readonly capabilities: readonly { readonly capability: MigrationCapability; readonly state: boolean }[];
    },
    Nothing
  >;
  readonly 'migrate-set-parameters': Command<{ readonly 'max-bandwidth': number }, Nothing>;
  readonly migrate: Command<{ readonly uri: string }, Nothing>;
  readonly 'migrate-incoming': Command<{ readonly uri: string }, Nothing>;
  readonly migrate_cancel: Command<Nothing, Nothing>;
  readonly 'query-migrate': Command<Nothing, MigrationInfo>;

  readonly 'blockdev-add': Command<BlockdevOptions, Nothing>;
  readonly 'blockdev-del': Command<{ readonly 'node-name': string }, Nothing>;
  readonly 'query-named-block-nodes': Command<{ readonly flat: true }, readonly BlockNode[]>;
  readonly 'blockdev-backup': Command<BackupOptions, Nothing>;
  readonly 'block-job-cancel': Command<{ readonly device: string; readonly force: boolean }, Nothing>;
  readonly 'query-block-jobs': Command<Nothing, readonly BlockJob[]>;
  /** Breaks a connection to another process that hangs, so that what waits for it fails. */
  readonly yank: Command<
    { readonly instances: readonly { readonly type: 'block-node'; readonly 'node-name': string }[] },
    Nothing
  >;
  readonly 'block-dirty-bitmap-remove': Command<BitmapName, Nothing>;
  readonly transaction: Command<{ readonly actions: readonly TransactionAction[] }, Nothing>;
  readonly 'qom-set': Command<
    { readonly path: string; readonly property: 'drive'; readonly value: string },
    Nothing
  >;
  readonly 'qom-get': Command<{ readonly path: string; readonly property: 'drive' }, string>;
}

interface Command<Arguments, Answer> {
  readonly arguments: Arguments;
  readonly answer: Answer;
}

type Nothing = Readonly<Record<string, never>>;

export type QmpCommand = keyof QmpCommands;

/** What a machine does, as far as this driver has to tell the states apart. */
export type RunState =
  | 'running'
  | 'paused'
  | 'prelaunch'
  | 'inmigrate'
  | 'postmigrate'
  | 'finish-migrate'
  | 'guest-panicked'
  | 'internal-error'
  | 'io-error'
  | 'shutdown'
  | 'suspended'
  | 'watchdog';

export type MigrationCapability = 'events' | 'background-snapshot' | 'late-block-activate';

export interface MigrationInfo {
  readonly status?: MigrationStatus;
  readonly 'error-desc'?: string;
  readonly ram?: {
    readonly normal: number;
    readonly duplicate: number;
    readonly transferred: number;
    readonly total: number;
  };
}

export type MigrationStatus =
  'none' | 'setup' | 'cancelling' | 'cancelled' | 'active' | 'completed' | 'failed' | 'device';

interface AnnounceParameters {
  readonly initial: number;
  readonly max: number;
  readonly rounds: number;
  readonly step: number;
}

/** Block nodes that this driver adds to a running machine. */
export type BlockdevOptions =
  | ImageNode
  | {
      readonly driver: 'copy-before-write';
      readonly 'node-name': string;
      readonly file: string;
      readonly target: string;
      readonly 'on-cbw-error': 'break-snapshot';
      /** Seconds. */
      readonly 'cbw-timeout': number;
    }
  | {
      readonly driver: 'nbd';
      readonly 'node-name': string;
      readonly server: { readonly type: 'unix'; readonly path: string };
    }
  | { readonly driver: 'snapshot-access'; readonly 'node-name': string; readonly file: string };

/** A disk image in a file or on a block device. Locking stays on: QEMU refuses an image that another one writes. */
export interface ImageNode {
  readonly driver: 'qcow2' | 'raw';
  readonly 'node-name': string;
  readonly discard?: 'unmap';
  readonly file: {
    readonly driver: 'file' | 'host_device';
    readonly filename: string;
    readonly locking?: 'on';
  };
}

export interface BlockNode {
  readonly 'node-name': string;
  readonly drv: string;
  readonly image: { readonly 'virtual-size': number };
  readonly 'dirty-bitmaps'?: readonly {
    readonly name?: string;
    readonly recording: boolean;
    readonly busy: boolean;
    readonly inconsistent?: boolean;
  }[];
}

interface BackupOptions {
  readonly 'job-id': string;
  readonly device: string;
  readonly target: string;
  readonly sync: 'full' | 'bitmap';
  readonly bitmap?: string;
  readonly 'bitmap-mode'?: 'never';
  readonly 'on-target-error': 'report';
}

export interface BlockJob {
  readonly device: string;
  readonly offset: number;
  readonly len: number;
}

interface BitmapName {
  readonly node: string;
  readonly name: string;
}

/** Parts of one transaction: all of them happen, or none. */
export type TransactionAction =
  | {
      readonly type: 'block-dirty-bitmap-add';
      readonly data: BitmapName & { readonly disabled?: true };
    }
  | {
      readonly type: 'block-dirty-bitmap-merge';
      readonly data: {
        readonly node: string;
        readonly target: string;
        readonly bitmaps: readonly BitmapName[];
      };
    };

/** An event of the machine. `data` is looked at where it is used. */
export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Epoch ms by QEMU's clock. */
  readonly atMs: number;
  /** The time stamp in full: tells two events of one millisecond apart. */
  readonly stamp: string;
}
