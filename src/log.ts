import { pino, type DestinationStream, type Logger } from 'pino';

/** What waits for a disk that is full; what comes beyond it is lost. */
const KEPT_BYTES = 1024 * 1024;

/** The log of the service, a JSON object a line. */
export function createLog(level: string, to: DestinationStream): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, to);
}

/**
 * Standard output. When it cannot be written to, such as a full disk, lines wait for the next one that can, and only
 * so many: a log is no reason to stop restarting servers.
 * @param lost is told of each line that is given up.
 */
export function standardOutput(lost: () => void): DestinationStream {
  const out = pino.destination({ dest: 1, sync: true, maxLength: KEPT_BYTES });
  out.on('error', () => undefined);
  out.on('drop', lost);
  return out;
}
