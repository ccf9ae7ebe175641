import type { ScenarioDocument } from '../../engine/documents/types.js';
import type { PolicySet } from '../../engine/policy-set.js';
import { toEpochMs } from '../../engine/time.js';
import { compareText } from '../../engine/world.js';
import type { CheckCode } from '../finding.js';
import { meeting } from './alert-that-meets.js';
import type { Case } from './analyse.js';
import { losesDisk } from './failure.js';
import type { FailureFinding } from './findings.js';
import { failsAtMs, type Outcome } from './outcome.js';

type Step = ScenarioDocument['spec']['steps'][number];

/** How long a table that stands still is played, if no budget asks for longer: virtual time is not for nothing. */
const STANDS_STILL_MS = 12 * 3_600_000;

/**
 * The case of a finding as a Scenario document, which fails as long as the finding is there. Null when there is
 * nothing to play: a restart that takes too long, an alert that nobody could make up.
 */
export function counterExample(policySet: PolicySet, finding: FailureFinding): ScenarioDocument | null {
  const { code, example, message } = finding;
  if (example === null || code === 'BUDGET_RESTART') return null;
  const title = { name: nameOf(code, example), description: message };
  return scenarioOf(policySet, example, { ...title, expect: expectationOf(code, example) });
}

/** What a Scenario of a case is called, and what it expects of the server that fails. */
export interface Telling {
  readonly name: string;
  readonly description: string;
  readonly expect: NonNullable<Step['expect']>;
}

/** A case, from the snapshots that were taken before it up to the failure; null when it cannot be played. */
export function scenarioOf(
  policySet: PolicySet,
  example: Case,
  { name, description, expect }: Telling,
): ScenarioDocument | null {
  const steps = stepsOf(policySet, example, expect);
  if (steps === null) return null;
  return {
    apiVersion: 'rekindle/v1',
    kind: 'Scenario',
    metadata: { name, description },
    spec: { inventory: policySet.inventory.name, steps },
  };
}

function nameOf(code: CheckCode, example: Case): string {
  const { failure, outcome } = example;
  const after = outcome.state.symptom === null ? '' : ` long after ${outcome.state.symptom.policy}`;
  return `${code}: ${outcome.server.name} when ${failure.subject} fails${after}`.slice(0, 200);
}

function stepsOf(policySet: PolicySet, example: Case, expect: Telling['expect']): Step[] | null {
  const { outcome, others } = example;
  // The one in question comes last, for it is to find what the others have left.
  const struck = [...others, outcome];
  const startMs = Math.min(...struck.flatMap(({ state }) => state.snapshots.map(takenMs)));
  const beginMs = Number.isFinite(startMs) ? startMs : 0;
  const atMs = Math.max(...struck.map((one) => failsAfter(one, beginMs)));
  const announced = alertSteps(policySet, outcome, { beginMs, atMs });
  if (announced === null) return null;
  return [
    ...[...announced, ...struck.flatMap((one) => snapshotSteps(one, beginMs))].toSorted(
      (a, b) => a.atMs - b.atMs,
    ),
    ...brokenDrives(example, policySet).map((name) => ({ atMs, drive: { name, health: 'failed' as const } })),
    ...brokenBackups(example, policySet).map((target) => ({
      atMs,
      misbehave: { target, fault: 'start-fails' },
    })),
    ...cutPaths(example, policySet).map(({ machine: server, device }) => ({
      atMs,
      path: { server, device, state: 'cut' as const },
    })),
    ...struck.map((one) => ({ atMs, ...failureStep(one, example, policySet) })),
  ].map(({ atMs: ms, ...step }, index, all): Step => {
    const at = `${Math.ceil(ms / 1000)}s`;
    return index === all.length - 1 ? { at, ...step, expect } : { at, ...step };
  });
}

type TimedStep = Omit<Step, 'at'> & { readonly atMs: number };

function snapshotSteps({ server, state }: Outcome, beginMs: number): readonly TimedStep[] {
  return state.snapshots.map((snapshot) => ({
    atMs: takenMs(snapshot) - beginMs,
    snapshot: { server: server.name, condition: snapshot.condition, drive: snapshot.drive },
  }));
}

function takenMs({ takenAt }: { readonly takenAt: string }): number {
  return toEpochMs(takenAt);
}

function failsAfter({ state, policy }: Outcome, beginMs: number): number {
  if (state.untilMs !== null) return failsAtMs(state) - beginMs;
  if (state.snapshots.length === 0) return 0;
  return Math.max(STANDS_STILL_MS, 2 * (policy.budget.maxLossMs ?? 0));
}

/** Drives that fail without a server of their own. */
function brokenDrives({ failure, outcome, others }: Case, { inventory }: PolicySet): readonly string[] {
  const disks = new Set([outcome, ...others].map(({ server }) => server.disk));
  return [...failure.drives]
    .filter((name) => !disks.has(name) && inventory.drives.has(name))
    .toSorted(compareText);
}

function brokenBackups({ failure }: Case, { inventory }: PolicySet): readonly string[] {
  return [...failure.machines]
    .filter((name) => inventory.machines.get(name)?.role === 'backup')
    .toSorted(compareText);
}

/** The paths of an active server to its disk fail with it; those of a backup show when it is to take over. */
function cutPaths({ failure }: Case, { inventory }: PolicySet): Case['failure']['paths'] {
  return failure.paths.filter(({ machine }) => inventory.machines.get(machine)?.role === 'backup');
}

/** The alerts that announce it: the symptom shows, and still does when the server fails. */
function alertSteps(
  policySet: PolicySet,
  { server, state: { symptom } }: Outcome,
  { beginMs, atMs }: { readonly beginMs: number; readonly atMs: number },
): readonly TimedStep[] | null {
  if (symptom === null) return [];
  const policy = policySet.alertPolicies.find(({ name }) => name === symptom.policy);
  const alert = policy === undefined ? null : meeting(policy.when.tree);
  if (policy === undefined || alert === null) return null;
  const firstMs = toEpochMs(symptom.firstAt) - beginMs;
  const times = [...Array.from({ length: policy.repeated.times }, () => firstMs), atMs];
  return times.map((ms) => ({ atMs: ms, alert: { server: server.name, ...alert } }));
}

function failureStep({ server }: Outcome, { failure }: Case, { inventory }: PolicySet): Omit<Step, 'at'> {
  const subject = losesDisk(failure, server, inventory.drives) ? 'disk' : 'server';
  return { failure: { server: server.name, subject } };
}

function expectationOf(code: CheckCode, { outcome }: Case): Telling['expect'] {
  const { maxLossMs } = outcome.policy.budget;
  if (code === 'BUDGET_LOSS' && maxLossMs !== null) return { restart: { maxLoss: `${maxLossMs / 1000}s` } };
  if (code === 'FAILURE_LOSES_MEMORY' || code === 'FAILURE_UNPROTECTS')
    return { restart: { maxLoss: '366d' } };
  return { outcome: 'restart', restart: {} };
}
