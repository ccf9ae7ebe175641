import type { Decision, RetirePlan } from '../engine/decision.js';
import type { Hardware } from '../hw/index.js';
import type { DiskTable } from '../store/store.js';
import {
  blocked,
  done,
  outcomeOf,
  type Action,
  type ActionEnd,
  type Outcome,
  type RetireResult,
} from './action.js';
import { StepRefusal, type StepContext, type StepError } from './context.js';

/** Removes the snapshots that retention gives up. The law that one restorable snapshot stays is the store's. */
export const retireSnapshot: Action = { kind: 'retire-snapshot', run };

type Retired = RetirePlan['snapshots'][number];
type Kept = RetireResult['kept'][number];

async function run(ctx: StepContext, decision: Decision, hardware: Hardware): Promise<ActionEnd> {
  const plan = decision.retire;
  if (plan === undefined)
    return blocked(`decision ${decision.id} holds no retire plan; report this defect`, null);

  const removed: string[] = [];
  const kept: Kept[] = [];
  const stuck: Kept[] = [];
  for (const [index, retired] of plan.snapshots.entries()) {
    const name = `snapshot-${index + 1}`;
    const given = await outcomeOf(ctx.record(`${name}/begin`, (table) => giveUp(table, ctx, retired)));
    if (!given.ok) {
      kept.push(account(ctx, retired, given.error));
      continue;
    }
    const discarded = await discard(ctx, hardware, name, retired);
    if (discarded.ok) {
      await ctx.record(`${name}/remove`, (table) => remove(table, ctx, retired));
      ctx.note({
        methodStep: 5,
        message: `${retired.snapshot} is gone from ${retired.drive}: ${retired.text}`,
      });
      removed.push(retired.snapshot);
    } else {
      await ctx.record(`${name}/release`, async (table) => table.releaseDrive(retired.drive, ctx.operation));
      stuck.push(account(ctx, retired, discarded.error));
    }
  }

  const result: RetireResult = { kind: 'retire', removed, kept: [...kept, ...stuck] };
  return stuck.length === 0 ? done(result) : blocked(reasonOf(stuck), result);
}

/** From here on nobody may restart from it. A deletion that got stuck before is taken up again. */
async function giveUp(table: DiskTable, ctx: StepContext, { snapshot, drive }: Retired): Promise<null> {
  const row = await table.snapshot(snapshot);
  if (row === null)
    throw new StepRefusal('absent', snapshot, `${snapshot} is not in the disk table any more`);
  if (!(await table.reserveDrive(drive, ctx.operation))) {
    throw new StepRefusal('reserved', drive, `${drive} is reserved by another operation`);
  }
  if (row.state !== 'deleting' && row.state !== 'failed') await table.beginDelete(snapshot);
  return null;
}

function discard(
  ctx: StepContext,
  hardware: Hardware,
  name: string,
  { snapshot, drive }: Retired,
): Promise<Outcome<null>> {
  return outcomeOf(
    ctx.step(
      `${name}/discard`,
      async (signal) => {
        await hardware.storage(drive).discard({ operation: ctx.operation, signal, snapshot });
        return null;
      },
      { timeoutMs: 60_000, attempts: 3 },
    ),
  );
}

async function remove(table: DiskTable, ctx: StepContext, { snapshot, drive }: Retired): Promise<null> {
  await table.removeSnapshot(snapshot);
  await table.releaseDrive(drive, ctx.operation);
  return null;
}

function account(ctx: StepContext, { snapshot, drive }: Retired, error: StepError): Kept {
  ctx.note({ methodStep: 5, message: `${snapshot} stays on ${drive}: ${error.message}` });
  return { snapshot, code: error.code, reason: error.message };
}

function reasonOf(stuck: readonly Kept[]): string {
  const each = stuck.map(({ snapshot, reason }) => `${snapshot}: ${reason}`).join('; ');
  return `not removed from their drives: ${each}. Nothing restarts from them any more; the next retirement tries again`;
}
