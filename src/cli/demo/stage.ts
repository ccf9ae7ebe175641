import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wallClock } from '../../clock.js';
import { rackFile } from '../../hw/drivers.js';
import { createRackControl, fileRack, type RackControl } from '../../hw/sim/index.js';
import { startService } from '../../service.js';
import { LOOPBACK_ONLY } from '../../server/access/access.js';

/** A line of the service's log that belongs to a step of the method. */
export interface MethodLine {
  readonly methodStep: number;
  readonly server: string;
  readonly msg: string;
}

/** The real service on the simulated rack, in a folder of its own. */
export interface Stage {
  readonly url: string;
  readonly rack: RackControl;
  /** The policies that decide, for the curious. */
  readonly policies: string;
  post(path: string, body: object): Promise<void>;
  get<T>(path: string, read: (body: unknown) => T): Promise<T>;
  /** Asks until the answer is the one waited for. */
  until<T>(ask: () => Promise<T>, fits: (answer: T) => boolean, what: string): Promise<T>;
  strike(): Promise<void>;
}

const POLICIES = fileURLToPath(new URL('../../../policies', import.meta.url));
const PATIENCE_MS = 30_000;

export async function setStage(onStep: (line: MethodLine) => void): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'rekindle-demo-'));
  const service = await startService({
    policies: [POLICIES],
    stateDir: folder,
    host: '127.0.0.1',
    port: 0,
    access: async () => LOOPBACK_ONLY,
    tls: null,
    logLevel: 'info',
    strict: false,
    drainMs: 10_000,
    logTo: {
      write(text) {
        const line: unknown = JSON.parse(text);
        if (isMethodLine(line)) onStep(line);
      },
    },
  });
  const url = service.address;
  return {
    url,
    rack: createRackControl(fileRack({ file: rackFile(folder), clock: wallClock })),
    policies: POLICIES,
    async post(path, body) {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    },
    async get(path, read) {
      return read(await (await fetch(`${url}${path}`)).json());
    },
    async until(ask, fits, what) {
      const end = wallClock.monotonic() + PATIENCE_MS;
      for (;;) {
        const answer = await ask();
        if (fits(answer)) return answer;
        if (wallClock.monotonic() > end)
          throw new Error(`${what} did not come within ${PATIENCE_MS / 1000} s`);
        await wallClock.sleep(50);
      }
    },
    async strike() {
      await service.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function isMethodLine(line: unknown): line is MethodLine {
  return (
    typeof line === 'object' &&
    line !== null &&
    'methodStep' in line &&
    typeof line.methodStep === 'number' &&
    'server' in line &&
    typeof line.server === 'string' &&
    'msg' in line &&
    typeof line.msg === 'string'
  );
}
