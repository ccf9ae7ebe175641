import type { QmpConnection } from '../qmp/connection.js';
import { COPY_JOB } from './names.js';
import type { Sink } from './sink.js';
import type { Job } from './job.js';

/** Tells how far a snapshot is, growing, up to all of it. */
export interface Progress {
  /** The server runs on; memory and disk are on their way. */
  begin(sink: Sink): void;
  complete(): void;
  end(): void;
}

const LOOK_MS = 500;
/** Shares of the whole: the instant is taken, and the bytes are on their way; the rest is the end. */
const TAKEN = 0.1;
const MOVED = 0.85;

export function followProgress({ order, seen }: Job, control: QmpConnection): Progress {
  let told = 0;
  let timer: NodeJS.Timeout | null = null;

  function tell(share: number): void {
    if (share <= told) return;
    told = share;
    order.onProgress?.(share);
  }

  async function look(sink: Sink): Promise<void> {
    const jobs = await control.execute('query-block-jobs');
    const job = jobs.find(({ device }) => device === COPY_JOB);
    const disk = job === undefined || job.len === 0 ? 1 : job.offset / job.len;
    const memory = Math.min(1, sink.bytes / seen.record.definition.memoryBytes);
    tell(TAKEN + (MOVED * (disk + memory)) / 2);
  }

  return {
    begin(sink) {
      tell(TAKEN);
      timer = setInterval(() => {
        // A machine that does not answer is found out by those who need its answer.
        look(sink).catch(() => undefined);
      }, LOOK_MS);
    },
    complete() {
      tell(1);
    },
    end() {
      if (timer !== null) clearInterval(timer);
      timer = null;
    },
  };
}
