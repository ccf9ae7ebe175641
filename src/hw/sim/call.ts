/**
 * A call to a simulated machine or drive: its effect happens at once, its answer comes later. The faults that
 * can strike any call are applied here: no answer at all, an answer that is lost, slowness.
 */
import type { HardwareErrorCode } from '../contract.js';
import { findDrive, findMachine, withDrive, withMachine } from './edit.js';
import { takeFault, type Fault, type FaultName } from './faults.js';
import type { DriveState, Failure, MachineState, RackState } from './state.js';

/** A change of the rack at one instant. Pure: it may be computed again. */
export type Transition<R> = (state: RackState, nowMs: number) => Outcome<R>;

export interface Outcome<R> {
  /** The very same object when nothing has changed. */
  readonly state: RackState;
  readonly result: R;
}

export type Answer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** What the caller will learn, and after how long. */
export interface Reply<T> {
  readonly answer: Answer<T>;
  readonly afterMs: number;
}

export type CallOutcome<T> = Outcome<Reply<T>>;

export function answer<T>(state: RackState, afterMs: number, value: T): CallOutcome<T> {
  return { state, result: { afterMs, answer: { ok: true, value } } };
}

export function refuse<T>(state: RackState, afterMs: number, failure: Failure): CallOutcome<T> {
  return { state, result: { afterMs, answer: { ok: false, failure } } };
}

export function failure(code: HardwareErrorCode, subject: string, message: string): Failure {
  return { code, subject, message };
}

export function noAnswer(subject: string, timeoutMs: number): Failure {
  return failure('no-answer', subject, `${subject} did not answer within ${timeoutMs} ms`);
}

export type CallKind = 'read' | 'order';

/** A call to a machine. A lost answer strikes orders only. */
export function machineCall<T>(
  name: string,
  kind: CallKind,
  effect: (state: RackState, machine: MachineState, nowMs: number) => CallOutcome<T>,
): Transition<Reply<T>> {
  return call(machineTarget(name), kind, effect);
}

/** A call to a drive. */
export function driveCall<T>(
  name: string,
  kind: CallKind,
  effect: (state: RackState, drive: DriveState, nowMs: number) => CallOutcome<T>,
): Transition<Reply<T>> {
  return call(driveTarget(name), kind, effect);
}

interface Target<I> {
  readonly name: string;
  readonly find: (state: RackState) => I | undefined;
  readonly put: (state: RackState, item: I, faults: readonly Fault[]) => RackState;
}

interface Struck {
  readonly faults: readonly Fault[];
  readonly settings: { readonly timeoutMs: number };
}

function machineTarget(name: string): Target<MachineState> {
  return {
    name,
    find: (state) => findMachine(state, name),
    put: (state, machine, faults) => withMachine(state, { ...machine, faults }),
  };
}

function driveTarget(name: string): Target<DriveState> {
  return {
    name,
    find: (state) => findDrive(state, name),
    put: (state, drive, faults) => withDrive(state, { ...drive, faults }),
  };
}

function call<I extends Struck, T>(
  target: Target<I>,
  kind: CallKind,
  effect: (state: RackState, item: I, nowMs: number) => CallOutcome<T>,
): Transition<Reply<T>> {
  return (before, nowMs) => {
    const dead = strike(before, target, 'unanswered');
    const item = target.find(dead.state);
    if (item === undefined) return refuse(before, 0, notInRack(target.name));
    const silence = refuse<T>(
      dead.state,
      item.settings.timeoutMs,
      noAnswer(target.name, item.settings.timeoutMs),
    );
    if (dead.fault) return silence;
    const done = effect(dead.state, item, nowMs);
    const lost = kind === 'order' && done.result.answer.ok ? strike(done.state, target, 'reply-lost') : null;
    if (lost?.fault) return { ...silence, state: lost.state };
    const slow = strike(done.state, target, 'slow');
    const afterMs = done.result.afterMs * (slow.fault?.value ?? 1);
    return { state: slow.state, result: { ...done.result, afterMs } };
  };
}

function notInRack(name: string): Failure {
  return failure('unknown-name', name, `the simulated rack has no ${name}; was its file removed?`);
}

/** Lets a fault happen once, if it is set on the target. */
function strike<I extends Struck>(
  state: RackState,
  target: Target<I>,
  name: FaultName,
): { readonly state: RackState; readonly fault: Fault | null } {
  const item = target.find(state);
  if (item === undefined) return { state, fault: null };
  const { fault, faults } = takeFault(item.faults, name);
  return { fault, state: faults === item.faults ? state : target.put(state, item, faults) };
}

export function strikeMachine(
  state: RackState,
  machine: string,
  name: FaultName,
): { readonly state: RackState; readonly fault: Fault | null } {
  return strike(state, machineTarget(machine), name);
}

export function strikeDrive(
  state: RackState,
  drive: string,
  name: FaultName,
): { readonly state: RackState; readonly fault: Fault | null } {
  return strike(state, driveTarget(drive), name);
}

/** How many times as long something takes as it should. Does not use the fault up: the call itself does. */
export function slowness({ faults }: { readonly faults: readonly Fault[] }): number {
  return faults.find(({ name }) => name === 'slow')?.value ?? 1;
}
