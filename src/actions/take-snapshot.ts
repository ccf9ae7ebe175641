import type { Decision, SnapshotPlan } from '../engine/decision.js';
import { toInstant } from '../engine/time.js';
import { HardwareError, type SnapshotManifest } from '../hw/contract.js';
import type { Hardware } from '../hw/index.js';
import {
  blocked,
  done,
  outcomeOf,
  type Action,
  type ActionDeps,
  type ActionEnd,
  type Outcome,
  type SnapshotResult,
} from './action.js';
import { STEP_CODES, StepRefusal, type StepContext, type StepError } from './context.js';

/** Undoing has its own time: it must also work when the deadline has passed. */
const DISCARD = { always: true, timeoutMs: 30_000, attempts: 3 } as const;
const ASK_AGAIN_MS = 500;
/** How much has to be done before it is told again. */
const PROGRESS_PERCENT = 10;

/** Takes one snapshot of a server onto the first drive of the plan that takes it. */
export const takeSnapshot: Action = { kind: 'take-snapshot', run };

interface Job {
  readonly ctx: StepContext;
  readonly decision: Decision;
  readonly plan: SnapshotPlan;
  readonly hardware: Hardware;
  readonly machine: string;
  /** By the clock that is never set: when the snapshot must be complete. */
  readonly untilMs: number;
}

/** One drive that is tried. */
interface Trial {
  readonly name: string;
  readonly drive: string;
  readonly snapshot: string;
}

async function run(
  ctx: StepContext,
  decision: Decision,
  hardware: Hardware,
  deps: ActionDeps,
): Promise<ActionEnd> {
  const plan = decision.snapshot;
  if (plan === undefined)
    return blocked(`decision ${decision.id} holds no snapshot plan; report this defect`, null);
  const located = await outcomeOf(ctx.step('locate', () => locate(ctx.server, deps)));
  if (!located.ok) return blocked(`${located.error.code}: ${located.error.message}`, nothingTaken([]));
  const job: Job = { ctx, decision, plan, hardware, machine: located.value, untilMs: untilOf(ctx, plan) };

  const tried: SnapshotResult['tried'][number][] = [];
  for (const [index, drive] of plan.drives.entries()) {
    const number = index + 1;
    const trial: Trial = { name: `drive-${number}`, drive, snapshot: `${ctx.operation}-${number}` };
    const taken = await tryDrive(job, trial);
    if (taken.ok) return done({ kind: 'snapshot', snapshot: trial.snapshot, drive, tried });
    tried.push({ drive, code: taken.error.code, reason: taken.error.message });
    if (isGivenUp(taken.error)) break;
  }
  return blocked(reasonOf(job, tried), nothingTaken(tried));
}

function nothingTaken(tried: SnapshotResult['tried']): SnapshotResult {
  return { kind: 'snapshot', snapshot: null, drive: null, tried };
}

async function locate(server: string, deps: ActionDeps): Promise<string> {
  const machine = await deps.machineOf(server);
  if (machine === null)
    throw new StepRefusal('unknown-server', server, `nothing is known of a server ${server}`);
  return machine;
}

async function tryDrive(job: Job, trial: Trial): Promise<Outcome<void>> {
  const reserved = await reserve(job, trial);
  if (!reserved.ok) return reserved;
  const stored = await store(job, trial);
  if (stored.ok) {
    await complete(job, trial, stored.value);
    return { ok: true, value: undefined };
  }
  await undo(job, trial, stored.error);
  return stored;
}

/** Step 4: a drive other than the one of the previous snapshot. The store checks that law on its own rows. */
function reserve({ ctx, decision, plan }: Job, { name, drive, snapshot }: Trial): Promise<Outcome<null>> {
  ctx.note({ methodStep: 4, message: `reserving ${drive} for ${snapshot}`, detail: { drive, snapshot } });
  return outcomeOf(
    ctx.record(`${name}/reserve`, async (table) => {
      if (!(await table.reserveDrive(drive, ctx.operation))) {
        throw new StepRefusal('reserved', drive, `${drive} is reserved by another operation`);
      }
      await table.beginSnapshot({
        id: snapshot,
        server: ctx.server,
        kind: plan.kind,
        condition: plan.condition,
        cause: plan.cause,
        drive,
        orderedAt: toInstant(ctx.now()),
        pinned: plan.pinned,
        policyRevision: decision.policyRevision,
        event: decision.event.id,
        operation: ctx.operation,
      });
      return null;
    }),
  );
}

/** Step 3: memory and disk of one instant; then the bytes on the drive are read back. */
async function store(job: Job, trial: Trial): Promise<Outcome<SnapshotManifest>> {
  const { ctx, plan, machine } = job;
  ctx.note({
    methodStep: 3,
    message: `ordering a snapshot of ${ctx.server} on ${machine} because of ${plan.condition}`,
    detail: { machine, ...trial },
  });
  const ordered = await outcomeOf(
    ctx.step(`${trial.name}/order`, (signal) => order(job, trial, signal), { timeoutMs: timeLeft(job) }),
  );
  if (!ordered.ok) return ordered;
  // A snapshot that exists is worth having even when the operation is aborted meanwhile, so this runs always.
  const verified = await outcomeOf(
    ctx.step(`${trial.name}/verify`, (signal) => verify(job, trial, signal), {
      always: true,
      timeoutMs: timeLeft(job),
    }),
  );
  return verified.ok ? ordered : verified;
}

async function order(job: Job, trial: Trial, signal: AbortSignal): Promise<SnapshotManifest> {
  const { ctx, hardware, machine } = job;
  const { drive, snapshot } = trial;
  const told = progress(ctx, snapshot);
  const manifest = await askedAgain(ctx, signal, () =>
    hardware.memory(machine).snapshot({
      operation: ctx.operation,
      signal,
      snapshot,
      server: ctx.server,
      drive,
      onProgress: told,
    }),
  );
  if (manifest.snapshot !== snapshot || manifest.server !== ctx.server || manifest.drive !== drive) {
    throw new StepRefusal(
      'wrong-manifest',
      snapshot,
      `ordered was ${snapshot} of ${ctx.server} on ${drive}; ` +
        `written was ${manifest.snapshot} of ${manifest.server} on ${manifest.drive}`,
    );
  }
  return manifest;
}

/**
 * What was not answered may have been done, and is found when it is asked for again. Within the one attempt of
 * the step, so that the deadline holds for both; all other failures are better met by another drive.
 */
async function askedAgain<T>(ctx: StepContext, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof HardwareError) || error.code !== 'no-answer') throw error;
    await ctx.pause(ASK_AGAIN_MS, signal);
    return call();
  }
}

function progress(ctx: StepContext, snapshot: string): (share: number) => void {
  let told = 0;
  return (share) => {
    const percent = Math.round(share * 100);
    if (percent < told + PROGRESS_PERCENT) return;
    told = percent;
    ctx.note({ methodStep: 3, message: `${snapshot} ${percent} %`, progress: share, detail: { snapshot } });
  };
}

async function verify(
  { ctx, hardware }: Job,
  { drive, snapshot }: Trial,
  signal: AbortSignal,
): Promise<null> {
  const found = await askedAgain(ctx, signal, () => hardware.storage(drive).verify(snapshot, signal));
  if (found === 'ok') return null;
  throw new StepRefusal(
    found,
    snapshot,
    `${snapshot} reads back from ${drive} as ${found}, not as it was written`,
  );
}

/** Step 5: snapshot, drive and condition stand together in the disk table; from here on it may be restarted from. */
async function complete(
  { ctx, plan }: Job,
  { name, drive, snapshot }: Trial,
  manifest: SnapshotManifest,
): Promise<void> {
  await ctx.record(`${name}/complete`, async (table) => {
    await table.completeSnapshot(snapshot, {
      takenAt: toInstant(manifest.takenAtMs),
      memoryBytes: manifest.memoryBytes,
      diskBytes: manifest.diskBytes,
      checksum: manifest.checksum,
    });
    await table.recordVerification(snapshot, 'ok', toInstant(ctx.now()));
    await table.release(ctx.operation);
    return null;
  });
  ctx.note({
    methodStep: 5,
    message: `recorded ${snapshot} on ${drive} with condition ${plan.condition}`,
    detail: { drive, snapshot, condition: plan.condition },
  });
}

async function undo({ ctx, hardware }: Job, { name, drive, snapshot }: Trial, why: StepError): Promise<void> {
  const discarded = await outcomeOf(
    ctx.step(
      `${name}/discard`,
      async (signal) => {
        await hardware.storage(drive).discard({ operation: ctx.operation, signal, snapshot });
        return null;
      },
      DISCARD,
    ),
  );
  const remains = discarded.ok ? '' : `; its remains could not be removed: ${discarded.error.message}`;
  await ctx.record(`${name}/fail`, async (table) => {
    await table.failSnapshot(snapshot, `${why.message}${remains}`);
    await table.release(ctx.operation);
    return null;
  });
  ctx.note({ methodStep: 5, message: `${snapshot} on ${drive} has failed: ${why.message}${remains}` });
}

/** What a crash took counts, by the only clock that outlives it; one that was set back leaves no more time than there was. */
function untilOf(ctx: StepContext, { deadlineMs }: SnapshotPlan): number {
  const passedMs = Math.max(0, ctx.now() - ctx.createdAtMs);
  return ctx.monotonic() + deadlineMs - passedMs;
}

function timeLeft({ ctx, untilMs }: Job): number {
  return untilMs - ctx.monotonic();
}

/** Only the deadline limits the order and the reading back, so their time out is the deadline. */
function isGivenUp(error: StepError): boolean {
  return error.code === STEP_CODES.timeout || error.code === STEP_CODES.aborted;
}

function reasonOf({ ctx, plan }: Job, tried: SnapshotResult['tried']): string {
  const last = tried.at(-1);
  const account = tried.map(({ drive, reason }) => `${drive}: ${reason}`).join('; ');
  switch (last?.code) {
    case undefined:
      return 'no-drive: the plan names no drive';
    case STEP_CODES.timeout:
      return `deadline: not complete within ${plan.deadlineMs} ms of the order, and undone. ${account}`;
    case STEP_CODES.aborted:
      return `aborted: the snapshot was given up and undone. ${account}`;
    default:
      return `no drive took the snapshot of ${ctx.server}. ${account}. Mend a drive or add one, then order the snapshot again`;
  }
}
