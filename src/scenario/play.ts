import type { Decision } from '../engine/decision.js';
import type { EngineEvent } from '../engine/event.js';
import type { PolicySet, Scenario, ScenarioCrash, ScenarioStep } from '../engine/policy-set.js';
import { HardwareError } from '../hw/contract.js';
import { compare, type Mismatch } from './expectation.js';
import { perform } from './perform.js';
import { setStage, type Audience, type Stage } from './stage.js';

export interface ScenarioResult {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly passed: boolean;
  readonly steps: readonly StepResult[];
  readonly durationMs: number;
}

export interface StepResult {
  /** Milliseconds of virtual time from the start. */
  readonly atMs: number;
  readonly line: number;
  /** What the step does, in a few words. */
  readonly what: string;
  readonly passed: boolean;
  readonly mismatches: readonly Mismatch[];
  /** The decision about the event of the step. */
  readonly decision: Decision | null;
}

/** What no operation outlasts; one that does has hung. */
const LONGEST_MS = 24 * 3_600_000;

/**
 * Plays one scenario from an empty world. A step's operations run to their end before its expectations are
 * looked at, unless the next thing to happen is due before that.
 */
export async function playScenario(
  policySet: PolicySet,
  scenario: Scenario,
  audience?: Audience,
): Promise<ScenarioResult> {
  const began = performance.now();
  const stage = await setStage(policySet, scenario, audience === undefined ? {} : { audience });
  const steps: StepResult[] = [];
  try {
    for (const [index, step] of scenario.steps.entries()) {
      await stage.runTo(step.atMs);
      steps.push(await playStep(stage, scenario, step, index));
    }
    const { violations } = await stage.rack.state();
    if (violations.length > 0 || stage.faults.length > 0) steps.push(broken(stage, scenario, violations));
    steps.push(...stage.trap.waiting.map((crash) => neverCame(scenario, crash)));
  } finally {
    await stage.strike();
  }
  return {
    name: scenario.name,
    file: scenario.origin.file,
    line: scenario.origin.line,
    passed: steps.every(({ passed }) => passed),
    steps,
    durationMs: performance.now() - began,
  };
}

async function playStep(
  stage: Stage,
  scenario: Scenario,
  step: ScenarioStep,
  index: number,
): Promise<StepResult> {
  try {
    const event = step.act === null ? null : await perform(stage, step.act, index);
    await wait(stage, step, nextActAt(scenario, index));
    return await judge(stage, step, event);
  } catch (error) {
    // The rack knows no such fault, drive or machine: the step is wrong, and must not pass for a calm rack.
    if (!(error instanceof HardwareError)) throw error;
    const mismatch = {
      what: 'the step itself',
      expected: 'something the rack can do',
      actual: error.message,
    };
    return {
      atMs: step.atMs,
      line: step.origin.line,
      what: describe(step),
      passed: false,
      mismatches: [mismatch],
      decision: null,
    };
  }
}

function nextActAt(scenario: Scenario, index: number): number {
  return scenario.steps.slice(index + 1).find(({ act }) => act !== null)?.atMs ?? LONGEST_MS;
}

async function wait(stage: Stage, step: ScenarioStep, nextActAtMs: number): Promise<void> {
  // Two things at the same instant happen at once; all else waits for what it set going.
  if (nextActAtMs === step.atMs) await stage.settle();
  else await stage.runOut(nextActAtMs);
}

async function judge(stage: Stage, step: ScenarioStep, event: EngineEvent | null): Promise<StepResult> {
  const decision = event === null ? null : stage.decisionAbout(event.id);
  const mismatches = step.expect === null ? [] : await compare(stage, step.expect, decision);
  return {
    atMs: step.atMs,
    line: step.origin.line,
    what: describe(step),
    passed: mismatches.length === 0,
    mismatches,
    decision,
  };
}

function describe({ act }: ScenarioStep): string {
  if (act === null) return 'expectation';
  switch (act.kind) {
    case 'drive':
      return `drive ${act.drive} is ${act.health}`;
    case 'misbehave':
      return `${act.target} misbehaves: ${act.fault}`;
    case 'path':
      return `path of ${act.machine} to ${act.device} ${act.isCut ? 'is cut' : 'is whole again'}`;
    case 'crash':
      return `the service dies ${act.at.replace('-', ' ')} of step ${act.step} of the next ${act.operation}`;
    case 'snapshot':
      return `snapshot of ${act.server}`;
    case 'alert':
      return `alert from ${act.server}`;
    case 'failure':
      return `${act.subject} failure of ${act.server}`;
  }
}

/** A crash at a step that no operation came to must not look like one that did no harm. */
function neverCame(scenario: Scenario, crash: ScenarioCrash): StepResult {
  const step = scenario.steps.find(({ act }) => act === crash);
  return {
    atMs: step?.atMs ?? 0,
    line: step?.origin.line ?? scenario.origin.line,
    what: step === undefined ? 'crash' : describe(step),
    passed: false,
    mismatches: [{ what: 'crash', expected: 'the service dies', actual: 'no operation came to this point' }],
    decision: null,
  };
}

/** A scenario fails when the rack saw what must never happen, whatever it expected. */
function broken(
  stage: Stage,
  { origin }: Scenario,
  violations: readonly { readonly text: string }[],
): StepResult {
  const found = [...violations.map(({ text }) => text), ...stage.faults];
  return {
    atMs: stage.clock.now() - stage.startMs,
    line: origin.line,
    what: 'what must always hold',
    passed: false,
    mismatches: found.map((actual) => ({ what: 'no violation', expected: 'none', actual })),
    decision: null,
  };
}
