import type { EngineEvent } from '../engine/event.js';
import type { ScenarioAct } from '../engine/policy-set.js';
import { causeClassOf } from '../engine/cause.js';
import { toInstant } from '../engine/time.js';
import { HardwareError } from '../hw/contract.js';
import { misbehave } from '../hw/sim/index.js';
import type { Stage } from './stage.js';

/**
 * Does what a step says; returns the event that it gave the administration server, if any.
 *
 * @param index of the step; events are named after it.
 * @throws {HardwareError} when the rack knows no such drive, machine or fault.
 */
export async function perform(stage: Stage, act: ScenarioAct, index: number): Promise<EngineEvent | null> {
  switch (act.kind) {
    case 'drive':
      await stage.rack.apply({ kind: 'set-health', drive: act.drive, health: act.health });
      await stage.measure(act.drive);
      return null;
    case 'misbehave': {
      const order = misbehave(act.target, act.fault);
      // A typing error must not look like a rack that behaves well.
      if (!order.ok) throw new HardwareError('unsupported', act.target, order.message);
      await stage.rack.apply(order.command);
      await stage.measure(act.target);
      return null;
    }
    case 'path': {
      const { machine, device, isCut } = act;
      await stage.rack.apply({ kind: isCut ? 'cut-path' : 'restore-path', machine, device });
      return null;
    }
    case 'crash':
      stage.trap.set(act);
      return null;
    case 'snapshot':
    case 'alert':
    case 'failure': {
      const event = toEvent(act, { id: `step-${index + 1}`, at: toInstant(stage.clock.now()) });
      if (act.kind === 'failure' && act.subject === 'server') await strikeDown(stage, event);
      await stage.accept([event]);
      return event;
    }
  }
}

/** The hardware fails as the scenario says, before anyone reports it. */
async function strikeDown(stage: Stage, event: EngineEvent): Promise<void> {
  const view = await stage.store.view(event.at);
  const machine = view.servers.find(({ name }) => name === event.server)?.machine;
  if (machine === undefined) return;
  const ill = event.kind === 'failure' && event.causeClass === 'software';
  await stage.rack.apply({ kind: ill ? 'panic' : 'power-cut', machine });
}

function toEvent(
  act: Extract<ScenarioAct, { kind: 'snapshot' | 'alert' | 'failure' }>,
  { id, at }: { readonly id: string; readonly at: string },
): EngineEvent {
  const { server } = act;
  switch (act.kind) {
    case 'snapshot': {
      const { condition, drive } = act;
      return {
        id,
        at,
        kind: 'snapshot-order',
        server,
        by: 'scenario',
        condition,
        pinned: false,
        ...(drive === null ? {} : { drive }),
      };
    }
    case 'alert': {
      const { status, labels, annotations, value } = act;
      return {
        id,
        at,
        kind: 'alert',
        server,
        status,
        source: 'scenario',
        labels,
        annotations,
        ...(value === null ? {} : { value }),
      };
    }
    case 'failure':
      return {
        id,
        at,
        kind: 'failure',
        server,
        subject: act.subject,
        cause: act.cause,
        causeClass: causeClassOf(act.cause),
      };
  }
}
