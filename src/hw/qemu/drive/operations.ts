/**
 * What is done on a drive's directory. A drive that hangs holds up whoever touches it for as long as it hangs, so
 * these run in the drive helper, a process of their own, and never in the service.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { createDurably, errorCode, readIfThere, syncFolder, writeDurably } from '../files.js';
import { readManifest, type StoredFile, type StoredManifest } from '../manifest.js';
import { DriveTrouble } from './trouble.js';
import { layoutOf, type DriveLayout } from './layout.js';

/** A server that was woken from this drive, or is held ready to be. */
export interface RunRecord {
  readonly launch: string;
  readonly server: string;
  readonly snapshot: string;
  /** File names of the layers that its disk stands on. */
  readonly layers: readonly string[];
  /** The operation that let it run; null while it is only held ready. */
  readonly operation: string | null;
  readonly atMs: number;
}

export interface Usage {
  /** Bytes that the files of the drive take. */
  readonly usedBytes: number;
  /** Bytes that the file system still has for this user. */
  readonly freeBytes: number;
}

/** Every operation with its arguments, as they travel to the helper. */
export interface DriveOperations {
  /** Which drive is plugged in here: its id, given to it when it is seen first. */
  readonly identify: (args: { readonly directory: string }) => Promise<string>;
  readonly usage: (args: { readonly directory: string }) => Promise<Usage>;
  readonly inspect: (args: OnSnapshot) => Promise<StoredManifest | 'partial' | 'absent'>;
  /** Complete snapshots of a server, newest first. */
  readonly list: (args: {
    readonly directory: string;
    readonly server: string;
  }) => Promise<readonly StoredManifest[]>;
  /** Makes room for a snapshot and proves that the drive takes writes. From here on it is partial. */
  readonly prepare: (args: OnSnapshot) => Promise<null>;
  /** Reads a whole file, when it is durable. */
  readonly digest: (args: { readonly directory: string; readonly file: string }) => Promise<StoredFile>;
  /** Writes the manifest: the snapshot is complete. */
  readonly complete: (args: {
    readonly directory: string;
    readonly manifest: StoredManifest;
  }) => Promise<null>;
  readonly verify: (args: OnSnapshot) => Promise<'ok' | 'damaged' | 'absent'>;
  readonly discard: (args: OnSnapshot) => Promise<null>;
  readonly recordRun: (args: { readonly directory: string; readonly run: RunRecord }) => Promise<null>;
  /**
   * What the server ran from last on this drive; null when it never was woken here. What the given operation itself
   * has woken was no success, or it would not ask.
   */
  readonly lastRun: (args: {
    readonly directory: string;
    readonly server: string;
    readonly operation: string;
  }) => Promise<RunRecord | null>;
  readonly discardRun: (args: { readonly directory: string; readonly launch: string }) => Promise<null>;
}

interface OnSnapshot {
  readonly directory: string;
  readonly snapshot: string;
}

/** What a server wrote before its last takeover is kept for whoever looks for the reason of a failure. */
const KEPT_RUNS = 3;

/** Large enough that a fast drive is not waited for, small enough that other drives get their turn. */
const PIECE_BYTES = 2 ** 20;

export const driveOperations: DriveOperations = {
  async identify({ directory }) {
    const { identity, root } = await present(directory);
    const known = await readIfThere(identity);
    if (known !== null) return idOf(known);
    await mkdir(root, { recursive: true, mode: 0o700 });
    const id = randomUUID();
    await createDurably(identity, `${JSON.stringify({ id })}\n`);
    // A disk that is mounted twice may have been given another id meanwhile, by way of its other name.
    return idOf((await readIfThere(identity)) ?? '{}');
  },

  async usage({ directory }) {
    await present(directory);
    const { bavail, bsize } = await statfs(directory);
    return { usedBytes: await bytesIn(directory), freeBytes: bavail * bsize };
  },

  async inspect({ directory, snapshot }) {
    const layout = await present(directory);
    if ((await kindOf(layout.snapshot(snapshot))) === 'absent') return 'absent';
    const text = await readIfThere(layout.manifest(snapshot));
    if (text === null) return 'partial';
    const manifest = readManifest(text);
    if (manifest?.snapshot !== snapshot) return 'partial';
    return manifest;
  },

  async list({ directory, server }) {
    const layout = await present(directory);
    const manifests = await manifestsOn(layout);
    return manifests
      .filter((manifest) => manifest.server === server)
      .toSorted((a, b) => b.takenAtMs - a.takenAtMs);
  },

  async prepare({ directory, snapshot }) {
    const layout = await present(directory);
    for (const folder of [layout.snapshot(snapshot), layout.layers, layout.runs]) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    }
    const proof = join(layout.snapshot(snapshot), 'writable');
    await writeDurably(proof, 'rekindle\n');
    await rm(proof);
    await syncFolder(layout.snapshots);
    return null;
  },

  async digest({ directory, file }) {
    await present(directory);
    const handle = await open(file, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    return digestOf(file);
  },

  async complete({ directory, manifest }) {
    const layout = await present(directory);
    for (const folder of [layout.snapshot(manifest.snapshot), layout.layers]) await syncFolder(folder);
    await writeDurably(layout.manifest(manifest.snapshot), `${JSON.stringify(manifest, null, 2)}\n`);
    return null;
  },

  async verify({ directory, snapshot }) {
    const found = await driveOperations.inspect({ directory, snapshot });
    if (found === 'absent') return 'absent';
    if (found === 'partial') return 'damaged';
    const layout = layoutOf(directory);
    const files: readonly (readonly [string, StoredFile])[] = [
      [layout.memory(snapshot), found.memory],
      ...found.layers.map((layer) => [join(layout.layers, layer.file), layer] as const),
    ];
    // Sizes first: a truncated file is found without reading anything.
    for (const [file, { bytes }] of files) if ((await sizeOf(file)) !== bytes) return 'damaged';
    for (const [file, { sha256 }] of files) if ((await digestOf(file)).sha256 !== sha256) return 'damaged';
    return 'ok';
  },

  async discard({ directory, snapshot }) {
    const layout = await present(directory);
    // Without its manifest it is no snapshot any more, whatever happens to the rest.
    await rm(layout.manifest(snapshot), { force: true });
    await rm(layout.snapshot(snapshot), { recursive: true, force: true });
    await collectLayers(layout);
    return null;
  },

  async recordRun({ directory, run }) {
    const layout = await present(directory);
    await mkdir(layout.runs, { recursive: true, mode: 0o700 });
    await writeDurably(layout.runRecord(run.launch), `${JSON.stringify(run)}\n`);
    const ofServer = (await runsOn(layout)).filter(({ server }) => server === run.server);
    const old = ofServer.toSorted((a, b) => b.atMs - a.atMs).slice(KEPT_RUNS);
    for (const { launch } of old) await removeRun(layout, launch);
    await collectLayers(layout);
    return null;
  },

  async lastRun({ directory, server, operation }) {
    const runs = await runsOn(await present(directory));
    const ran = runs.filter(
      (run) => run.server === server && run.operation !== null && run.operation !== operation,
    );
    return ran.toSorted((a, b) => b.atMs - a.atMs)[0] ?? null;
  },

  async discardRun({ directory, launch }) {
    const layout = await present(directory);
    await removeRun(layout, launch);
    await collectLayers(layout);
    return null;
  },
};

/** @throws {DriveTrouble} `drive-failed` when the directory is not there. */
async function present(directory: string): Promise<DriveLayout> {
  if ((await kindOf(directory)) === 'directory') return layoutOf(directory);
  throw new DriveTrouble('drive-failed', `there is no directory ${directory}; is the drive mounted?`);
}

async function kindOf(path: string): Promise<'directory' | 'other' | 'absent'> {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'other';
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return 'absent';
    throw error;
  }
}

function idOf(text: string): string {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed === 'object' && parsed !== null && 'id' in parsed && typeof parsed.id === 'string') {
    return parsed.id;
  }
  throw new DriveTrouble('drive-failed', 'its drive.json does not say which drive it is');
}

async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

async function digestOf(file: string): Promise<StoredFile> {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  let bytes = 0;
  const handle = await open(file, 'r');
  try {
    for (;;) {
      const { bytesRead } = await handle.read(piece, 0, piece.length, bytes);
      if (bytesRead === 0) break;
      hash.update(piece.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  } finally {
    await handle.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function bytesIn(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) sum += await bytesIn(path);
    else if (entry.isFile()) sum += await allocatedBytes(path);
  }
  return sum;
}

/** A file may go away while the drive is measured. */
async function allocatedBytes(file: string): Promise<number> {
  try {
    return (await stat(file)).blocks * 512;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function manifestsOn(layout: DriveLayout): Promise<readonly StoredManifest[]> {
  const texts = await Promise.all(
    (await entriesOf(layout.snapshots)).map(({ name }) => readIfThere(layout.manifest(name))),
  );
  return texts.flatMap((text) => (text === null ? [] : (readManifest(text) ?? [])));
}

async function runsOn(layout: DriveLayout): Promise<readonly RunRecord[]> {
  const names = (await entriesOf(layout.runs))
    .map(({ name }) => name)
    .filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(names.map((name) => readIfThere(join(layout.runs, name))));
  return texts.flatMap((text) => (text === null ? [] : asRun(text)));
}

function asRun(text: string): readonly RunRecord[] {
  const parsed: unknown = JSON.parse(text);
  return isRun(parsed) ? [parsed] : [];
}

function isRun(value: unknown): value is RunRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'launch' in value &&
    'server' in value &&
    'layers' in value &&
    Array.isArray(value.layers) &&
    'operation' in value &&
    'atMs' in value
  );
}

async function removeRun(layout: DriveLayout, launch: string): Promise<void> {
  await rm(layout.run(launch), { force: true });
  await rm(layout.runRecord(launch), { force: true });
}

/** Removes layers that no snapshot, also no partial one, and no run stands on. */
async function collectLayers(layout: DriveLayout): Promise<void> {
  const [manifests, runs] = [await manifestsOn(layout), await runsOn(layout)];
  const used = new Set([
    ...manifests.flatMap(({ layers }) => layers.map(({ file }) => file)),
    ...runs.flatMap(({ layers }) => layers),
    ...(await entriesOf(layout.snapshots)).map(({ name }) => `${name}.qcow2`),
  ]);
  for (const { name } of await entriesOf(layout.layers)) {
    if (!used.has(name)) await rm(join(layout.layers, name), { force: true });
  }
}
