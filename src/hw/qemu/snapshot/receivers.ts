import { join } from 'node:path';
import { runProgram } from '../run-program.js';
import type { Job } from './job.js';
import type { Sink } from './sink.js';
import { startTarget, type Target } from './target.js';

/** The processes that bring a snapshot onto the drive; QEMU itself touches no file there. */
export interface Receivers {
  /** Takes the memory. */
  readonly sink: Sink;
  /** Takes the disk. */
  readonly target: Target;
  /** Ends both, whatever they do. */
  end(): void;
}

/** What the image of the disk is to be. */
interface DiskShape {
  readonly diskBytes: number;
  /** File name of the layer that it stands on; null: it stands alone. */
  readonly below: string | null;
}

/**
 * Starts both at the same time.
 * @throws {HardwareError} when one of them does not start; none is left then.
 */
export async function startReceivers(job: Job, shape: DiskShape): Promise<Receivers> {
  const { rack, machine, drive, layout, order, launch } = job;
  const { snapshot, signal } = order;
  const [sink, target] = await Promise.allSettled([
    rack.sinks.start(
      {
        socket: join(launch.folder, 'memory.sock'),
        file: layout.memory(snapshot),
        guard: launch.monitor('guard'),
        machine: machine.name,
        drive: drive.name,
      },
      signal,
    ),
    startDiskTarget(job, shape),
  ]);
  if (sink.status === 'fulfilled' && target.status === 'fulfilled') return together(sink.value, target.value);
  if (sink.status === 'fulfilled') sink.value.end();
  if (target.status === 'fulfilled') target.value.kill();
  throw [sink, target].find((one) => one.status === 'rejected')?.reason;
}

function together(sink: Sink, target: Target): Receivers {
  return {
    sink,
    target,
    end() {
      sink.end();
      target.kill();
    },
  };
}

async function startDiskTarget(job: Job, { diskBytes, below }: DiskShape): Promise<Target> {
  const { machine, drive, layout, order, launch } = job;
  const image = layout.layer(order.snapshot);
  // The layer below is known by its checksum; opening it here only to read its size would take time.
  const base = below === null ? [] : ['-u', '-F', 'qcow2', '-b', below];
  await createImage(job, [...base, image, String(diskBytes)]);
  const socket = join(launch.folder, 'disk.sock');
  return startTarget({ program: machine.settings.qemuNbd, socket, image, drive: drive.name }, order.signal);
}

function createImage({ machine, order }: Job, args: readonly string[]): Promise<string> {
  const options = { subject: machine.name, signal: order.signal };
  return runProgram(machine.settings.qemuImg, ['create', '-q', '-f', 'qcow2', ...args], options);
}
