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
    schedules: spec.schedules ?? false,
    steps: spec.steps.map((step, index): ScenarioStep => ({
      origin: originOf(checked, ['spec', 'steps', index, 'at']),
      atMs: milliseconds(step.at),
      act: toAct(step),
      expect: step.expect === undefined ? null : toExpectation(step.expect),
    })),
  };
}

/** The schema lets at most one of them pass. */
function toAct({ snapshot, alert, failure, drive, misbehave, path, crash }: Step): ScenarioAct | null {
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
  if (misbehave) return { kind: 'misbehave', ...misbehave };
  if (path) return { kind: 'path', machine: path.server, device: path.device, isCut: path.state === 'cut' };
  if (crash) {
    const { operation, step, at = 'after-result', downFor = '10s' } = crash;
    return { kind: 'crash', operation, step, at, downForMs: milliseconds(downFor) };
  }
  return null;
}

function toExpectation({
  outcome,
  reason,
  snapshot,
  restart,
  alive,
  retained,
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
    retained: retained === undefined ? null : toRetained(retained),
  };
}

function toRetained(
  retained: NonNullable<NonNullable<Step['expect']>['retained']>,
): NonNullable<ScenarioExpectation['retained']> {
  return Object.fromEntries(
    Object.entries(retained).map(([server, count]) => [
      server,
      {
        scheduled: count.scheduled ?? null,
        additional: count.additional ?? null,
        'after-takeover': count.afterTakeover ?? null,
        manual: count.manual ?? null,
      },
    ]),
  );
}
