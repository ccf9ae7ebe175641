import type { Clock } from '../clock.js';
import type { EngineEvent } from '../engine/event.js';
import { toInstant } from '../engine/time.js';
import type { HardwareReport } from '../hw/contract.js';
import type { Hardware } from '../hw/index.js';

/** Brings what the hardware says by itself into the line of all other events. */
export interface HardwareReports {
  /** Listens to this hardware from now on, and no longer to the one before. */
  follow(hardware: Hardware): void;
  /** Ends the listening; what was said and not yet accepted is said again at the next start. */
  close(): void;
}

export interface HardwareReportsParts {
  readonly clock: Clock;
  /** Resolving means durable. */
  readonly accept: (events: readonly EngineEvent[]) => Promise<unknown>;
  readonly onFault: (what: string, error: unknown) => void;
}

/** A report that is not accepted, because too many events wait or the store is in trouble, is brought again after this. */
const AGAIN_MS = 1_000;

export function createHardwareReports({ clock, accept, onFault }: HardwareReportsParts): HardwareReports {
  const closing = new AbortController();
  let stop: () => void = () => undefined;

  async function bring(report: HardwareReport): Promise<void> {
    for (let told = false; !closing.signal.aborted; told = true) {
      try {
        await accept([eventOf(report)]);
        return;
      } catch (error) {
        if (!told) onFault(`the report "${report.text}" was not accepted; it is brought again`, error);
        // Aborted while waiting: the loop sees it.
        await clock.sleep(AGAIN_MS, closing.signal).catch(() => undefined);
      }
    }
  }

  return {
    follow(hardware) {
      stop();
      stop = hardware.watch((report) => void bring(report));
    },
    close() {
      stop();
      closing.abort(new Error('the service is stopping'));
    },
  };
}

/** The event that a report is. Its id is that of the occurrence, so that saying it twice is saying it once. */
export function eventOf(report: HardwareReport): EngineEvent {
  const base = { id: `hardware:${report.id}`, at: toInstant(report.atMs), server: report.server };
  if (report.kind === 'failure') {
    const { cause, causeClass } = report;
    return { ...base, kind: 'failure', subject: 'server', cause, causeClass };
  }
  return {
    ...base,
    kind: 'alert',
    status: 'firing',
    source: 'hardware',
    labels: { ...report.labels, alertname: report.name, machine: report.machine },
    annotations: { summary: report.text },
  };
}
