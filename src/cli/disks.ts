import type { DriveRow, SnapshotRow } from '../store/store.js';
import {
  addServiceOptions,
  examples,
  formatOption,
  type AddCommand,
  type Format,
  type ServiceOptions,
} from './command.js';
import { EXIT } from './exit.js';
import { table, type Cell } from './print/table.js';
import { agoText, counted, jsonLine, sizeText } from './print/text.js';
import type { Paint, Terminal } from './terminal.js';

export const disks: AddCommand = (program, cli) => {
  const command = program
    .command('disks')
    .summary('the disk table: which snapshot is on which drive, because of which condition')
    .description('Prints the disk management table of the running service.');
  addServiceOptions(command)
    .addOption(formatOption())
    .addHelpText(
      'after',
      examples(
        ['rekindle disks', 'all drives and the snapshots on them'],
        ['rekindle disks --format json', '{"drives":[...],"snapshots":[...]}'],
      ) + '\n\nExit codes: 0 printed, 2 wrong usage, 4 the service does not answer.',
    )
    .action(
      cli.handle(async (options: ServiceOptions & { readonly format: Format }) => {
        const { connect } = await import('./service/api.js');
        const api = await connect(cli.terminal, options);
        const [drives, snapshots] = await Promise.all([api.drives(), api.snapshots()]);
        if (options.format === 'json') cli.terminal.out.write(jsonLine({ drives, snapshots }));
        else print(cli.terminal, drives, snapshots);
        return EXIT.ok;
      }),
    );
};

function print(
  { out, clock }: Terminal,
  drives: readonly DriveRow[],
  snapshots: readonly SnapshotRow[],
): void {
  const { paint } = out;
  const head = ['drive', 'device', 'role', 'health', 'free', 'reserved by'];
  out.write(`${paint.bold('drives')}\n`);
  out.write(
    table(
      drives.map((drive) => driveRow(drive, paint)),
      { head, paintHead: paint.dim, indent: '  ' },
    ),
  );
  out.write(`${paint.bold('snapshots')}\n`);
  if (snapshots.length === 0) out.write('  none yet\n');
  const columns = [
    'drive',
    'server',
    'gen',
    'kind',
    'condition',
    'cause',
    'taken',
    'state',
    'verified',
    'snapshot',
  ];
  const rows = snapshots
    .toSorted(
      (a, b) => compare(a.drive, b.drive) || compare(a.server, b.server) || a.generation - b.generation,
    )
    .map((snapshot) => snapshotRow(snapshot, clock.now(), paint));
  out.write(table(rows, { head: columns, paintHead: paint.dim, indent: '  ' }));
  out.write(`${counted(drives.length, 'drive')}, ${counted(snapshots.length, 'snapshot')}\n`);
}

function driveRow(drive: DriveRow, paint: Paint): Cell[] {
  return [
    drive.name,
    drive.device,
    drive.role === 'active' ? `active disk of ${drive.server ?? 'no server'}` : drive.role,
    drive.missing ? { text: 'not in the inventory', paint: paint.red } : healthCell(drive, paint),
    `${sizeText(drive.freeBytes)} of ${sizeText(drive.capacityBytes)}`,
    drive.reservedBy ?? '',
  ];
}

function healthCell({ health }: DriveRow, paint: Paint): Cell {
  const paints = { ok: paint.green, degraded: paint.yellow, failed: paint.red };
  return { text: health, paint: paints[health] };
}

function snapshotRow(row: SnapshotRow, nowMs: number, paint: Paint): Cell[] {
  return [
    row.drive,
    row.server,
    String(row.generation),
    row.pinned ? `${row.kind}, pinned` : row.kind,
    row.condition,
    row.cause,
    agoText(row.takenAt, nowMs),
    stateCell(row, paint),
    verifiedCell(row, paint),
    row.id,
  ];
}

function stateCell({ state }: SnapshotRow, paint: Paint): Cell {
  const paints = { writing: paint.yellow, complete: paint.green, failed: paint.red, deleting: paint.dim };
  return { text: state, paint: paints[state] };
}

function verifiedCell({ verified }: SnapshotRow, paint: Paint): Cell {
  if (verified === null) return { text: 'not yet', paint: paint.dim };
  return { text: verified, paint: verified === 'ok' ? paint.green : paint.red };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
