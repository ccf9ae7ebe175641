import { join } from 'node:path';
import { follow } from '../abort.js';
import { runProgram } from '../run-program.js';
import type { Job } from './job.js';
import type { Sink } from './sink.js';
import { startTarget, type Target } from './target.js';

/** The processes that bring a snapshot onto the drive; QEMU itself touches no file there. */
export interface Receivers {
  /** Takes the memory. */
  readonly sink: Sink;
  /** Takes the disk; it is needed only after the memory, and starts while the server is being frozen. */
  readonly target: Promise<Target>;
  /** Ends both, whatever they do; resolves when nothing of them is about to start any more. */
  end(): Promise<void>;
}

/** What the image of the disk is to be. */
interface DiskShape {
  readonly diskBytes: number;
  /** File name of the layer that it stands on; null: it stands alone. */
  readonly below: string | null;
}

/**
 * Starts both at the same time, and resolves when the memory can come.
 * @throws {HardwareError} when the sink does not start; none is left then.
 */
export async function startReceivers(job: Job, shape: DiskShape): Promise<Receivers> {
  const { rack, machine, drive, layout, order, launch } = job;
  const { snapshot, signal } = order;
  const { limit, release } = follow(signal);
  const target = startDiskTarget(job, shape, limit.signal).finally(release);
  // That it did not start is told to whoever needs it, which may be nobody.
  target.catch(() => undefined);
  const endTarget = async (): Promise<void> => {
    limit.abort(new Error('the snapshot is over'));
    const [started] = await Promise.allSettled([target]);
    if (started.status === 'fulfilled') started.value.kill();
  };
  try {
    const sink = await rack.sinks.start(
      {
        socket: join(launch.folder, 'memory.sock'),
        file: layout.memory(snapshot),
        guard: launch.monitor('guard'),
        machine: machine.name,
        drive: drive.name,
      },
      signal,
    );
    return {
      sink,
      target,
      end() {
        sink.end();
        return endTarget();
      },
    };
  } catch (error) {
    await endTarget();
    throw error;
  }
}

async function startDiskTarget(
  job: Job,
  { diskBytes, below }: DiskShape,
  signal: AbortSignal,
): Promise<Target> {
  const { machine, drive, layout, order, launch } = job;
  const image = layout.layer(order.snapshot);
  // The layer below is known by its checksum; opening it here only to read its size would take time.
  const base = below === null ? [] : ['-u', '-F', 'qcow2', '-b', below];
  await createImage(job, [...base, image, String(diskBytes)], signal);
  const socket = join(launch.folder, 'disk.sock');
  return startTarget({ program: machine.settings.qemuNbd, socket, image, drive: drive.name }, signal);
}

function createImage({ machine }: Job, args: readonly string[], signal: AbortSignal): Promise<string> {
  const options = { subject: machine.name, signal };
  return runProgram(machine.settings.qemuImg, ['create', '-q', '-f', 'qcow2', ...args], options);
}
