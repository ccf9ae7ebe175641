import { rm } from 'node:fs/promises';
import { HardwareError, type SnapshotManifest, type SnapshotOrder } from '../../contract.js';
import { allOrNone, unlessAborted, within } from '../abort.js';
import { incompatibility, snapshotMode } from '../compatibility.js';
import { layerFile, layoutOf } from '../drive/layout.js';
import { createSparse } from '../files.js';
import { describeManifest, type StoredFile, type StoredManifest } from '../manifest.js';
import { connectQmp, type QmpConnection } from '../qmp/connection.js';
import {
  assertPath,
  assertWanted,
  directoryOf,
  driveNamed,
  type QemuMachine,
  type QemuRack,
} from '../rack.js';
import { lookRunning, type LiveSighting } from '../sighting.js';
import { assertPresent } from '../storage.js';
import { copyDisk } from './copy.js';
import { scratchFile, type Job } from './job.js';
import { bitmapName, NODES } from './names.js';
import { freeze, type Instant } from './pause.js';
import { followProgress, type Progress } from './progress.js';
import { startReceivers, type Receivers } from './receivers.js';
import type { Target } from './target.js';
import { bitmapsFor, diskSize, removeBitmaps, takeOutView } from './tidy.js';
import { undo } from './undo.js';

/** As many layers as a disk may stand on; the next snapshot is a whole copy again. */
const MAX_LAYERS = 8;
/** How long the remains of an earlier snapshot may take to be taken out. */
const REMAINS_MS = 10_000;
/** QEMU's default of 128 MiB/s would keep the memory protected, or the server paused, for longer. */
const UNLIMITED_BYTES_PER_SECOND = 2 ** 40;

/**
 * Takes memory and disk of one instant onto a drive while the server runs:
 *
 *     prepare -> freeze (the server is paused) -> copy (it runs) -> take out -> manifest
 *
 * Whatever fails, the server runs on and nothing is left on the drive.
 */
export async function takeSnapshot(
  rack: QemuRack,
  machine: QemuMachine,
  order: SnapshotOrder,
): Promise<SnapshotManifest> {
  const { signal, snapshot, server, drive: driveName } = order;
  assertWanted(signal, snapshot);
  const drive = driveNamed(rack, driveName);
  assertPath(machine, drive);
  const directory = directoryOf(drive);
  return machine.locks.snapshot.runExclusive(async () => {
    assertWanted(signal, snapshot);
    await assertPresent(rack, drive, signal);
    const found = await rack.helper.call('inspect', drive.name, { directory, snapshot }, signal);
    if (typeof found === 'object') return describeManifest(found);
    const seen = await assertRuns(machine, server);
    const job: Job = {
      rack,
      machine,
      drive,
      directory,
      layout: layoutOf(directory),
      order,
      launch: seen.launch,
      seen,
    };
    if (found === 'partial') await discardRemains(job);
    const control = await connectQmp(seen.launch.monitor('control'), machine.name, { signal });
    try {
      return await takeOver(job, control);
    } finally {
      control.close();
    }
  });
}

async function assertRuns(machine: QemuMachine, server: string): Promise<LiveSighting> {
  const seen = await lookRunning(machine);
  if (seen?.record.server === server) return seen;
  const runs = seen === null ? 'runs nothing' : `runs ${seen.record.server}`;
  throw new HardwareError(
    'refused',
    machine.name,
    `${machine.name} ${runs}; there is no ${server} to take a snapshot of`,
  );
}

async function takeOver(job: Job, control: QmpConnection): Promise<SnapshotManifest> {
  const { order } = job;
  const progress = followProgress(job, control);
  let receivers: Receivers | null = null;
  try {
    const basis = await basisOf(job, control);
    await prepare(job, control, basis);
    receivers = await startReceivers(job, {
      diskBytes: basis.diskBytes,
      below: basis.base?.layers.at(-1)?.file ?? null,
    });
    const instant = await freezeWithin(job, control, { basis, receivers });
    progress.begin(receivers.sink);
    const copied = await copyBoth(job, control, { basis, receivers, instant });
    return await complete(job, control, { basis, instant, copied, progress });
  } catch (error) {
    await undo(job, control, receivers);
    throw order.signal.aborted ? gaveUp(order, error) : error;
  } finally {
    progress.end();
    await receivers?.end();
  }
}

function gaveUp({ snapshot, signal }: SnapshotOrder, cause: unknown): HardwareError {
  const reason = signal.reason instanceof Error ? `: ${signal.reason.message}` : '';
  return new HardwareError('aborted', snapshot, `${snapshot} was given up${reason}`, { cause });
}

/** What is known before anything is changed. */
interface Basis {
  readonly qemu: string;
  readonly mode: 'background' | 'stop';
  readonly diskBytes: number;
  /** The snapshot on the drive that this one adds to; null: it stands alone. */
  readonly base: StoredManifest | null;
}

async function basisOf(job: Job, control: QmpConnection): Promise<Basis> {
  const { machine, drive, rack, order } = job;
  const { signal } = order;
  // What a crash left behind holds the disk, and would be taken for ours.
  await within(REMAINS_MS, signal, (limit) => takeOutView(control, machine.name, limit));
  const { status } = await control.execute('query-status', {}, { signal });
  if (status !== 'running') {
    throw new HardwareError(
      'refused',
      machine.name,
      `${machine.name} is ${status}, not running; there is nothing to save`,
    );
  }
  const [{ qemu: version }, bitmaps, diskBytes, [newest]] = await Promise.all([
    control.execute('query-version', {}, { signal }),
    bitmapsFor(control, drive.name, signal),
    diskSize(control, machine.name, signal),
    rack.helper.call('list', drive.name, { directory: job.directory, server: order.server }, signal),
  ]);
  const qemu = `${version.major}.${version.minor}.${version.micro}`;
  await assertWakeable(job, qemu);
  const usable =
    newest !== undefined &&
    newest.layers.length < MAX_LAYERS &&
    bitmaps.includes(bitmapName(drive.name, newest.snapshot));
  return { qemu, mode: snapshotMode(qemu), diskBytes, base: usable ? newest : null };
}

/** A snapshot that no backup could wake is worth nothing; better known now than when the server is down. */
async function assertWakeable({ rack, drive, seen, order }: Job, qemu: string): Promise<void> {
  const { definition } = seen.record;
  const backups = [...rack.machines.values()].filter(
    ({ entry }) => entry.role === 'backup' && entry.reaches.includes(drive.device),
  );
  const reasons = await Promise.all(
    backups.map(async (backup) => {
      const why = await incompatibility(backup, { definition, qemu }, rack.compatibility, order.signal);
      return why === null ? null : `${backup.name}: ${why}`;
    }),
  );
  if (reasons.length === 0 || reasons.includes(null)) return;
  const text = `no backup could wake a snapshot of ${order.server} from ${drive.name}. ${reasons.join('; ')}`;
  throw new HardwareError('unsupported', order.server, text);
}

/** Room on the drive and beside it, and a machine that is set to send its memory. */
async function prepare(job: Job, control: QmpConnection, basis: Basis): Promise<void> {
  const { rack, drive, directory, order } = job;
  const { snapshot, signal } = order;
  await createSparse(scratchFile(job), basis.diskBytes);
  await rack.helper.call('prepare', drive.name, { directory, snapshot }, signal);
  await prepareTransfer(control, basis.mode, signal);
}

async function prepareTransfer(
  control: QmpConnection,
  mode: Basis['mode'],
  signal: AbortSignal,
): Promise<void> {
  const capabilities = [
    // Without it QEMU tells nothing of the transfer.
    { capability: 'events', state: true },
    // On a machine that was itself woken it is still set, and the two exclude each other.
    { capability: 'late-block-activate', state: false },
    { capability: 'background-snapshot', state: mode === 'background' },
  ] as const;
  await control.execute('migrate-set-capabilities', { capabilities }, { signal });
  await control.execute(
    'migrate-set-parameters',
    { 'max-bandwidth': UNLIMITED_BYTES_PER_SECOND },
    { signal },
  );
}

interface Prepared {
  readonly basis: Basis;
  readonly receivers: Receivers;
}

/** A pause that lasts too long is worse than no snapshot: the memory is let go, and the server runs on. */
async function freezeWithin(
  job: Job,
  control: QmpConnection,
  { basis, receivers }: Prepared,
): Promise<Instant> {
  const { rack, machine, drive, order } = job;
  const { maxPauseMs } = machine.settings;
  const { mode, base } = basis;
  try {
    return await within(maxPauseMs, order.signal, (signal) =>
      freeze({
        control,
        clock: rack.clock,
        machine: machine.name,
        mode,
        sink: receivers.sink,
        view: {
          drive: drive.name,
          snapshot: order.snapshot,
          scratch: scratchFile(job),
          base: base?.snapshot ?? null,
        },
        signal,
      }),
    );
  } catch (error) {
    const late = error instanceof HardwareError && error.code === 'aborted' && !order.signal.aborted;
    if (!late) throw error;
    const text = `${machine.name} would be paused for more than ${maxPauseMs} ms (maxPauseMs); the snapshot is given up`;
    throw new HardwareError('refused', machine.name, text, { cause: error });
  }
}

/** What of a snapshot is on the drive, durably. */
interface Copied {
  readonly memory: StoredFile;
  readonly layer: StoredFile;
}

/** Memory and disk go to the drive at the same time; the first that fails ends it. */
async function copyBoth(
  job: Job,
  control: QmpConnection,
  { basis, receivers: { sink, target }, instant }: Prepared & { readonly instant: Instant },
): Promise<Copied> {
  const { order } = job;
  return allOrNone(order.signal, async (signal) => {
    const [memory, layer] = await Promise.all([
      untilGivenUp(
        instant.memorySent.then(() => sink.stored),
        order,
      ),
      storeDisk(job, control, { target, changesOnly: basis.base !== null, signal }),
      // A sink that fails says so at once, and QEMU may go on sending to it for long.
      sink.stored,
    ]);
    return { memory, layer };
  });
}

/** The disk is often there long before the memory: all that it costs the server ends with the copy. */
async function storeDisk(
  { rack, machine, drive, directory, layout, order }: Job,
  control: QmpConnection,
  {
    target,
    changesOnly,
    signal,
  }: { readonly target: Promise<Target>; readonly changesOnly: boolean; readonly signal: AbortSignal },
): Promise<StoredFile> {
  const { snapshot } = order;
  const receiver = await target;
  await copyDisk({ control, drive: drive.name, target: receiver.socket, changesOnly, signal });
  // QEMU lets go of the target first, so that its bytes are read back while the rest is taken out.
  await control.execute('blockdev-del', { 'node-name': NODES.target }, { signal });
  const digest = async (): Promise<StoredFile> => {
    await receiver.ended(signal);
    return rack.helper.call('digest', drive.name, { directory, file: layout.layer(snapshot) }, signal);
  };
  const [layer] = await Promise.all([digest(), takeOutView(control, machine.name, signal)]);
  return layer;
}

function untilGivenUp<T>(work: Promise<T>, { signal, snapshot }: SnapshotOrder): Promise<T> {
  return unlessAborted(
    work,
    signal,
    () => new HardwareError('aborted', snapshot, `${snapshot} was given up`, { cause: signal.reason }),
  );
}

interface Stored {
  readonly basis: Basis;
  readonly instant: Instant;
  readonly copied: Copied;
  readonly progress: Progress;
}

/** The manifest comes last: from then on the snapshot exists. */
async function complete(
  job: Job,
  control: QmpConnection,
  { basis, instant, copied: { memory, layer }, progress }: Stored,
): Promise<SnapshotManifest> {
  const { rack, drive, directory, order, seen } = job;
  const { snapshot, server, signal } = order;
  await rm(scratchFile(job), { force: true });
  const manifest: StoredManifest = {
    format: 1,
    snapshot,
    server,
    drive: drive.name,
    takenAtMs: instant.takenAtMs,
    memory,
    layers: [...(basis.base?.layers ?? []), { file: layerFile(snapshot), ...layer }],
    diskVirtualBytes: basis.diskBytes,
    definition: seen.record.definition,
    qemu: basis.qemu,
    mode: basis.mode,
    pausedMs: Math.round(instant.pausedMs),
  };
  await rack.helper.call('complete', drive.name, { directory, manifest }, signal);
  const keep = bitmapName(drive.name, snapshot);
  await removeBitmaps(control, { drive: drive.name, keep }, signal);
  progress.complete();
  return describeManifest(manifest);
}

/** What a crash has left of this very snapshot. */
async function discardRemains({ rack, drive, directory, order }: Job): Promise<void> {
  const { snapshot, signal } = order;
  await rack.helper.call('discard', drive.name, { directory, snapshot }, signal);
}
