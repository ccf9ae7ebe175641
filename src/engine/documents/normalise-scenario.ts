import type { Scenario, ScenarioAct, ScenarioExpectation, ScenarioStep } from '../policy-set.js';
import { DEFAULT_SCHEDULE_CONDITION, NAME_PATH } from './corpus.js';
import type { Written } from './kinds.js';
import { milliseconds, originOf } from './normalise-values.js';
import type { Checked } from './structure.js';

type Step = Written<'Scenario'>['spec']['steps'][number];

export function toScenario(checked: Checked<'Scenario'>): Scenario {
  const { metadata, spec } = checked.body;
  return {
    name: metadata.name,
    origin: originOf(checked, NAME_PATH),
    inventory: spec.inventory,
    steps: spec.steps.map((step, index): ScenarioStep => ({
      origin: originOf(checked, ['spec', 'steps', index, 'at']),
      atMs: milliseconds(step.at),
      act: toAct(step),
      expect: step.expect === undefined ? null : toExpectation(step.expect),
    })),
  };
}

/** The schema lets at most one of them pass. */
function toAct({ snapshot, alert, failure, drive, misbehave }: Step): ScenarioAct | null {
  if (snapshot) {
    const { server, condition = DEFAULT_SCHEDULE_CONDITION, drive: onto = null } = snapshot;
    return { kind: 'snapshot', server, condition, drive: onto };
  }
  if (alert) {
    const { server, status = 'firing', labels = {}, annotations = {}, value = null } = alert;
    return { kind: 'alert', server, status, labels, annotations, value };
  }
  if (failure) {
    const { server, cause = 'unknown', subject = 'server' } = failure;
    return { kind: 'failure', server, cause, subject };
  }
  if (drive) return { kind: 'drive', drive: drive.name, health: drive.health };
  return misbehave ? { kind: 'misbehave', ...misbehave } : null;
}

function toExpectation({
  outcome,
  reason,
  snapshot,
  restart,
  alive,
}: NonNullable<Step['expect']>): ScenarioExpectation {
  return {
    outcome: outcome ?? null,
    reason: reason ?? null,
    snapshot: snapshot
      ? {
          condition: snapshot.condition ?? null,
          drive: snapshot.drive ?? null,
          driveNot: snapshot.driveNot ?? null,
        }
      : null,
    restart: restart
      ? {
          condition: restart.condition ?? null,
          backup: restart.backup ?? null,
          drive: restart.drive ?? null,
          snapshotTakenAtMs: restart.takenAt === undefined ? null : milliseconds(restart.takenAt),
          maxLossMs: restart.maxLoss === undefined ? null : milliseconds(restart.maxLoss),
        }
      : null,
    alive: alive ?? null,
  };
}
