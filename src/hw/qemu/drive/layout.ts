import { join } from 'node:path';

/**
 * What lies where on a drive:
 *
 *     <directory>/disk.img                       the image that a server runs from, when it is the server's disk
 *     <directory>/rekindle/drive.json            which drive this is
 *     <directory>/rekindle/snapshots/<snapshot>/ memory, and manifest.json, which is written last
 *     <directory>/rekindle/layers/<snapshot>.qcow2   the disk: what differs from the layer below it
 *     <directory>/rekindle/runs/<launch>.qcow2   what a server that was woken from here writes
 *     <directory>/rekindle/runs/<launch>.json    which server, on which layers
 */
export interface DriveLayout {
  readonly root: string;
  readonly identity: string;
  readonly snapshots: string;
  readonly layers: string;
  readonly runs: string;
  snapshot(id: string): string;
  memory(id: string): string;
  manifest(id: string): string;
  layer(id: string): string;
  run(launch: string): string;
  runRecord(launch: string): string;
}

export function layoutOf(directory: string): DriveLayout {
  const root = join(directory, 'rekindle');
  const snapshots = join(root, 'snapshots');
  const layers = join(root, 'layers');
  const runs = join(root, 'runs');
  const snapshot = (id: string): string => join(snapshots, id);
  return {
    root,
    identity: join(root, 'drive.json'),
    snapshots,
    layers,
    runs,
    snapshot,
    memory: (id) => join(snapshot(id), 'memory'),
    manifest: (id) => join(snapshot(id), 'manifest.json'),
    layer: (id) => join(layers, layerFile(id)),
    run: (launch) => join(runs, `${launch}.qcow2`),
    runRecord: (launch) => join(runs, `${launch}.json`),
  };
}

/** File name of the layer that a snapshot adds. */
export function layerFile(snapshot: string): string {
  return `${snapshot}.qcow2`;
}
