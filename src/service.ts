import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { wallClock } from './clock.js';
import { doubtsAbout, StartDoubtful, type Doubt } from './doubts.js';
import { createHardwareReports } from './control/hardware-reports.js';
import { createControlRoom, QueueFull, type ControlRoom } from './control/index.js';
import { viewFor } from './control/dispatcher.js';
import type { StepPoint } from './actions/durable.js';
import type { PolicySet } from './engine/policy-set.js';
import { toInstant } from './engine/time.js';
import { findServer, initialView } from './engine/world.js';
import { loadPolicySet, type LoadResult } from './engine/load.js';
import { createDrivers, DRIVER_CATALOGUE } from './hw/drivers.js';
import { openHardware } from './hw/index.js';
import { createLastGood } from './last-good.js';
import { HardwareError, type Driver } from './hw/contract.js';
import { createLog, standardOutput } from './log.js';
import { readPolicyFiles } from './files.js';
import { createReport } from './report.js';
import { Overload, type Administration, type ServiceStatus } from './server/administration.js';
import type { Access } from './server/access/access.js';
import { createHttpServer, type TlsFiles } from './server/index.js';
import { createMetrics } from './server/metrics.js';
import { createCaretaker, type Caretaker } from './store/sqlite/caretaker.js';
import { openSqliteStore, type SqliteStore } from './store/sqlite/index.js';
import { watchPolicies, type PolicyWatcher } from './watch.js';

/**
 * The composition root: the only place that knows everyone. Long-lived parts are made once, from the bottom up;
 * what a reload replaces is reached through a function.
 */
export interface ServiceOptions {
  /** Policy folders and files. */
  readonly policies: readonly string[];
  /** Where the store and the simulated rack keep their files. Created when missing. */
  readonly stateDir: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Who may ask. Called at the start and with each reload. */
  readonly access: () => Promise<Access>;
  /** Reads the certificates; asked again for each reload. Null: plain HTTP. */
  readonly tls: (() => Promise<TlsFiles>) | null;
  readonly logLevel: string;
  /** Whether what speaks against a start prevents it. */
  readonly strict: boolean;
  /** How long running operations may take to end when the service stops; the rest is resumed at the next start. */
  readonly drainMs: number;
  /** Where the log goes, a JSON object a line; standard output when left out. */
  readonly logTo?: { write(line: string): void };
}

export interface Service {
  /** `http://host:port`. */
  readonly address: string;
  /** Reads the policy files, the access file and the certificates now. */
  reload(): Promise<void>;
  /** Stops listening, lets operations end, closes everything. */
  stop(): Promise<void>;
}

const QUEUE_LIMIT = 10_000;

/**
 * Starts the administration server.
 * @throws {PoliciesRefused} when the policies do not load and none that did were kept: there is nothing to decide by.
 * @throws {StartDoubtful} when it is to be strict and something speaks against a start.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const metrics = createMetrics();
  const log = createLog(options.logLevel, options.logTo ?? standardOutput(metrics.logLineLost));
  await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
  const known = createDrivers({ stateDir: options.stateDir, clock: wallClock });
  const report = createReport(log, metrics);

  // What a reload replaces. Until everything stands, there is nobody to tell.
  let follow: (policySet: PolicySet) => void = () => undefined;
  const watcher = await watchPolicies({
    paths: options.policies,
    clock: wallClock,
    logger: log,
    lastGood: createLastGood(join(options.stateDir, 'last-good-policies.json'), options.policies),
    // What cannot be opened must not decide: the hardware is part of the check.
    load: (files) => opening(loadPolicySet(files, DRIVER_CATALOGUE), known),
    onLoaded: (policySet) => {
      metrics.reloaded(watcher.status());
      follow(policySet);
    },
    onRejected: () => {
      metrics.reloaded(watcher.status());
    },
  });
  metrics.reloaded(watcher.status());
  const store = await openStore(options, watcher, log);

  let open = { policySet: watcher.current(), hardware: openHardware(watcher.current().inventory, known) };
  const opened = [open.hardware];
  const observe = crashPoint(log);
  const room = createControlRoom({
    store,
    clock: wallClock,
    policySet: () => open.policySet,
    hardware: () => open.hardware,
    journalist: report,
    queueLimit: QUEUE_LIMIT,
    schedules: true,
    surveyEveryMs: 15_000,
    ...(observe ? { observe } : {}),
  });
  const reports = createHardwareReports({
    clock: wallClock,
    accept: (events) => room.accept(events),
    onFault: (what, error) => {
      report.fault(what, error);
    },
  });
  follow = (policySet) => {
    if (policySet === open.policySet) return;
    // Operations under way hold the hardware that they began with, so it stays open until the service stops.
    open = { policySet, hardware: openHardware(policySet.inventory, known) };
    opened.push(open.hardware);
    reports.follow(open.hardware);
    room.policiesChanged().catch((error: unknown) => {
      report.fault('the new policy set could not be brought into the disk table', error);
    });
  };
  const life: Life = { startedAt: toInstant(wallClock.now()), ready: false, draining: false };
  const caretaker = createCaretaker({
    store,
    folder: join(options.stateDir, 'backups'),
    clock: wallClock,
    onFault: (what, error) => {
      report.fault(what, error);
    },
  });
  const administration = await administer({ watcher, store, caretaker, room, metrics, life });
  let access = await options.access();
  const http = createHttpServer({
    access: () => access,
    administration,
    logger: log,
    listen: { host: options.host, port: options.port },
    ...(options.tls === null ? {} : { tls: await options.tls() }),
  });

  log.info(
    { sqlite: store.engineVersion, node: process.version, revision: watcher.current().revision },
    'the administration server starts',
  );
  await room.start();
  reports.follow(open.hardware);
  const closing = new AbortController();
  const caring = caretaker.run(closing.signal);
  const { url: address } = await http.listen();
  life.ready = true;
  log.info({ address }, `listening on ${address}`);

  return {
    address,
    async reload() {
      try {
        access = await options.access();
      } catch (error) {
        log.error({ err: error }, 'the access file was refused; who may ask what stays as it was');
      }
      try {
        if (options.tls !== null) http.renew(await options.tls());
      } catch (error) {
        log.error({ err: error }, 'the certificates were refused; those before stay in use');
      }
      await watcher.reload();
    },
    async stop() {
      life.draining = true;
      log.info({ running: room.running(), waiting: room.waiting() }, 'stopping');
      reports.close();
      closing.abort(new Error('the service is stopping'));
      await caring;
      await http.close();
      await watcher.close();
      await room.drain(options.drainMs);
      // The store first: an operation that did not end in time stops dead and is resumed, instead of journaling
      // the closing of its hardware as a failure.
      await store.close();
      for (const one of opened) await one.close();
      log.info({}, 'stopped');
    },
  };
}

/** A start that fails here must leave nothing behind that keeps the process alive. */
async function openStore(
  { policies, stateDir, strict }: ServiceOptions,
  watcher: PolicyWatcher,
  log: Logger,
): Promise<SqliteStore> {
  try {
    const store = await openSqliteStore({ file: join(stateDir, 'rekindle.db'), clock: wallClock });
    const [doubt, ...others] = await doubtsOnOpening(store, policies);
    if (doubt === undefined) return store;
    if (strict) {
      await store.close();
      throw new StartDoubtful([doubt, ...others]);
    }
    for (const { code, message } of [doubt, ...others]) log.warn({ code }, message);
    return store;
  } catch (error) {
    await watcher.close();
    throw error;
  }
}

async function doubtsOnOpening(store: SqliteStore, policies: readonly string[]): Promise<readonly Doubt[]> {
  const [newest] = await store.journal({ limit: 1 });
  return doubtsAbout({
    sqlite: store.engineVersion,
    nowMs: wallClock.now(),
    newestEntryAt: newest?.at ?? null,
    unguarded: (await readPolicyFiles(policies)).unguarded,
  });
}

/** A set whose hardware cannot be opened is refused like one that has a typing error. */
async function opening(loaded: LoadResult, known: ReadonlyMap<string, Driver>): Promise<LoadResult> {
  if (!loaded.ok) return loaded;
  try {
    await openHardware(loaded.policySet.inventory, known).close();
    return loaded;
  } catch (error) {
    if (!(error instanceof HardwareError)) throw error;
    const { file, line } = loaded.policySet.inventory.origin;
    const message = `${error.subject}: ${error.message}`;
    return {
      ok: false,
      problems: [
        { code: 'DRIVER_SETTINGS', file, line, column: 1, path: 'spec', message, hint: '', excerpt: '' },
      ],
    };
  }
}

interface Life {
  readonly startedAt: string;
  ready: boolean;
  draining: boolean;
}

interface Parts {
  readonly watcher: PolicyWatcher;
  readonly store: SqliteStore;
  readonly caretaker: Caretaker;
  readonly room: ControlRoom;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly life: Life;
}

/** What the HTTP routes may ask, put together from the parts that know. */
async function administer(parts: Parts): Promise<Administration> {
  const { watcher, store, caretaker, room, metrics, life } = parts;
  const version = await packageVersion();
  const policySet = (): PolicySet => watcher.current();
  const now = (): string => toInstant(wallClock.now());
  return {
    async accept(events) {
      try {
        return await room.accept(events);
      } catch (error) {
        if (error instanceof QueueFull) throw new Overload(error.waiting, error.limit, 5);
        throw error;
      }
    },
    async heartbeat(server, at) {
      const lookup = findServer(policySet(), await store.view(now()), server);
      if (lookup.found === 'active') await store.heartbeat(lookup.server.name, at);
      return lookup.found === 'active';
    },
    // The inventory knows every name that a server or a machine can have, wherever it runs.
    knows: (server) =>
      findServer(policySet(), initialView(policySet().inventory), server).found !== 'nothing',
    ignored: (reason, count) => {
      metrics.eventsIgnored(reason, count);
    },
    now: () => wallClock.now(),
    newId: () => randomUUID(),
    policySet,
    reload: () => watcher.status(),
    status: () => statusOf(parts, version),
    view: () => viewFor(store, policySet(), { at: now() }),
    drives: () => store.drives(),
    snapshots: (filter) => store.snapshots(filter),
    decisions: (filter) => store.decisions(filter),
    decision: (id) => store.decision(id),
    operations: (filter) => store.operations(filter),
    async operation(id) {
      const operation = await store.operation(id);
      return operation === null ? null : { operation, steps: await store.steps.load(id) };
    },
    operationOf: (decision) => store.operationOf(decision),
    event: (id) => store.event(id),
    decidedEvents: (page) => store.decidedEvents(page),
    journal: (filter) => store.journal(filter),
    checkStore: (through) => store.check(through),
    backUpStore: () => caretaker.backUp(),
    metrics: async () => {
      const { servers } = await statusOf(parts, version);
      const table = { nowMs: wallClock.now(), servers, drives: await store.drives() };
      metrics.measured({ waiting: room.waiting(), running: room.running(), table });
      return metrics.render();
    },
    unready: () =>
      [
        life.ready ? null : 'the service is starting',
        life.draining ? 'the service is stopping' : null,
        room.trouble(),
        store.damage(),
      ].filter((why) => why !== null),
  };
}

async function statusOf({ watcher, store, room, life }: Parts, version: string): Promise<ServiceStatus> {
  const view = await store.view(toInstant(wallClock.now()));
  const servers = await Promise.all(
    view.servers.map(async ({ name, state, machine, disk }) => {
      const complete = view.snapshots.filter((row) => row.server === name && row.state === 'complete');
      return {
        name,
        state,
        machine,
        disk,
        snapshots: complete.length,
        newestSnapshotAt: complete.at(-1)?.takenAt ?? null,
        lastHeartbeatAt: await store.lastHeartbeat(name),
      };
    }),
  );
  return {
    version,
    startedAt: life.startedAt,
    policies: watcher.status(),
    pendingEvents: room.waiting(),
    runningOperations: room.running(),
    draining: life.draining,
    servers,
  };
}

async function packageVersion(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  const parsed: unknown = JSON.parse(text);
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed
    ? String(parsed.version)
    : 'unknown';
}

/**
 * For crash tests of the real program: `REKINDLE_CRASH_AT=step:point` kills this process with SIGKILL when any
 * operation reaches that point of that step. Nothing of the program runs after that, as in a power cut.
 */
function crashPoint(log: Logger): ((point: StepPoint) => Promise<void>) | null {
  const wanted = process.env.REKINDLE_CRASH_AT;
  if (wanted === undefined) return null;
  log.warn({ at: wanted }, 'this process will kill itself on purpose: REKINDLE_CRASH_AT is set');
  return async ({ step, at }) => {
    if (`${step}:${at}` === wanted) process.kill(process.pid, 'SIGKILL');
  };
}
