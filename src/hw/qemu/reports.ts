import type { HardwareAlert, HardwareFailure, HardwareReport } from '../contract.js';
import type { LaunchRecord } from './launch-record.js';
import type { QmpEvent, RunState } from './qmp/commands.js';

/** What an event of a machine means to whoever looks after servers; null when it means nothing. */
export function reportOf(machine: string, record: LaunchRecord, event: QmpEvent): HardwareReport | null {
  const { data } = event;
  const base = { ...identity(machine, record, stampOf(event)), atMs: event.atMs };
  const alert = (name: string, text: string, labels: HardwareAlert['labels'] = {}): HardwareAlert => ({
    ...base,
    kind: 'alert',
    name,
    labels,
    text,
  });
  const failure = (cause: string, text: string): HardwareFailure => ({
    ...base,
    kind: 'failure',
    cause,
    causeClass: 'software',
    text,
  });
  switch (event.event) {
    case 'GUEST_PANICKED':
      return panicReport(machine, record, { occurrence: stampOf(event), atMs: event.atMs });
    case 'WATCHDOG':
      return judgeWatchdog(record.server, data.action, { alert, failure });
    case 'SHUTDOWN':
      return isOrderlyShutdown(event) ? shutdownReport(machine, record, event.atMs) : null;
    case 'RESET':
      return data.guest === true ? alert('GuestReset', `${record.server} has reset itself`) : null;
    case 'BLOCK_IO_ERROR':
      return alert(
        'BlockIoError',
        `${record.server}: a ${word(data.operation)} on its disk failed: ${word(data.reason)}`,
        {
          operation: word(data.operation),
          action: word(data.action),
        },
      );
    case 'MEMORY_FAILURE':
      return alert(
        'MemoryFailure',
        `the host reports a memory error in ${word(data.recipient)} of ${record.server}`,
        {
          recipient: word(data.recipient),
          action: word(data.action),
        },
      );
    default:
      return null;
  }
}

/** Somebody inside the guest has switched it off; that the process then ends is what was wanted. */
export function isOrderlyShutdown({ event, data }: QmpEvent): boolean {
  return event === 'SHUTDOWN' && data.reason === 'guest-shutdown';
}

/** What a machine that is met in such a state must have gone through unheard; null when that is nothing. */
export function reportOfState(
  machine: string,
  record: LaunchRecord,
  { status, atMs }: { readonly status: RunState; readonly atMs: number },
): HardwareReport | null {
  if (status === 'shutdown') return shutdownReport(machine, record, atMs);
  if (status !== 'guest-panicked') return null;
  return panicReport(machine, record, { occurrence: 'found:guest-panicked', atMs });
}

/** A launch shuts down once, so that hearing of it and finding it is the same occurrence. */
function shutdownReport(machine: string, record: LaunchRecord, atMs: number): HardwareAlert {
  return {
    ...identity(machine, record, 'SHUTDOWN'),
    atMs,
    kind: 'alert',
    name: 'GuestShutdown',
    labels: {},
    text: `${record.server} has shut itself down in order`,
  };
}

function panicReport(
  machine: string,
  record: LaunchRecord,
  { occurrence, atMs }: { readonly occurrence: string; readonly atMs: number },
): HardwareFailure {
  return {
    ...identity(machine, record, occurrence),
    atMs,
    kind: 'failure',
    cause: 'panic',
    causeClass: 'software',
    text: `the kernel of ${record.server} has panicked`,
  };
}

function stampOf({ event, stamp }: QmpEvent): string {
  return `${event}:${stamp}`;
}

/** The process is gone and nobody has ordered it. */
export function goneReport(machine: string, record: LaunchRecord, atMs: number): HardwareFailure {
  return {
    ...identity(machine, record, 'gone'),
    atMs,
    kind: 'failure',
    cause: 'process-gone',
    causeClass: 'unknown',
    text: `the QEMU process of ${record.server} on ${machine} is gone, and nobody has ordered it off`,
  };
}

function identity(machine: string, { launch, server }: LaunchRecord, occurrence: string) {
  return { id: `qemu:${machine}:${launch}:${occurrence}`, machine, server };
}

interface Kinds {
  readonly alert: (name: string, text: string) => HardwareAlert;
  readonly failure: (cause: string, text: string) => HardwareFailure;
}

/** A watchdog that stops the machine has ended the server; one that resets it or only tells has not. */
function judgeWatchdog(server: string, action: unknown, { alert, failure }: Kinds): HardwareReport {
  const text = `the watchdog of ${server} has expired; action ${word(action)}`;
  const ends = action === 'pause' || action === 'shutdown' || action === 'poweroff';
  return ends ? failure('watchdog', text) : alert('GuestWatchdog', text);
}

function word(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : 'unknown';
}
